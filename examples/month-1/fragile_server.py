"""A small model server that falls over when it is hit too hard: 3 in flight, 8 starts a second, about 100 ms.

What exceeds that is refused with 429, and counted. `GET /health` says whether it is well; `GET /counts` what it
has seen. `python fragile_server.py` prints its address, serves on loopback, and ends when its stdin is closed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque

from aiohttp import web

SLOTS, STARTS, WINDOW_S, WORK_S = 3, 8, 1.0, 0.1


class Fragile:
    """Counts exactly: every request, the health checks too, takes its place in the window."""

    def __init__(self) -> None:
        self.in_flight = self.most_in_flight = self.most_in_window = self.served = self.refused = 0
        self.starts: deque[float] = deque()

    def _arrive(self) -> bool:
        """Take note of a start; False if that was one too many."""
        now = time.monotonic()
        while self.starts and now - self.starts[0] >= WINDOW_S:
            self.starts.popleft()
        self.starts.append(now)
        self.most_in_window = max(self.most_in_window, len(self.starts))
        self.most_in_flight = max(self.most_in_flight, self.in_flight + 1)
        return len(self.starts) <= STARTS and self.in_flight < SLOTS

    def _refuse(self) -> web.Response:
        self.refused += 1
        error = {
            "error": {"type": "rate_limit_error", "message": "3 in flight and 8 requests a second, no more"}
        }
        return web.json_response(error, status=429)

    async def complete(self, request: web.Request) -> web.Response:
        """An answer in the shape of OpenAI's chat completions; it says back what it was asked."""
        if not self._arrive():
            return self._refuse()
        self.in_flight += 1
        try:
            asked = await request.json()
            await asyncio.sleep(WORK_S)
        finally:
            self.in_flight -= 1
        self.served += 1
        message = {"role": "assistant", "content": f"You asked: {asked['messages'][-1]['content']}"}
        usage = {"prompt_tokens": 8, "completion_tokens": 8, "total_tokens": 16}
        return web.json_response(
            {"object": "chat.completion", "choices": [{"message": message}], "usage": usage}
        )

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"}) if self._arrive() else self._refuse()

    async def counts(self, request: web.Request) -> web.Response:
        names = ("served", "refused", "most_in_flight", "most_in_window")
        return web.json_response({name: getattr(self, name) for name in names})


def app() -> web.Application:
    fragile = Fragile()
    application = web.Application()
    application.router.add_post("/v1/chat/completions", fragile.complete)
    application.router.add_get("/health", fragile.health)
    application.router.add_get("/counts", fragile.counts)
    return application


async def main(port: int) -> None:
    runner = web.AppRunner(app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    print(f"http://127.0.0.1:{port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9000))
