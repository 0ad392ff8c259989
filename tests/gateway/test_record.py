"""The bodies that the ledger keeps: of what was asked for, readable, without secrets, bounded."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.secrets import Secrets
from beastmode.gateway.call import Call, Held
from beastmode.gateway.flight import Flight
from beastmode.gateway.record import MOST_BYTES, Taped, Which, readable, record
from beastmode.store.entry import GONE_WRONG, OUTCOMES, Outcome
from tests.gateway.test_flight import Client

KEY = "sk-live-0123456789abcdefABCDEF"
ASKED = json.dumps(
    {"model": "m", "api_key": KEY, "messages": [{"role": "user", "content": "hello"}]}
).encode()


def ended(outcome: Outcome) -> Call:
    call = Client().call()
    call.body, call.entry.outcome = ASKED, outcome
    return call


async def answered(call: Call, *pieces: bytes) -> None:
    """An upstream's answer passes to the client, as a stream."""
    call.out = Taped(call.reply)
    await call.out.start(200, [(b"content-type", b"text/event-stream")])
    for piece in pieces:
        await call.out.piece(piece)
    await call.out.end()


@pytest.mark.parametrize("which", get_args(Which))
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_bodies_are_kept_of_whom_they_were_asked_for(which: Which, outcome: Outcome) -> None:
    call = ended(outcome)
    call.entry.answer_body = b"of a try before"
    asyncio.run(answered(call, b"data: 1\n\n", b"data: [DONE]\n\n"))
    record(call, which)
    if which == "all" or (which == "failures" and outcome in GONE_WRONG):
        assert call.entry.answer_body == b"data: 1\n\ndata: [DONE]\n\n"
        assert b"hello" in (call.entry.request_body or b"")
    else:
        kept = [call.entry.request_body, call.entry.answer_body]
        assert kept == [None, None]


def test_what_was_wrong_with_an_answer_is_kept_where_none_was_passed_on() -> None:
    call = ended("failed")
    call.held = Held(529, [(b"content-encoding", b"gzip")], gzip.compress(b'{"error": "Overloaded"}'))
    record(call, "failures")
    assert call.entry.answer_body == b'{"error": "Overloaded"}'


def test_of_a_shared_answer_each_record_has_what_the_leader_heard() -> None:
    leader, follower = ended("upstream_ok"), ended("shared")
    flight = Flight(leader, 1000)
    leader.flight = follower.flight = flight
    leader.out = Taped(flight)
    asyncio.run(leader.out.start(200, []))
    asyncio.run(leader.out.end(b"It is done."))
    record(follower, "all")
    assert follower.entry.answer_body == b"It is done."
    assert flight.pieces == (b"It is done.",)


def test_no_secret_is_kept_whether_known_or_only_looking_like_one() -> None:
    call = ended("upstream_ok")
    asyncio.run(answered(call, b'{"echo": "Bearer ' + KEY.encode() + b'", "known": "plain-secret"}'))
    record(call, "all", Secrets(["plain-secret"]))
    kept = (call.entry.request_body or b"") + (call.entry.answer_body or b"")
    assert KEY.encode() not in kept
    assert b"plain-secret" not in kept
    assert b'"content": "hello"' in kept


@given(st.integers(0, len(KEY) + 20), st.booleans())
def test_a_cut_leaves_no_half_of_a_secret(before_end: int, packed: bool) -> None:
    text = b"x " * (MOST_BYTES // 2)
    text = text[: MOST_BYTES - before_end] + b" Bearer " + KEY.encode() + b" and more" * 1000
    headers = [(b"content-encoding", b"gzip")] if packed else []
    kept = readable(gzip.compress(text) if packed else text, headers)
    assert len(kept) <= MOST_BYTES
    assert b"sk-live-0" not in kept
    assert kept.endswith("…".encode())
    assert len(kept) > MOST_BYTES - 200


def test_a_tape_is_bounded_and_passes_every_byte() -> None:
    client, call = Client(), ended("upstream_ok")
    call.reply = client.call().reply
    pieces = [b"data: %06d\n\n" % number for number in range(20_000)]
    asyncio.run(answered(call, *pieces))
    assert client.body == b"".join(pieces)
    assert isinstance(call.out, Taped)
    assert call.out.heard is not None
    assert len(call.out.heard.body) == MOST_BYTES + 1
    record(call, "all")
    assert (call.entry.answer_body or b"").endswith(b"data: 004680\n\xe2\x80\xa6")


def test_of_a_body_that_is_one_long_word_nothing_is_kept() -> None:
    assert readable(b"x" * 10_000_000, []) == "…".encode()
