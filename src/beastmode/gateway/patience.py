"""Patience: what a client hears while it waits, so that neither it nor a proxy between gives up.

One that asked for a stream is kept alive. Any other can be told nothing before its answer; so it is answered while it
still listens, and asked to come again (`out_of_time`).
"""

from __future__ import annotations

import asyncio
import time

from beastmode.failures.failure import Failure
from beastmode.gateway.call import Call
from beastmode.gateway.deadline import answer_within_s, bears_s
from beastmode.gateway.dialects.waiting import keepalive_for


class kept_alive:
    """Within, a client that asked for a stream hears its dialect's keepalive, first after `after_s` seconds or half of
    the silence that it bears, until the upstream's answer begins. Until then no byte goes out, so that an error still
    has its status. Any other client gets a deadline of its own."""

    __slots__ = ("_after_s", "_call", "_every_s", "_keeper", "_silence")

    def __init__(self, call: Call, after_s: float, every_s: float) -> None:
        self._call, self._after_s, self._every_s = call, after_s, every_s
        self._silence: asyncio.Handle | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        call = self._call
        sign = keepalive_for(call.dialect, call.incoming.header(b"user-agent"))
        if not _streams(call) or not sign:
            call.deadline = min(call.deadline, _own_deadline(call))
            return
        # In the next turn of the loop: mostly the request leaves for its upstream in this one.
        self._silence = asyncio.get_running_loop().call_soon(self._wait, sign)

    async def __aexit__(self, *_: object) -> None:
        if self._silence is not None:
            self._silence.cancel()
        if self._keeper is not None:
            self._keeper.cancel()

    def _wait(self, sign: bytes) -> None:
        most_s = bears_s(self._call.incoming.headers) / 2
        after_s, every_s = min(self._after_s, most_s), min(self._every_s, most_s)
        self._silence = asyncio.get_running_loop().call_later(after_s, self._begin, sign, every_s)

    def _begin(self, sign: bytes, every_s: float) -> None:
        keeping = _keep_alive(self._call, sign, every_s)
        self._keeper = asyncio.get_running_loop().create_task(keeping)


async def _keep_alive(call: Call, sign: bytes, every_s: float) -> None:
    while not call.answering:
        call.incoming.take_plain()
        await call.reply.start(*call.dialect.stream_head)
        await call.reply.piece(sign)
        await asyncio.sleep(every_s)


def out_of_time(failure: Failure, call: Call) -> bool:
    """Could it wait longer, were it not for its client's own timeout? Such a client may come again.

    True only for what is not sent as a stream, and where the time is up, or the wait that is asked for is longer.
    """
    until = _own_deadline(call)
    if _streams(call) or until > call.deadline:
        return False
    return failure.throttle and time.monotonic() + (failure.retry_after_s or 0.0) >= until


def may_wait_longer(failure: Failure, call: Call, leader: Call) -> bool:
    """Did a failure reach `call` only because the client of its leader would not wait, while its own still does?"""
    return not call.answering and out_of_time(failure, leader) and not out_of_time(failure, call)


def _streams(call: Call) -> bool:
    return call.asked is not None and call.asked.stream


def _own_deadline(call: Call) -> float:
    return call.received + answer_within_s(call.incoming.headers)
