"""Locate: where on its host a model server answers, and in which way it takes the key. Free requests only."""

from __future__ import annotations

from beastmode.doctor.asking import Answer
from beastmode.doctor.look import Look, Place
from beastmode.doctor.model_lists import names_in
from beastmode.doctor.places import base_of, credentials, elsewhere, list_urls
from beastmode.failures.failure import Failure

_WRONG_SCHEME = ("connection_reset", "tls", "invalid_response", "timeout", "bad_request")


async def locate(look: Look) -> Place | None:
    """The server's list, or where its endpoints must be; None where there is nothing more to ask."""
    odd: Answer | None = None
    for url in list_urls(look.upstream):
        answer, credential = await _ask(look, url)
        if isinstance(answer, Failure):
            await _unreachable(look, answer)
            return None
        names = names_in(answer.body) if answer.status == 200 else None
        if names is not None:
            look.fact("endpoint", f"{base_of(url)} answers and lists {len(names)} models")
            return Place(base_of(url), url, names, credential)
        if answer.status >= 300 and answer.status not in (404, 405):
            _refused(look, answer)
            return None
        odd = answer if answer.status == 200 else odd
    return await _place_without_list(look, odd)


async def _place_without_list(look: Look, odd: Answer | None) -> Place | None:
    """No list where it should be: perhaps elsewhere on this host, perhaps this server has none."""
    upstream = look.upstream
    for url in elsewhere(upstream):
        answer, credential = await _ask(look, url)
        names = names_in(answer.body) if isinstance(answer, Answer) and answer.status == 200 else None
        if names is not None:
            what = f"nothing answers as a model server at {upstream.base}, but it does at {base_of(url)}"
            look.finding("endpoint", what, f"Write {base_of(url)}", "not_found_endpoint")
            return Place(base_of(url), url, names, credential)
    if odd is not None:
        look.found(look.asker.failure_of(odd))
        return None
    if look.asked.paid and look.asked.model:
        credential = next(iter(credentials(upstream, look.key)))
        return Place(upstream.base, list_urls(upstream)[0], None, credential)
    what = f"{upstream.base} answers, but has no list of models where one is expected"
    tip = f"Check the path of {upstream.base}; with --model, one request of one token can prove it."
    look.finding("endpoint", what, tip, "not_found_endpoint")
    return None


async def _ask(look: Look, url: str) -> tuple[Answer | Failure, dict[str, str]]:
    """GET with the key, in each way that this host may want it, until one is taken."""
    credential: dict[str, str] = {}
    first: Answer | Failure | None = None
    for credential in credentials(look.upstream, look.key):
        answer = await look.asker.ask(url, credential)
        if isinstance(answer, Failure) or answer.status not in (401, 403):
            return answer, credential
        first = first or answer
    assert first is not None
    return first, credential


async def _unreachable(look: Look, failure: Failure) -> None:
    """No answer at all. Often the scheme is the wrong one, which can be tried without the key."""
    other = look.upstream.other_scheme()
    if failure.class_ in _WRONG_SCHEME and _speaks(await look.asker.ask(other, {}), other):
        what = f"{look.upstream.root} does not answer ({failure.class_}), but {other} does"
        look.finding("endpoint", what, f"Write {other}", failure.class_)
        return
    look.found(failure)


def _refused(look: Look, answer: Answer) -> None:
    """The server is there and says no."""
    if 300 <= answer.status < 400:
        target = next((v for k, v in answer.headers.items() if k.lower() == "location"), "another address")
        what = f"{answer.url} redirects to {target}"
        look.finding("endpoint", what, "Write the address that it redirects to.", "invalid_response")
        return
    look.found(look.asker.failure_of(answer))


def _speaks(answer: Answer | Failure, url: str) -> bool:
    """Whether this is the scheme that a server speaks. A certificate that we refuse is one, so it speaks TLS."""
    if isinstance(answer, Failure):
        return url.startswith("https") and answer.class_ == "tls" and "certificate" in answer.cause.lower()
    return b"HTTP request was sent to HTTPS" not in answer.body
