"""Patience: what a streaming client hears while it waits, so that neither it nor a proxy between gives up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from beastmode.gateway.call import Call
from beastmode.gateway.dialects.waiting import keepalive_for


@asynccontextmanager
async def kept_alive(call: Call, after_s: float, every_s: float) -> AsyncIterator[None]:
    """Within, a client that asked for a stream hears its dialect's keepalive, first after `after_s` seconds, until the
    upstream's answer begins. Until then no byte goes out, so that an error still has its status."""
    sign = keepalive_for(call.dialect, call.incoming.header(b"user-agent"))
    if call.asked is None or not call.asked.stream or not sign:
        yield
        return
    keeper = asyncio.get_running_loop().create_task(_keep_alive(call, sign, after_s, every_s))
    try:
        yield
    finally:
        keeper.cancel()


async def _keep_alive(call: Call, sign: bytes, after_s: float, every_s: float) -> None:
    await asyncio.sleep(after_s)
    while not call.answering:
        await call.reply.start(*call.dialect.stream_head)
        await call.reply.piece(sign)
        await asyncio.sleep(every_s)
