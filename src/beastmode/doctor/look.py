"""A look at one upstream: what is asked about, what it is asked with, and where what is seen is noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beastmode.doctor.asking import Asker
from beastmode.doctor.findings import Diagnosis, Fact, Finding
from beastmode.doctor.places import Upstream, usual_variables
from beastmode.failures.failure import Failure

CHECK_OF = {
    "auth": "key",
    "permission": "key",
    "quota_exhausted": "quota",
    "not_found_model": "model",
}
"""The check that a class of failure belongs to; the others are the endpoint's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about.   variable: names the key's environment variable, or "".   model: or "".
    paid: one request that may cost money is allowed."""

    upstream: Upstream
    variable: str = ""
    model: str = ""
    paid: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server answers as a model server.   names: of its models; None where it has no list.
    credential: the headers in which it takes the key."""

    base: str
    list_url: str
    names: tuple[str, ...] | None
    credential: dict[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What all steps of it share.   key: or "".   key_trouble: what is wrong with the variable of the key."""

    asked: Asked
    asker: Asker
    seen: Diagnosis
    environment: Mapping[str, str]
    key: str
    key_trouble: Finding | None

    @property
    def upstream(self) -> Upstream:
        """The server that is looked at."""
        return self.asked.upstream

    def finding(self, check: str, what: str, tip: str, class_: str) -> None:
        """Note something that is missing."""
        self.seen.add(Finding(check, what, tip, class_))

    def fact(self, check: str, what: str) -> None:
        """Note something that is well."""
        self.seen.add(Fact(check, what))

    def found(self, failure: Failure) -> None:
        """Note a failure under the check that it belongs to."""
        check = CHECK_OF.get(failure.class_, "endpoint")
        if check == "key" and not self.key:
            self._wants_key()
            return
        named = f"the key in {self.asked.variable} was refused: " if check == "key" else ""
        self.finding(check, named + failure.cause, failure.tip, failure.class_)

    def _wants_key(self) -> None:
        """A refusal where we had no key: said once, and in terms of variables."""
        self.fact("endpoint", f"{self.upstream.base} answers, and wants a key")
        if self.key_trouble is None:
            usual = usual_variables(self.upstream.host)
            name = next((name for name in usual if self.environment.get(name)), usual[0])
            tip = f"Name the variable that holds it: --upstream-key-env {name}"
            self.finding("key", f"{self.upstream.host} wants a key, and none was named", tip, "auth")
