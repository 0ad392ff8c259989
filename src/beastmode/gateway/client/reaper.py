"""Reaper: ends the connections whose clients stand still for too long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from beastmode.gateway.client.connection import IDLE, Connection


class Reaper:
    """Cuts connections whose client has not moved for `slow_s` seconds, and closes those of which no request has come
    for `idle_s`. Its looks are a tenth of `slow_s` apart."""

    def __init__(
        self,
        connections: Iterable[object],
        slow_s: float,
        idle_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections, self._monotonic = connections, monotonic
        self._slow_s, self._idle_s = slow_s, idle_s
        self._since: dict[Connection, tuple[tuple[object, ...], float]] = {}

    async def run(self) -> None:
        """Look again and again; ends by being cancelled."""
        while True:
            await asyncio.sleep(self._slow_s / 10)
            self.look()

    def look(self) -> None:
        """Cut those that have not moved for too long."""
        now, before = self._monotonic(), self._since
        self._since = {}
        for connection in list(self._connections):
            if not isinstance(connection, Connection) or (waits_for := connection.waits_for()) is None:
                continue
            known, since = before.get(connection, (None, now))
            since = since if known == waits_for else now
            if waits_for[0] == IDLE and now - since >= self._idle_s:
                connection.transport.close()
            elif waits_for[0] != IDLE and now - since >= self._slow_s:
                connection.transport.abort()
            else:
                self._since[connection] = waits_for, since
