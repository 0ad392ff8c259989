"""Facts: what is known of a failure, in one shape, whatever it was written down in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from beastmode.failures.chain import Link
from beastmode.failures.providers import UNKNOWN, Provider
from beastmode.settings import SHORT_WAIT_S


@dataclass(slots=True)
class Facts:
    """What `unwrap.read` found.

    http: status of the answer itself; None where none came.   status: the one that tells most, from there or inside.
    headers: names in lower case.   codes: spelled as `said.spelled_code` does.   kinds: names of exceptions.
    links: of a chain of exceptions, deepest first.   text: all words, lower case, single spaces, straight
    apostrophes; of a long one the beginning and the end.   begun: its `phrases.beginnings`.   marks: of providers and
    spans of time in it.   cause: the words that tell most.   wait_s: stated anywhere.   reset_s: of a used-up limit
    in rate headers.   traits: see `traits.TRAITS`.   values: of telling fields.   where: the URL or host called.
    """

    http: int | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    links: tuple[Link, ...] = ()
    text: str = ""
    begun: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    cause: str = ""
    wait_s: float | None = None
    reset_s: float | None = None
    traits: set[str] = field(default_factory=set)
    values: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    model: str = ""
    provider: Provider = UNKNOWN

    @property
    def long_wait(self) -> bool:
        """A wait was stated that is no short one."""
        return max(self.wait_s or 0, self.reset_s or 0) > SHORT_WAIT_S
