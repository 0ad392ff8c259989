"""A server that says exactly what it is told to, so that real clients can hear how a dialect speaks."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Self

from aiohttp import web

from beastmode.gateway.dialects.protocol import Head


class Speaker:
    """`with in_thread(Speaker(head, [piece, …])) as speaker:`; each piece is flushed by itself. `asked` counts."""

    def __init__(self, head: Head, pieces: list[bytes]) -> None:
        self._status, self._headers = head
        self._pieces = pieces
        self._stack = AsyncExitStack()
        self.url, self.asked = "", 0

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        await request.read()
        headers = {name.decode(): value.decode() for name, value in self._headers}
        answer = web.StreamResponse(status=self._status, headers=headers)
        await answer.prepare(request)
        for piece in self._pieces:
            await answer.write(piece)
        await answer.write_eof()
        return answer
