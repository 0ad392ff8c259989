"""Changes: everybody who looks hears when there is something new; one watcher looks for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

LOOK_S = 0.1
"""Half of this, on average, is what a page is behind; a look costs some microseconds."""
REST_S = 0.5
"""After it has told something: where there is always something new, pages are made so often and not at every look."""
STILL_THERE_S = 15.0
"""A comment so often: proxies cut connections that are silent."""


class Changes:
    """Tells versions as they change: `async for version in changes.follow()`.

    version: what it is now; anything else than before means that pages are old.
    The first version comes at once, so that whoever was away sees whether it missed something. Slow readers miss
    versions in between, never the last. "" is told where nothing has changed for a while.
    """

    def __init__(self, version: Callable[[], str]) -> None:
        self._version = version
        self._news = asyncio.Condition()
        self._now = ""
        self._followers = 0
        self._watcher: asyncio.Task[None] | None = None

    async def follow(self) -> AsyncGenerator[str, None]:
        self._followers += 1
        if self._watcher is None:
            self._now = self._version()
            self._watcher = asyncio.get_running_loop().create_task(self._watch())
        try:
            seen = self._now
            yield seen
            while True:
                if await self._other_than(seen):
                    seen = self._now
                    yield seen
                else:
                    yield ""
        finally:
            self._followers -= 1
            if not self._followers and self._watcher is not None:
                self._watcher.cancel()
                self._watcher = None

    async def _other_than(self, seen: str) -> bool:
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: self._now != seen), STILL_THERE_S)
            except TimeoutError:
                return False
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            now = self._version()
            if now != self._now:
                async with self._news:
                    self._now = now
                    self._news.notify_all()
                await asyncio.sleep(REST_S - LOOK_S)


class Dated:
    """Tells each request which version it is answered from, at least (`request.state.version`): seen before anything is
    read, so that whoever looks on from there misses nothing."""

    def __init__(self, app: ASGIApp, version: Callable[[], str]) -> None:
        self._app, self._version = app, version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["version"] = self._version()
        await self._app(scope, receive, send)
