"""Backends whose limits are each credential's: what is forgotten, and what is not."""

from __future__ import annotations

import pytest

from beastmode.clock import SYSTEM_CLOCK
from beastmode.failures.failure import Failure
from beastmode.gateway import backend as backends
from beastmode.gateway.backend import Backend
from beastmode.gateway.call import Call
from beastmode.gateway.client.incoming import Incoming, Message
from beastmode.gateway.client.reply import Reply
from beastmode.gateway.dialects import dialect_for
from beastmode.gateway.upstream import Upstream
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.settings import Rate
from beastmode.store.ledger.entry import Entry

BUSY = Failure("rate_limit", "slow down", True, "", retry_after_s=60.0, throttle=True)


def call_of(key: str) -> Call:
    async def receive() -> Message:
        raise AssertionError("nobody asks")

    async def send(message: Message) -> None:
        raise AssertionError("nobody answers")

    headers = [(b"authorization", f"Bearer {key}".encode())]
    incoming = Incoming({"method": "POST", "headers": headers, "query_string": b"", "path": "/v1/x"}, receive)
    reply = Reply(send)
    return Call(
        incoming, reply, reply, dialect_for("POST", incoming.path), Entry(received_unix=0.0), 0.0, 60.0
    )


def test_a_credential_that_was_asked_to_wait_is_not_forgotten_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backends, "MOST_LANES", 2)

    def guard_for(_scope: str) -> Guard:
        return Guard(MemoryStore(None, ()), SYSTEM_CLOCK, concurrency=None, rates=())

    backend = Backend(Upstream("http://a"), guard_for, SYSTEM_CLOCK, most_waiting=9, by_tenant=True)
    paused, first = call_of("paused"), call_of("k0")
    backend.pause(paused, BUSY)
    well = backend.lane_of(first)
    for number in range(1, 5):
        backend.lane_of(call_of(f"k{number}"))
    assert backend.closed_s(paused) > 50
    assert backend.lane_of(first) is not well


def test_limits_that_were_changed_hold_for_credentials_that_come_later_too() -> None:
    def guard_for(_scope: str) -> Guard:
        return Guard(MemoryStore(3, ()), SYSTEM_CLOCK, concurrency=3, rates=())

    backend = Backend(Upstream("http://a"), guard_for, SYSTEM_CLOCK, most_waiting=9, by_tenant=True)
    early = backend.lane_of(call_of("early"))
    backend.set_limits(1, [Rate(2, 1.0)], [])
    late = backend.lane_of(call_of("late"))
    assert [lane.guard.limits.concurrency for lane in (early, late)] == [1, 1]
    assert late.guard.limits.rates == (Rate(2, 1.0),)
