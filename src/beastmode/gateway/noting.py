"""Noting: what has gone wrong with a request, and its bodies, into its record."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from beastmode.failures.failure import Failure
from beastmode.gateway.call import Call
from beastmode.gateway.recording import answer_body, own_secrets, request_body
from beastmode.store.ledger.entry import Outcome, Sent

_AT_ONCE_BYTES = 32 * 1024
"""Larger bodies are made ready for the record by a thread: looking for secrets in them would keep others waiting."""
_Bodies = tuple[bytes, Sent, bytes | None]


def record_failure(failure: Failure, call: Call, outcome: Outcome) -> None:
    """What has gone wrong, without what this client brought to say who it is."""
    entry, secrets = call.entry, own_secrets(call.incoming)
    entry.outcome, entry.class_ = outcome, failure.class_
    entry.cause, entry.tip = secrets.hide(failure.cause), secrets.hide(failure.tip)
    call.failure = replace(failure, cause=entry.cause, tip=entry.tip)


async def record_bodies(call: Call) -> None:
    """Keep what was asked, and what was answered where that was not passed on."""
    held = len(call.held.body) if call.held else 0
    small = max(len(call.body), held) <= _AT_ONCE_BYTES
    _keep(call, _bodies(call) if small else await asyncio.to_thread(_bodies, call))


def record_stopped(call: Call) -> Failure | None:
    """The gateway ended before the request did: that is its failure; None where it had ended in another way."""
    if call.entry.outcome is not None:
        return None
    tip = "Send it again: the gateway ended before its answer was complete."
    failure = Failure("killed", "the gateway was told to end", True, tip)
    record_failure(failure, call, "failed")
    _keep(call, _bodies(call))
    return failure


def record_everything(call: Call) -> None:
    """Keep the bodies of whatever it was, if it came in whole. Takes some milliseconds for 100 KB, from all others."""
    if call.entry.sent is None and call.asked is not None:
        request, sent = request_body(call.incoming, call.body)
        _keep(call, (request, sent, answer_body(bytes(call.reply.kept), call.reply.headers, call.incoming)))


def record_nothing(call: Call) -> None:
    """Keep no body."""
    call.entry.request_body = call.entry.sent = call.entry.answer_body = None


def _bodies(call: Call) -> _Bodies:
    held = call.held
    answered = None if held is None else answer_body(held.body, held.headers, call.incoming)
    return *request_body(call.incoming, call.body), answered


def _keep(call: Call, bodies: _Bodies) -> None:
    call.entry.request_body, call.entry.sent, call.entry.answer_body = bodies
