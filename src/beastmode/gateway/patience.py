"""Patience: what a streaming client hears while it waits, so that neither it nor a proxy between gives up."""

from __future__ import annotations

import asyncio

from beastmode.gateway.call import Call


class kept_alive:
    """Within, a client that asked for a stream hears its dialect's keepalive, first after `after_s` seconds, until the
    upstream's answer begins. Until then no byte goes out, so that an error still has its status."""

    __slots__ = ("_after_s", "_call", "_every_s", "_keeper")

    def __init__(self, call: Call, after_s: float, every_s: float) -> None:
        self._call, self._after_s, self._every_s = call, after_s, every_s
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        call = self._call
        if call.asked is not None and call.asked.stream and call.dialect.keepalive:
            keeping = _keep_alive(call, self._after_s, self._every_s)
            self._keeper = asyncio.get_running_loop().create_task(keeping)

    async def __aexit__(self, *_: object) -> None:
        if self._keeper is not None:
            self._keeper.cancel()


async def _keep_alive(call: Call, after_s: float, every_s: float) -> None:
    await asyncio.sleep(after_s)
    while not call.answering:
        await call.reply.start(*call.dialect.stream_head)
        await call.reply.piece(call.dialect.keepalive)
        await asyncio.sleep(every_s)
