"""Upstream: does a model server answer, take the key, and have the model? For nothing where that is possible.

Asked, in this order: its list of models (free), the model by its name (free), and only where neither proves key
and model, one completion of one token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from beastmode.doctor.asking import Answer, Asker
from beastmode.doctor.findings import Diagnosis, Fact, Finding
from beastmode.doctor.keys import key_in
from beastmode.doctor.limits import limits_in
from beastmode.doctor.model_lists import is_listed, names_in, what_there_is
from beastmode.doctor.places import (
    Upstream,
    base_of,
    credentials,
    elsewhere,
    list_urls,
    smallest_question,
    usual_variables,
)
from beastmode.doctor.proxies import look_at_proxies
from beastmode.failures.answers import dialect_of, flaw_in
from beastmode.failures.failure import Failure

MOST_SKEW_S = 60.0
"""Signed requests and token lifetimes bear about this much; the Date header itself is a second coarse."""

_CHECK_OF = {
    "auth": "key",
    "permission": "key",
    "quota_exhausted": "quota",
    "not_found_model": "model",
}
_PROVEN_BY = ("bad_request", "unsupported_parameter", "context_length", "content_filter", "rate_limit")
"""A refusal of these classes comes from behind the door: the key was taken."""
_WRONG_SCHEME = ("connection_reset", "tls", "invalid_response", "timeout", "bad_request")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about.   variable: names the key's environment variable, or "".   model: or "".
    paid: one request that may cost money is allowed."""

    upstream: Upstream
    variable: str = ""
    model: str = ""
    paid: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the server answers as a model server.   names: of its models; None where it has no list."""

    base: str
    list_url: str
    names: tuple[str, ...] | None
    credential: dict[str, str]


class UpstreamExamination:
    """Looks at one upstream once, and notes in `seen` what it saw."""

    def __init__(self, asked: Asked, asker: Asker, seen: Diagnosis, environment: Mapping[str, str]) -> None:
        self._asked, self._asker, self._seen, self._environment = asked, asker, seen, environment
        self._upstream = asked.upstream
        self._key, self._key_trouble = key_in(asked.variable, environment)

    async def look(self) -> None:
        """Everything, in the order in which one thing depends on the other."""
        upstream = self._upstream
        self._seen.add(look_at_proxies(upstream.scheme, upstream.host, self._environment), self._key_trouble)
        if upstream.named:
            what = f"the address ends with {upstream.named}, which clients add by themselves"
            self._finding("endpoint", what, f"Write {upstream.base}", "not_found_endpoint")
        place = await self._place()
        if place is not None:
            await self._prove(place)
        self._see_clock_and_limits()

    async def _place(self) -> _Place | None:
        """The server's list, or where its endpoints must be; None where there is nothing more to ask."""
        odd: Answer | None = None
        for url in list_urls(self._upstream):
            answer, credential = await self._ask(url)
            if isinstance(answer, Failure):
                await self._unreachable(answer)
                return None
            names = names_in(answer.body) if answer.status == 200 else None
            if names is not None:
                self._fact("endpoint", f"{base_of(url)} answers and lists {len(names)} models")
                return _Place(base_of(url), url, names, credential)
            if answer.status >= 300 and answer.status not in (404, 405):
                self._refused(answer)
                return None
            odd = answer if answer.status == 200 else odd
        return await self._place_without_list(odd)

    async def _place_without_list(self, odd: Answer | None) -> _Place | None:
        """No list where it should be: perhaps elsewhere on this host, perhaps this server has none."""
        upstream = self._upstream
        for url in elsewhere(upstream):
            answer, credential = await self._ask(url)
            names = names_in(answer.body) if isinstance(answer, Answer) and answer.status == 200 else None
            if names is not None:
                what = f"nothing answers as a model server at {upstream.base}, but it does at {base_of(url)}"
                self._finding("endpoint", what, f"Write {base_of(url)}", "not_found_endpoint")
                return _Place(base_of(url), url, names, credential)
        if odd is not None:
            self._found(self._asker.failure_of(odd), "endpoint")
            return None
        if self._asked.paid and self._asked.model:
            credential = next(iter(credentials(upstream, self._key)))
            return _Place(upstream.base, list_urls(upstream)[0], None, credential)
        what = f"{upstream.base} answers, but has no list of models where one is expected"
        tip = f"Check the path of {upstream.base}; with --model, one request of one token can prove it."
        self._finding("endpoint", what, tip, "not_found_endpoint")
        return None

    async def _ask(self, url: str) -> tuple[Answer | Failure, dict[str, str]]:
        """GET with the key, in each way that this host may want it, until one is taken."""
        credential: dict[str, str] = {}
        first: Answer | Failure | None = None
        for credential in credentials(self._upstream, self._key):
            answer = await self._asker.ask(url, credential)
            if isinstance(answer, Failure) or answer.status not in (401, 403):
                return answer, credential
            first = first or answer
        assert first is not None
        return first, credential

    async def _unreachable(self, failure: Failure) -> None:
        """No answer at all. Often the scheme is the wrong one, which can be tried without the key."""
        other = self._upstream.other_scheme()
        if failure.class_ in _WRONG_SCHEME and _speaks(await self._asker.ask(other, {}), other):
            what = f"{self._upstream.root} does not answer ({failure.class_}), but {other} does"
            self._finding("endpoint", what, f"Write {other}", failure.class_)
            return
        self._found(failure, "endpoint")

    def _refused(self, answer: Answer) -> None:
        """The server is there and says no."""
        if 300 <= answer.status < 400:
            target = next(
                (v for k, v in answer.headers.items() if k.lower() == "location"), "another address"
            )
            what = f"{answer.url} redirects to {target}"
            self._finding("endpoint", what, "Write the address that it redirects to.", "invalid_response")
            return
        failure = self._asker.failure_of(answer)
        if _CHECK_OF.get(failure.class_) == "key" and self._wants_key():
            return
        self._found(failure, "endpoint")

    def _wants_key(self) -> bool:
        """A refusal for want of a key, where we had none: said once, and in terms of variables."""
        if self._key:
            return False
        self._fact("endpoint", f"{self._upstream.base} answers, and wants a key")
        if self._key_trouble is None:
            usual = usual_variables(self._upstream.host)
            name = next((name for name in usual if self._environment.get(name)), usual[0])
            tip = f"Name the variable that holds it: --upstream-key-env {name}"
            self._finding("key", f"{self._upstream.host} wants a key, and none was named", tip, "auth")
        return True

    async def _prove(self, place: _Place) -> None:
        """Key and model, by free means first."""
        key_proven = not self._key or (place.names is not None and not await self._is_public(place))
        if self._key and key_proven:
            self._fact("key", f"{self._asked.variable} is accepted")
        model_known = not self._asked.model
        if self._asked.model and place.names is not None:
            if not await self._has_model(place):
                return
            model_known = True
        if not (key_proven and model_known):
            await self._pay(place)

    async def _is_public(self, place: _Place) -> bool:
        """Whether the list is shown to everybody: then it proves nothing about the key."""
        others = {name: value for name, value in place.credential.items() if name == "anthropic-version"}
        answer = await self._asker.ask(place.list_url, others)
        return isinstance(answer, Answer) and answer.status == 200

    async def _has_model(self, place: _Place) -> bool:
        model, names = self._asked.model, place.names or ()
        if not is_listed(model, names):
            answer = await self._asker.ask(f"{place.list_url}/{quote(model, safe='')}", place.credential)
            if not isinstance(answer, Answer) or answer.status != 200:
                what = f"{place.base} has no model {model!r}"
                self._finding("model", what, what_there_is(model, names), "not_found_model")
                return False
        self._fact("model", f"{model} exists")
        return True

    async def _pay(self, place: _Place) -> None:
        """The one request that may cost money."""
        if not self._asked.paid or not self._asked.model:
            missing = "--no-paid was given" if not self._asked.paid else "no --model was given to try it with"
            self._fact("key", f"not proven: the list of models is open to all, and {missing}")
            return
        url, body = smallest_question(place.base, self._asked.model, place.credential)
        self._seen.paid_requests += 1
        answer = await self._asker.ask(url, place.credential, body)
        if isinstance(answer, Answer) and _is_good(answer):
            self._fact("key", f"{self._upstream.host} answered one request of one token")
            self._fact("model", f"{self._asked.model} exists")
            return
        failure = answer
        if isinstance(answer, Answer):
            failure = self._asker.failure_of(answer, self._asked.model, place.names or ())
        assert isinstance(failure, Failure)
        if failure.class_ in _PROVEN_BY:
            self._fact("key", f"it was taken; the request of one token was not: {failure.cause}")
        elif not (_CHECK_OF.get(failure.class_) == "key" and self._wants_key()):
            self._found(failure, "endpoint")

    def _see_clock_and_limits(self) -> None:
        answers = self._asker.answers
        skews = [answer.skew_s for answer in answers if answer.skew_s is not None]
        if skews:
            self._seen.add(clock_seen(min(skews, key=abs), self._upstream.host))
        limits = {line.partition(":")[0]: line for answer in answers for line in limits_in(answer.headers)}
        for line in limits.values():
            self._fact("limits", line)

    def _found(self, failure: Failure, otherwise: str) -> None:
        check = _CHECK_OF.get(failure.class_, otherwise)
        self._finding(check, failure.cause, failure.tip, failure.class_)

    def _finding(self, check: str, what: str, tip: str, class_: str) -> None:
        self._seen.add(Finding(check, what, tip, class_))

    def _fact(self, check: str, what: str) -> None:
        self._seen.add(Fact(check, what))


def _speaks(answer: Answer | Failure, url: str) -> bool:
    """Whether this is the scheme that a server speaks. A certificate that we refuse is one, so it speaks TLS."""
    if isinstance(answer, Failure):
        return url.startswith("https") and answer.class_ == "tls" and "certificate" in answer.cause.lower()
    return b"HTTP request was sent to HTTPS" not in answer.body


def _is_good(answer: Answer) -> bool:
    """Whether a completion came, and not a page or an error with a good status."""
    dialect = dialect_of(answer.url)
    if dialect is None or not 200 <= answer.status < 300:
        return False
    return flaw_in(answer.status, answer.headers, answer.body, dialect=dialect, streamed=False) is None


def clock_seen(skew_s: float, host: str) -> Finding | Fact:
    """What the difference to a server's clock means.   skew_s: above 0 where the server's is ahead."""
    if abs(skew_s) <= MOST_SKEW_S:
        return Fact("clock", f"it agrees with {host} to within a minute")
    way = "behind" if skew_s > 0 else "ahead of"
    what = f"this machine's clock is {abs(skew_s):.0f} s {way} that of {host}"
    tip = "Set it by NTP: timedatectl set-ntp true. Signed requests, TLS and stated reset times depend on it."
    return Finding("clock", what, tip)
