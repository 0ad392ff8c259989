"""What the tests of the cache share: keys, answers, stacks, and time that is passed in."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beastmode.cache.answer import Answer
from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.l3_database import L3Database, Limits
from beastmode.cache.stack import Found, Stack
from beastmode.clock import Clock

NOON = 1_764_072_000.0
"""2025-11-25 12:00:00 UTC."""
HEADERS = ((b"content-type", b"application/json"), (b"x-request-id", b"req_1"))


class Wall:
    """A wall clock that stands still until it is set."""

    def __init__(self, unix: float = NOON) -> None:
        self.unix = unix
        self.clock = Clock(unix=lambda: self.unix)


def key(name: object) -> bytes:
    return hashlib.blake2b(repr(name).encode(), digest_size=32).digest()


def answer(body: bytes = b"{}", stored_unix: float = NOON, ttl_s: float = 3600.0, **known: Any) -> Answer:
    return Answer(200, HEADERS, body, stored_unix, ttl_s, **{"model": "m", "dialect": "openai", **known})


def opened(path: Path | None, wall: Wall | None = None, **options: Any) -> Stack:
    """A stack with a memory of 1 MB, and a database where a path is named."""
    clock = (wall or Wall()).clock
    limits = options.pop("limits", Limits())
    l3 = None if path is None else L3Database(path, limits, clock)
    return Stack(L1Memory(options.pop("max_bytes", 1 << 20)), l3, clock, **{"patience_s": 60.0, **options})


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.005)


async def until_found(stack: Stack, name: object) -> Found:
    """Ask until it is there."""
    async with asyncio.timeout(60):
        while (found := await stack.find(key(name))) is None:
            await asyncio.sleep(0.005)
    return found


def stored(path: Path, *names: object, wall: Wall | None = None) -> None:
    """Have a cache with an answer of each of these names, closed again."""

    async def play() -> None:
        here = wall or Wall()
        stack = opened(path, here)
        for name in names:
            stack.put(key(name), answer(repr(name).encode(), here.unix))
        await stack.close()

    asyncio.run(play())
