"""Streaming: an answer on its way from the upstream to the client, read on the side and never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beastmode.failures.answers import begins_events, flaw_in
from beastmode.failures.evidence import Evidence
from beastmode.gateway.accounting import account
from beastmode.gateway.call import Call, Held
from beastmode.gateway.events import EventStream, first_byte
from beastmode.gateway.headers import as_text
from beastmode.gateway.packing import is_broken, packing_of, readable, unpacked
from beastmode.gateway.wire import Answer

_TELLING_BYTES = 256
"""Of an answer that tell whether it comes as events."""


async def relay(
    answer: Answer, call: Call, most_held_bytes: int, heard: Callable[[], None]
) -> Evidence | None:
    """Pass an answer on; what is wrong with it, or None.

    A stream flows as it comes, and so does what may be one in no dialect. Anything else is held until it is whole, so
    that a failure can be tried again and a broken body never looks like an answer; one longer than `most_held_bytes`
    flows too.   heard: called for each piece.
    Raises what reading from the upstream raises, and ClientGoneError.
    """
    call.entry.status = answer.status
    if answer.is_stream and answer.status < 400:
        return await EventStream(answer, call, heard).relay(())
    begun: list[bytes] = []
    size = 0
    async for piece in answer.pieces():
        first_byte(call)
        begun.append(piece)
        size += len(piece)
        if answer.status < 400 and _comes_as_events(begun, size, call):
            return await EventStream(answer, call, heard).relay(begun)
        if answer.status < 400 and (size > most_held_bytes or _is_awaited(answer, call)):
            await _flow(answer, call, begun, heard)
            return None
    return await _whole(Held(answer.status, answer.headers, b"".join(begun)), call)


def _comes_as_events(begun: list[bytes], size: int, call: Call) -> bool:
    """It is the stream that was asked for, whatever its content type says. Told by its beginning."""
    wanted = call.asked is not None and call.asked.stream and size - len(begun[-1]) < _TELLING_BYTES
    return wanted and begins_events(b"".join(begun)[:_TELLING_BYTES])


def _is_awaited(answer: Answer, call: Call) -> bool:
    """Its parts are, and nothing is to be found wrong with the whole: it is in no dialect."""
    return call.dialect.shape is None and answer.comes_in_parts


async def _whole(held: Held, call: Call) -> Evidence | None:
    """An answer that is all there: a good one is passed on, a bad one stays in `call.held`."""
    headers = as_text(held.headers)
    body = unpacked(held.body, headers)
    flaw = _flaw(held, headers, body, call)
    if flaw is not None:
        call.held = held
        return flaw
    account(call, call.dialect.usage(body))
    call.answering = True
    await call.out.start(held.status, held.headers)
    await call.out.end(held.body)
    return None


def _flaw(held: Held, headers: Mapping[str, str], body: bytes, call: Call) -> Evidence | None:
    if held.status >= 400:
        return Evidence(held.status, headers, body, url=call.url, model=call.model)
    shape, packing = call.dialect.shape, packing_of(headers)
    if shape is None or call.incoming.method != "POST" or not readable(packing):
        return None
    if is_broken(held.body, headers):
        told = f"the answer is not packed with {packing} as it says, or a part of it is missing"
        return Evidence(held.status, headers, told, url=call.url)
    streamed = call.asked is not None and call.asked.stream
    return flaw_in(held.status, headers, body, dialect=shape, streamed=streamed, url=call.url)


async def _flow(answer: Answer, call: Call, begun: list[bytes], heard: Callable[[], None]) -> None:
    """Pass pieces on as they come, until HTTP says that this was all."""
    call.answering = True
    await call.out.start(answer.status, answer.headers)
    for piece in begun:
        await call.out.piece(piece)
    async for piece in answer.pieces():
        call.mid_line = not piece.endswith(b"\n")
        try:
            await call.out.piece(piece)
        finally:
            heard()
    await call.out.end()
