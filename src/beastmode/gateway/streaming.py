"""Streaming: an answer on its way from the upstream to the client, read on the side and never changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from beastmode.failures.answers import CUT_OFF, flaw_in
from beastmode.failures.evidence import Evidence
from beastmode.gateway.accounting import account
from beastmode.gateway.call import Call, Held
from beastmode.gateway.headers import as_text, without
from beastmode.gateway.packing import readable, unpacked
from beastmode.gateway.wire import Answer


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
        return await _flow(answer, call, [], heard)
    begun: list[bytes] = []
    size = 0
    async for piece in answer.pieces():
        _first_byte(call)
        begun.append(piece)
        size += len(piece)
        if (size > most_held_bytes or _is_awaited(answer, call)) and answer.status < 400:
            return await _flow(answer, call, begun, heard)
    return await _whole(Held(answer.status, answer.headers, b"".join(begun)), call)


def _is_awaited(answer: Answer, call: Call) -> bool:
    """Its parts are, and nothing is to be found wrong with the whole: it is in no dialect."""
    return call.dialect.shape is None and answer.comes_in_parts


async def _whole(held: Held, call: Call) -> Evidence | None:
    """An answer that is all there: a good one is passed on, a bad one stays in `call.held`."""
    headers = as_text(held.headers)
    body = unpacked(held.body, headers)
    flaw = _flaw(held.status, headers, body, call)
    if flaw is not None:
        call.held = held
        return flaw
    account(call, call.dialect.usage(body))
    call.answering = True
    await call.out.start(held.status, held.headers)
    await call.out.end(held.body)
    return None


def _flaw(status: int, headers: Mapping[str, str], body: bytes, call: Call) -> Evidence | None:
    if status >= 400:
        return Evidence(status, headers, body, url=call.url, model=call.model)
    shape = call.dialect.shape
    if shape is None or call.incoming.method != "POST" or not readable(headers):
        return None
    streamed = call.asked is not None and call.asked.stream
    return flaw_in(status, headers, body, dialect=shape, streamed=streamed, url=call.url)


async def _flow(answer: Answer, call: Call, begun: list[bytes], heard: Callable[[], None]) -> Evidence | None:
    """Pass pieces on as they come. A stream without its terminal event is what is wrong with it."""
    follower = call.follower = call.dialect.follow() if answer.is_stream and not answer.is_packed else None
    call.answering = True
    # Of a stream a stated length does not pass on: an error event may have to follow where it breaks off.
    headers = without(answer.headers, b"content-length") if answer.is_stream else answer.headers
    await call.out.start(answer.status, headers)
    for piece in begun:
        await call.out.piece(piece)
    try:
        async for piece in answer.pieces():
            _first_byte(call)
            call.mid_line = not piece.endswith(b"\n")
            try:  # it goes out before it is read: its client waits for it, and nobody waits for the record
                await call.out.piece(piece)
            finally:
                heard()
                if follower is not None:
                    follower.feed(piece)
    finally:
        if follower is not None:
            account(call, follower.usage)
    if follower is None or follower.complete:
        await call.out.end()
        return None
    exception = "" if follower.failed else CUT_OFF
    return Evidence(
        answer.status, as_text(answer.headers), follower.last, exception, mid_stream=True, url=call.url
    )


def _first_byte(call: Call) -> None:
    if call.entry.first_byte_s is None:
        call.entry.first_byte_s = time.monotonic() - call.received
