"""Servers in a thread of their own, for tests that are not asynchronous, or that start processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def in_thread(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """`with in_thread(ModelServer()) as server:` enters it on a loop of its own, and leaves it at the end."""
    entered: Future[tuple[T, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = Thread(target=lambda: asyncio.run(_live(server, entered)), name="test server", daemon=True)
    thread.start()
    value, loop, stop = entered.result(timeout=30)
    try:
        yield value
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)


async def _live(
    server: AbstractAsyncContextManager[T],
    entered: Future[tuple[T, asyncio.AbstractEventLoop, asyncio.Event]],
) -> None:
    stop = asyncio.Event()
    try:
        async with server as value:
            entered.set_result((value, asyncio.get_running_loop(), stop))
            await stop.wait()
    except BaseException as error:
        if not entered.done():
            entered.set_exception(error)
        raise
