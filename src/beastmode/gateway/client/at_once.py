"""At once: what need not wait is done in the turn of the loop that it came in, and becomes a task where it first waits.

To make a task for each request and have the loop come to it was a tenth of the loop's work for an answer from memory.
Python has eager tasks from 3.12 on; here nothing may ask for the task that it is in before `own_task` has given it one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any


def begin(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """Do what can be done at once; the task that does the rest, None where that was all. Raises what `work` does.
    To be called by the loop: within a task, which `work` could take for its own, all of it becomes another one."""
    if asyncio.current_task() is not None:
        return loop.create_task(work)
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    rest = _going_on(work, waits_for)
    rest.send(None)
    return loop.create_task(rest)


async def own_task() -> asyncio.Task[Any]:
    """The task that this runs in, from here on at the latest."""
    task = asyncio.current_task()
    if task is None:
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
    return task


@coroutine
def _going_on(begun: Coroutine[Any, Any, None], waits_for: object) -> Generator[Any, Any, None]:
    """The rest of what has begun and waits. It has to have begun as well: what has not is never told that it is
    cancelled."""
    waits = [waits_for, None]
    while waits:
        try:
            yield waits.pop()
        except BaseException as error:
            try:
                waits = [begun.throw(error)]
            except StopIteration:
                return
    yield from begun
