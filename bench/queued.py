"""A million tasks in line: the memory they need, and how long until the first one starts.

Counted from an empty list in a program that has loaded nothing: making the tasks is part of it. The run ends, by
its budget, soon after the first start; its report is over all of them.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time

from bench.contest import Contender, Figures, Row, main
from bench.ours import roadmap_of, run

AT_ONCE, STARTED = 3, 30

ROW = Row(
    module="bench.queued",
    title="1,000,000 queued tasks",
    unit="peak MB at the first start",
    better="lower",
    target="under 300 MB, first start within 5 s",
    sizes={"beastmode": 1_000_000, "an asyncio.Task each": 1_000_000},
    rounds=2,
)


def beastmode(size: int) -> Figures:
    """Tasks of the Python API, all free to start; `STARTED` of them do."""
    began = time.perf_counter()
    first: list[tuple[float, float, float]] = []
    ran = 0

    async def nothing() -> None:
        nonlocal ran
        ran += 1
        if not first:
            first.append((time.perf_counter() - began, time.process_time(), peak_mb()))

    with tempfile.TemporaryDirectory() as home:
        tasks = roadmap_of(size, nothing)
        summary = run(tasks, home, concurrency=AT_ONCE, rates=(), durability="process", max_attempts=STARTED)
        whole_s = time.perf_counter() - began
    assert summary.tasks["done"] == ran
    first_s, first_cpu_s, first_mb = first[0]
    also = {
        "first start, s": first_s,
        "CPU until then, s": first_cpu_s,
        "report and end, s": whole_s - first_s,
    }
    return Figures(first_mb, summary.tasks["total"], also)


def a_task_each(size: int) -> Figures:
    """What `asyncio.gather` over a semaphore does: every waiting task is a coroutine."""
    began = time.perf_counter()
    first: list[tuple[float, float, float]] = []
    ran = 0

    async def nothing(slots: asyncio.Semaphore) -> None:
        nonlocal ran
        async with slots:
            ran += 1
            if not first:  # the loop comes to it when all tasks exist
                first.append((time.perf_counter() - began, time.process_time(), peak_mb()))
            await asyncio.sleep(0)

    async def all_of_them() -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        waiting = [asyncio.ensure_future(nothing(slots)) for _ in range(size)]
        while ran < min(size, STARTED):
            await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(all_of_them())
    first_s, first_cpu_s, first_mb = first[0]
    return Figures(first_mb, size, {"first start, s": first_s, "CPU until then, s": first_cpu_s})


def peak_mb() -> float:
    """The most memory this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


CONTENDERS: dict[str, Contender] = {"beastmode": beastmode, "an asyncio.Task each": a_task_each}

if __name__ == "__main__":
    main(CONTENDERS)
