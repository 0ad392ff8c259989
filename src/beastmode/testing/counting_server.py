"""A model server on loopback that counts what arrives, as a fragile one would feel it."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from beastmode.settings import Rate


@dataclass(slots=True)
class Arrival:
    """A request as a server saw it come in.   at: monotonic, s.   asked: the last message; "" of a health check."""

    at: float
    asked: str = ""


class CountingServer:
    """A small model server that counts all that arrives, and refuses with 429 what exceeds its limits.

    slots, rate: its limits; None: it refuses nothing, but counts.   work_s: how long it takes to answer what it was
    asked.   `POST /v1/chat/completions` says back what it was asked, in OpenAI's shape; `GET /health` says that it is
    well, and takes its place in the rate too; `GET /counts` what has been seen.   Enter it to serve, until left:
    `async with CountingServer(slots=3, rate=Rate(8, 1.0)) as server: server.url`.
    """

    def __init__(
        self,
        *,
        slots: int | None = None,
        rate: Rate | None = None,
        work_s: Callable[[str], float] = lambda asked: 0.1,
        port: int = 0,
    ) -> None:
        self.slots, self.rate, self.work_s, self.port = slots, rate, work_s, port
        self.arrivals: list[Arrival] = []
        self.in_flight = self.most_in_flight = self.most_in_window = self.served = self.refused = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/health", self._health)
        app.router.add_get("/counts", self._counts)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.Response:
        arrival, fits = self._arrive()
        self.in_flight += fits
        try:
            arrival.asked = str((await request.json())["messages"][-1]["content"])
            if not fits:
                return self._refuse()
            await asyncio.sleep(self.work_s(arrival.asked))
        finally:
            self.in_flight -= fits
        self.served += 1
        message = {"role": "assistant", "content": f"You asked: {arrival.asked}"}
        usage = {"prompt_tokens": 8, "completion_tokens": 8, "total_tokens": 16}
        body = {"object": "chat.completion", "choices": [{"message": message}], "usage": usage}
        return web.json_response(body)

    async def _health(self, request: web.Request) -> web.Response:
        _, fits = self._arrive()
        return web.json_response({"status": "ok"}) if fits else self._refuse()

    async def _counts(self, request: web.Request) -> web.Response:
        names = ("served", "refused", "most_in_flight", "most_in_window")
        return web.json_response({name: getattr(self, name) for name in names})

    def _arrive(self) -> tuple[Arrival, bool]:
        """Take note of a request; False if it is one too many."""
        arrival = Arrival(time.monotonic())
        self.arrivals.append(arrival)
        self.most_in_flight = max(self.most_in_flight, self.in_flight + 1)
        fits = self.slots is None or self.in_flight < self.slots
        if self.rate is not None:
            oldest = arrival.at - self.rate.span_s
            in_window = len(self.arrivals) - bisect_right(self.arrivals, oldest, key=lambda other: other.at)
            self.most_in_window = max(self.most_in_window, in_window)
            fits = fits and in_window <= self.rate.starts
        return arrival, fits

    def _refuse(self) -> web.Response:
        self.refused += 1
        message = f"{self.slots} in flight and {self.rate}, no more"
        return web.json_response({"error": {"type": "rate_limit_error", "message": message}}, status=429)
