"""Changes: everybody who looks hears when there is something new; one watcher looks for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

LOOK_S = 0.1
"""Half of this, on average, is what a page is behind; a look costs some microseconds."""
REST_S, REST_EACH_S, MOST_REST_S = 0.2, 0.012, 0.8
"""After it has told something, and so much more for each who follows: where there is always something new, pages are
made and sent so often and not at every look. A page is a second behind at most."""
STILL_THERE_S = 15.0
"""A comment so often: proxies cut connections that are silent."""


class Changes:
    """Tells versions as they change: `async for version in changes.follow()`.

    version: what it is now; anything else than before means that pages are old.
    The first version comes at once, so that whoever was away sees whether it missed something. Slow readers miss
    versions in between, never the last. "" is told where nothing has changed for a while: to all at once, by the one
    watcher, so that none needs a clock of its own.
    """

    def __init__(self, version: Callable[[], str]) -> None:
        self._version = version
        self._news = asyncio.Event()  # each is set once; the next change has another
        self._now = ""
        self._followers = 0
        self._watcher: asyncio.Task[None] | None = None

    @property
    def told(self) -> str | None:
        """What everybody who follows has been told; None while nobody does."""
        return self._now if self._watcher is not None else None

    async def follow(self) -> AsyncGenerator[str, None]:
        self._followers += 1
        if self._watcher is None:
            self._now = self._look()
            self._watcher = asyncio.get_running_loop().create_task(self._watch())
        try:
            seen = self._now
            yield seen
            while True:
                if self._now == seen:
                    await self._news.wait()
                before, seen = seen, self._now
                yield seen if seen != before else ""
        finally:
            self._followers -= 1
            if not self._followers and self._watcher is not None:
                self._watcher.cancel()
                self._watcher = None

    async def _watch(self) -> None:
        heard_s = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            now = self._look()
            is_new = now != self._now
            if is_new or time.monotonic() - heard_s >= STILL_THERE_S:
                told, self._news, self._now = self._news, asyncio.Event(), now
                told.set()
                heard_s = time.monotonic()
            if is_new:
                rest_s = min(MOST_REST_S, REST_S + REST_EACH_S * self._followers)
                await asyncio.sleep(rest_s - LOOK_S)

    def _look(self) -> str:
        try:
            return self._version()
        except Exception:  # the pages tell what cannot be read; who follows is to hear what comes after
            return self._now
