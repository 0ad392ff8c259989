"""A model server that remembers all of the head of what it was asked, as it came."""

from __future__ import annotations

from aiohttp import web

from beastmode.testing.model_server import ModelServer, Script


class Overheard(ModelServer):
    """heads: of each request its path with its query, and its headers, as one text."""

    def __init__(self, script: Script | None = None) -> None:
        super().__init__(script)
        self.heads: list[str] = []

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = b"\n".join(b"%b: %b" % pair for pair in request.raw_headers)
        self.heads.append(f"{request.raw_path}\n{headers.decode('latin-1')}")
        return await super()._answer(request)
