"""A browser at a page of the dashboard, as `live.js` has it: it follows the events, and asks for its page again when
one is about it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable

import aiohttp

_ABOUT = re.compile(r'data-about="([^"]*)"')
NOBODY_S = 30.0


class Browser:
    """One viewer.   link: with the key.   path: of the page.   seen: told each page as it is shown, and when it was.

    pages, unchanged: how often it was given one, and how often it was told that it has it already.
    """

    def __init__(
        self, link: str, path: str, seen: Callable[[str, float], None] = lambda page, at_s: None
    ) -> None:
        self._link, self._path, self._seen = link, path, seen
        self._base = link.partition("/enter")[0]
        self._about: list[str] = []
        self._mark = ""
        self.pages = self.unchanged = self.bytes = 0

    async def look(self) -> None:
        """Until cancelled."""
        jar = aiohttp.CookieJar(unsafe=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_read=NOBODY_S)
        async with aiohttp.ClientSession(self._base, cookie_jar=jar, timeout=timeout) as session:
            async with session.get(self._link.removeprefix(self._base)) as entered:
                entered.raise_for_status()
            await self._ask(session)
            news = asyncio.Event()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._follow(session, news))
                both.create_task(self._ask_on(session, news))

    async def _follow(self, session: aiohttp.ClientSession, news: asyncio.Event) -> None:
        before: str | None = None
        async with session.get("/events", headers={"Accept": "text/event-stream"}) as events:
            events.raise_for_status()
            async for line in events.content:
                if not line.startswith(b"data: "):
                    continue
                now = line.removeprefix(b"data: ").decode().strip()
                if before is not None and self._is_about_me(before, now):
                    news.set()
                before = now

    async def _ask_on(self, session: aiohttp.ClientSession, news: asyncio.Event) -> None:
        while True:
            await news.wait()
            news.clear()
            await self._ask(session)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        headers = {"HX-Request": "true", "Accept-Encoding": "gzip"}
        if self._mark:
            headers["If-None-Match"] = self._mark
        async with session.get(self._path, headers=headers) as answer:
            page = await answer.text()
            at_s = time.monotonic()
            if answer.status == 304:
                self.unchanged += 1
                return
            answer.raise_for_status()
            self.pages += 1
            self.bytes += len(page)
            self._mark = answer.headers.get("ETag", "")
            if about := _ABOUT.search(page):
                self._about = about[1].split()
            self._seen(page, at_s)

    def _is_about_me(self, before: str, now: str) -> bool:
        was = set(before.split())
        return any(
            part not in was and part.partition("=")[0] in ("life", *self._about) for part in now.split()
        )


async def look(link: str, number: int, paths: list[str]) -> int:
    """So many, at the paths in turn, until stdin ends; the number of their pages. Raises what one of them met."""
    browsers = [Browser(link, paths[each % len(paths)]) for each in range(number)]
    looking = asyncio.gather(*(browser.look() for browser in browsers))
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait((looking, ended), return_when=asyncio.FIRST_COMPLETED)
    if looking.done():
        looking.result()
    looking.cancel()
    return sum(browser.pages for browser in browsers)


if __name__ == "__main__":
    os.nice(10)
    print(asyncio.run(look(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
