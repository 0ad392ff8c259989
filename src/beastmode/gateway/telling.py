"""Telling: a failure on its way to the client, in the words of its dialect, and in the record."""

from __future__ import annotations

import asyncio
import math

from beastmode.failures.failure import Failure
from beastmode.gateway.call import Call, Held, RejectedError
from beastmode.gateway.headers import without
from beastmode.gateway.patience import out_of_time
from beastmode.gateway.recording import answer_body, own_secrets, request_body
from beastmode.store.entry import Outcome, Sent

_AT_ONCE_BYTES = 32 * 1024
"""Larger bodies are made ready for the record by a thread: looking for secrets in them would keep others waiting."""
_Bodies = tuple[bytes, Sent, bytes | None]
_STATUS = {"timeout": 504, "rate_limit": 429}


async def tell(failure: Failure, call: Call) -> None:
    """A failure that is left after all tries. What the upstream said with an error status passes byte for byte; for
    all else the dialect's own error is made. Within a running stream it is the dialect's error event."""
    _record(failure, call, "failed")
    try:
        await _tell(failure, call)
    finally:
        await _record_bodies(call)


async def _tell(failure: Failure, call: Call) -> None:
    if call.reply.begun and call.asked is not None and call.asked.stream:
        await _end_stream(failure, call)
    elif call.reply.begun:
        return  # left without an end: the server cuts the connection, and nobody takes the part for the whole
    elif call.held is not None and call.held.status >= 400:
        await _pass_on(call.held, failure, call)
    else:
        await _say(_STATUS.get(failure.class_, 502), failure, call)


async def tell_rejected(rejected: RejectedError, call: Call) -> None:
    """What the gateway itself refuses."""
    _record(rejected.failure, call, "rejected")
    call.entry.status = rejected.status
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
    _record(failure, call, "failed")
    try:
        if not call.reply.begun:
            await _say(500, failure, call)
    finally:
        await _record_bodies(call)


def record_stopped(call: Call) -> None:
    """The gateway ended before the request did; it has no time for words."""
    tip = "Send it again: the gateway ended before its answer was complete."
    if call.entry.outcome is None:
        _record(Failure("killed", "the gateway was told to end", True, tip), call, "failed")
        _keep(call, _bodies(call))


def record_everything(call: Call) -> None:
    """Keep the bodies of whatever it was, if it came in whole. Takes some milliseconds for 100 KB, from all others."""
    if call.entry.sent is None and call.asked is not None:
        request, sent = request_body(call.incoming, call.body)
        _keep(call, (request, sent, answer_body(bytes(call.reply.kept), call.reply.headers, call.incoming)))


def record_nothing(call: Call) -> None:
    """Keep no body."""
    call.entry.request_body = call.entry.sent = call.entry.answer_body = None


async def _end_stream(failure: Failure, call: Call) -> None:
    if call.reply.packed:
        return  # left without an end: in the midst of what is packed, no word of ours could be read
    event = call.dialect.error_event(failure)
    await call.reply.words(b"\n\n" + event if call.mid_line else event)


async def _pass_on(held: Held, failure: Failure, call: Call) -> None:
    headers = [*without(held.headers, b"x-should-retry"), *_notes(failure, call)]
    await call.reply.start(held.status, headers)
    await call.reply.end(held.body)


async def _say(status: int, failure: Failure, call: Call) -> None:
    headers = [(b"content-type", b"application/json"), *_notes(failure, call)]
    if failure.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % math.ceil(failure.retry_after_s)))
    await call.reply.whole(status, headers, call.dialect.error(failure, status))


def _notes(failure: Failure, call: Call) -> list[tuple[bytes, bytes]]:
    """Beside the body: what it is, what to do, and that the retrying has been done here, unless the client's own time
    was too short for it."""
    again = b"true" if out_of_time(failure, call) else b"false"
    tip = failure.tip.encode("ascii", "replace").replace(b"\n", b" ")
    return [
        (b"x-should-retry", again),
        (b"x-beast-class", failure.class_.encode()),
        (b"x-beast-tip", tip),
    ]


def _record(failure: Failure, call: Call, outcome: Outcome) -> None:
    entry, secrets = call.entry, own_secrets(call.incoming)
    entry.outcome, entry.class_ = outcome, failure.class_
    entry.cause, entry.tip = secrets.hide(failure.cause), secrets.hide(failure.tip)


async def _record_bodies(call: Call) -> None:
    """Keep what was asked and what was answered. Of a request that never left nothing is kept: there may be very many,
    and the gateway is busy."""
    held = len(call.held.body) if call.held else 0
    small = max(len(call.body), held) <= _AT_ONCE_BYTES
    _keep(call, _bodies(call) if small else await asyncio.to_thread(_bodies, call))


def _bodies(call: Call) -> _Bodies:
    held = call.held
    answered = None if held is None else answer_body(held.body, held.headers, call.incoming)
    return *request_body(call.incoming, call.body), answered


def _keep(call: Call, bodies: _Bodies) -> None:
    call.entry.request_body, call.entry.sent, call.entry.answer_body = bodies
