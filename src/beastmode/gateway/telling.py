"""Telling: a failure on its way to the client, in the words of its dialect."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress

from beastmode.failures.failure import Failure
from beastmode.gateway.call import Call, Held
from beastmode.gateway.headers import without
from beastmode.gateway.noting import record_bodies, record_failure, record_stopped
from beastmode.gateway.patience import out_of_time
from beastmode.gateway.rejected import RejectedError
from beastmode.settings import SHORT_WAIT_S

_WAITS = (b"retry-after", b"retry-after-ms")
_STATUS = {"timeout": 504, "rate_limit": 429, "killed": 503}
_LAST_WORD_S = 0.5
"""For a client that does not read; the gateway waits 2 s for all records."""


async def tell(failure: Failure, call: Call) -> None:
    """A failure that is left after all tries. What the upstream said with an error status passes byte for byte; for
    all else the dialect's own error is made. Within a running stream it is the dialect's error event."""
    record_failure(failure, call, "failed")
    try:
        await _tell(failure, call)
    finally:
        await record_bodies(call)


async def _tell(failure: Failure, call: Call) -> None:
    if call.reply.ended:
        return  # its upstream has told it, and then ended well
    if call.reply.begun and call.asked is not None and call.asked.stream:
        await _end_stream(failure, call)
    elif call.reply.begun:
        return  # left without an end: the server cuts the connection, and nobody takes the part for the whole
    elif call.held is not None and call.held.status >= 400:
        await _pass_on(call.held, failure, call)
    else:
        await _say(_STATUS.get(failure.class_, 502), failure, call)


async def tell_rejected(rejected: RejectedError, call: Call) -> None:
    """What the gateway itself refuses. No body is kept of it: there may be very many, and the gateway is busy."""
    record_failure(rejected.failure, call, "rejected")
    call.entry.status = rejected.status  # also in a stream that has begun
    if call.reply.begun:
        await _end_stream(rejected.failure, call)
    else:
        await _say(rejected.status, rejected.failure, call)


async def tell_unforeseen(error: Exception, call: Call) -> None:
    """What nobody foresaw: an answer that cannot be passed on, or a mistake of ours. What is recorded stays."""
    if call.entry.outcome is not None:
        return
    cause = f"{type(error).__name__}: {error}"[:500]
    tip = "Report this with its cause: the gateway could not carry the request."
    failure = Failure("other", cause, False, tip)
    record_failure(failure, call, "failed")
    try:
        if not call.reply.begun:
            await _say(500, failure, call)
    finally:
        await record_bodies(call)


async def tell_stopped(call: Call) -> None:
    """The gateway ends before the answer does: that is recorded, and told to a client that reads."""
    failure = record_stopped(call)
    if failure is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S):
                await _tell(failure, call)


async def _end_stream(failure: Failure, call: Call) -> None:
    if call.reply.packed:
        return  # left without an end: in the midst of what is packed, no word of ours could be read
    first, *more = call.dialect.error_events(failure)
    await call.reply.words(b"\n\n" + first if call.reply.mid_event else first, *more)


async def _pass_on(held: Held, failure: Failure, call: Call) -> None:
    dropped = (b"x-should-retry", *(() if _tells_wait(failure, call) else _WAITS))
    headers = [*without(held.headers, *dropped), *_notes(failure, call)]
    await call.reply.start(held.status, headers)
    await call.reply.end(held.body)


async def _say(status: int, failure: Failure, call: Call) -> None:
    call.told = status
    headers = [(b"content-type", b"application/json"), *_notes(failure, call)]
    if failure.retry_after_s is not None and _tells_wait(failure, call):
        headers.append((b"retry-after", b"%d" % math.ceil(failure.retry_after_s)))
    await call.reply.whole(status, headers, call.dialect.error(failure, status))


def _tells_wait(failure: Failure, call: Call) -> bool:
    """Whether its client hears for how long to wait. Not of a long wait inside a run, which waits by itself: Codex
    slept through 20 hours, and the run with it."""
    in_run = call.caller is not None and bool(call.caller.said.run)
    return not in_run or (failure.retry_after_s or 0.0) <= SHORT_WAIT_S


def _notes(failure: Failure, call: Call) -> list[tuple[bytes, bytes]]:
    """Beside the body: what it is, what to do, and that the retrying has been done here, unless the client's own time
    was too short for it."""
    again = b"true" if out_of_time(failure, call) else b"false"
    tip = failure.tip.replace("…", "...").encode("ascii", "replace").replace(b"\n", b" ")
    return [
        (b"x-should-retry", again),
        (b"x-beast-class", failure.class_.encode()),
        (b"x-beast-tip", tip),
    ]
