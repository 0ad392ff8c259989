"""Prove: is the key taken and does the model exist? By free means first, then by one token."""

from __future__ import annotations

from urllib.parse import quote

from beastmode.doctor.asking import Answer
from beastmode.doctor.look import Look, Place
from beastmode.doctor.model_lists import is_listed, what_there_is
from beastmode.doctor.places import smallest_question
from beastmode.failures.answers import dialect_of, flaw_in
from beastmode.failures.failure import Failure

_PROVEN_BY = ("bad_request", "unsupported_parameter", "context_length", "content_filter", "rate_limit")
"""A refusal of these classes comes from behind the door: the key was taken."""


async def prove(look: Look, place: Place) -> None:
    """Key and model, by free means first."""
    key_proven = not look.key or (place.names is not None and not await _is_public(look, place))
    if look.key and key_proven:
        look.fact("key", f"{look.asked.variable} is accepted")
    model_known = not look.asked.model
    if look.asked.model and place.names is not None:
        if not await _has_model(look, place):
            return
        model_known = True
    if not (key_proven and model_known):
        await _pay(look, place)


async def _is_public(look: Look, place: Place) -> bool:
    """Whether the list is shown to everybody: then it proves nothing about the key."""
    others = {name: value for name, value in place.credential.items() if name == "anthropic-version"}
    answer = await look.asker.ask(place.list_url, others)
    return isinstance(answer, Answer) and answer.status == 200


async def _has_model(look: Look, place: Place) -> bool:
    model, names = look.asked.model, place.names or ()
    if not is_listed(model, names):
        answer = await look.asker.ask(f"{place.list_url}/{quote(model, safe='')}", place.credential)
        if not isinstance(answer, Answer) or answer.status != 200:
            what = f"{place.base} has no model {model!r}"
            look.finding("model", what, what_there_is(model, names), "not_found_model")
            return False
    look.fact("model", f"{model} exists")
    return True


async def _pay(look: Look, place: Place) -> None:
    """The one request that may cost money."""
    if not look.asked.paid or not look.asked.model:
        missing = "--no-paid was given" if not look.asked.paid else "no --model was given to try it with"
        look.fact("key", f"not proven: the list of models is open to all, and {missing}")
        return
    url, body = smallest_question(place.base, look.asked.model, place.credential)
    look.seen.paid_requests += 1
    answer = await look.asker.ask(url, place.credential, body)
    if isinstance(answer, Answer) and _is_good(answer):
        look.fact("key", f"{look.upstream.host} answered one request of one token")
        look.fact("model", f"{look.asked.model} exists")
        return
    failure = answer
    if isinstance(answer, Answer):
        failure = look.asker.failure_of(answer, look.asked.model, place.names or ())
    assert isinstance(failure, Failure)
    if failure.class_ in _PROVEN_BY:
        look.fact("key", f"it was taken; the request of one token was not: {failure.cause}")
    else:
        look.found(failure)


def _is_good(answer: Answer) -> bool:
    """Whether a completion came, and not a page or an error with a good status."""
    dialect = dialect_of(answer.url)
    if dialect is None or not 200 <= answer.status < 300:
        return False
    return flaw_in(answer.status, answer.headers, answer.body, dialect=dialect, streamed=False) is None
