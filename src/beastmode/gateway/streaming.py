"""Streaming: an answer on its way from the upstream to the client, read on the side and never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beastmode.failures.answers import begins_events, flaw_in
from beastmode.failures.evidence import Evidence
from beastmode.gateway.accounting import account, account_unread
from beastmode.gateway.call import Call, Held
from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.packing import (
    is_broken,
    packing_in,
    packing_of,
    readable,
    told_in_vain,
    unpacked,
)
from beastmode.gateway.client.room import Hold
from beastmode.gateway.events import EventStream, first_byte
from beastmode.gateway.headers import as_text
from beastmode.gateway.wire import Answer

_TELLING_BYTES = 256
"""Of an answer that tell whether it comes as events."""


async def relay(
    answer: Answer, call: Call, hold: Hold, most_held_bytes: int, heard: Callable[[], None]
) -> Evidence | None:
    """Pass an answer on, or leave it in `call.held`; what is wrong with it, or None.

    A stream flows as it comes, and so does what may be one in no dialect. Anything else is held until it is whole, so
    that a failure can be tried again and a broken body never looks like an answer; one that is longer than
    `most_held_bytes`, or for which `hold` has no room, flows too.   heard: called for each piece.
    Raises what reading from the upstream raises, and ClientGoneError.
    """
    call.entry.status = answer.status
    if in_vain := _packed_in_vain(answer.status, answer.headers, call):
        return in_vain
    if answer.is_stream and answer.status < 400:
        return await EventStream(answer, call, heard).relay(())
    begun: list[bytes] = []
    size = 0
    async for piece in answer.pieces():
        first_byte(call)
        begun.append(piece)
        size += len(piece)
        too_large = size > most_held_bytes or not hold.takes(len(piece))
        if answer.status >= 400:
            if too_large:  # an error that has no end is none to pass on
                return Evidence(answer.status, as_text(answer.headers), b"".join(begun), url=call.url)
        elif _comes_as_events(begun, size, call):
            return await EventStream(answer, call, heard).relay(begun)
        elif too_large or _is_awaited(answer, call):
            await _flow(answer, call, begun, hold, heard)
            return None
    held = call.held = Held(answer.status, answer.headers, b"".join(begun))
    return _judged(held, call)


def _comes_as_events(begun: list[bytes], size: int, call: Call) -> bool:
    """It is the stream that was asked for, whatever its content type says. Told by its beginning."""
    wanted = call.asked is not None and call.asked.stream and size - len(begun[-1]) < _TELLING_BYTES
    return wanted and begins_events(b"".join(begun)[:_TELLING_BYTES])


def _is_awaited(answer: Answer, call: Call) -> bool:
    """Its parts are, and nothing is to be found wrong with the whole: it is in no dialect."""
    return call.dialect.shape is None and answer.comes_in_parts


async def pass_on(held: Held, call: Call) -> None:
    """Send a good answer that has come whole. Its place at the upstream is free by now: a client may read slowly."""
    call.held, call.answering = None, True
    await call.out.start(held.status, held.headers)
    await call.out.end(held.body)


def _packed_in_vain(status: int, headers: Headers, call: Call) -> Evidence | None:
    """What is wrong with an answer that its client cannot read, as it has heard a sign of life before: asked again, it
    comes plain."""
    if not call.reply.begun or readable(packing := packing_in(headers)):
        return None
    return Evidence(status, as_text(headers), told_in_vain(packing), url=call.url)


def _judged(held: Held, call: Call) -> Evidence | None:
    """What is wrong with an answer that has come whole, or None."""
    headers = as_text(held.headers)
    body = unpacked(held.body, headers)
    flaw = _packed_in_vain(held.status, held.headers, call) or _flaw(held, headers, body, call)
    if flaw is None:
        account(call, call.dialect.usage(body))
    return flaw


def _flaw(held: Held, headers: Mapping[str, str], body: bytes, call: Call) -> Evidence | None:
    shape, packing = call.dialect.shape, packing_of(headers)
    if held.status >= 400:
        said = body if readable(packing) else b""
        return Evidence(held.status, headers, said, url=call.url, model=call.model)
    if shape is None or call.incoming.method != "POST":
        return None
    if not readable(packing):
        account_unread(call, packing)
        return None
    if is_broken(held.body, headers):
        told = f"the answer is not packed with {packing} as it says, or a part of it is missing"
        return Evidence(held.status, headers, told, url=call.url)
    streamed = call.asked is not None and call.asked.stream
    return flaw_in(held.status, headers, body, dialect=shape, streamed=streamed, url=call.url)


async def _flow(
    answer: Answer, call: Call, begun: list[bytes], hold: Hold, heard: Callable[[], None]
) -> None:
    """Pass pieces on as they come, until HTTP says that this was all.   begun: those that have come; their room is
    free again as they go."""
    call.answering = True
    if call.dialect.shape is not None and not readable(answer.packing):
        account_unread(call, answer.packing)
    await call.out.start(answer.status, answer.headers)
    begun.reverse()
    while begun:
        piece = begun.pop()
        hold.gives_back(len(piece))
        await call.out.piece(piece)
    hold.let_go()
    async for piece in answer.pieces():
        try:
            await call.out.piece(piece)
        finally:
            heard()
    await call.out.end()
