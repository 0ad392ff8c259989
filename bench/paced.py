"""70 tasks of 100 ms each, three at once, eight starts a second: how close to the bound, and was the limit kept?

The time is from the first start to the last end, and starts are counted by the tasks themselves. The bound is for
the window that a contender keeps: ours is padded (1.05 s), so that 8/s hold at a server with jitter on the way.
"""

from __future__ import annotations

import asyncio
import math
import subprocess
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from shutil import which

from bench.contest import Contender, Figures, MissingError, Row, main, most_in_window
from bench.ours import roadmap_of, run

WORK_S, AT_ONCE, STARTS = 0.1, 3, 8
SIZE = 70

ROW = Row(
    module="bench.paced",
    title=f"{SIZE} tasks x 100 ms, {AT_ONCE} at once, {STARTS}/s",
    unit="seconds",
    better="lower",
    target="within 3 % of the bound with the padded window, never over 8 starts in any second",
    sizes=dict.fromkeys(
        ("beastmode", "asyncio, token bucket", "asyncio, spaced", "huey", "GNU parallel"), SIZE
    ),
    rounds=2,
)


def figures(starts: list[float], ends: list[float], bound_s: float | None = None) -> Figures:
    """From the stamps of the tasks.   bound_s: None for a window of one second."""
    took_s = max(ends) - min(starts)
    if bound_s is None:
        full_windows = math.ceil(len(starts) / STARTS) - 1
        bound_s = max(full_windows + WORK_S, len(starts) * WORK_S / AT_ONCE)
    most = most_in_window(starts)
    return Figures(
        took_s,
        len(ends),
        {"bound s": bound_s, "over the bound, %": 100 * (took_s / bound_s - 1), "most starts in 1 s": most},
    )


def beastmode(size: int) -> Figures:
    """As a user has it: default durability, report included. The bound is the one its summary prints."""
    starts: list[float] = []

    async def work() -> None:
        starts.append(time.monotonic())
        await asyncio.sleep(WORK_S)

    with tempfile.TemporaryDirectory() as home:
        tasks = roadmap_of(size, work)
        summary = run(tasks, home, concurrency=AT_ONCE, rates=f"{STARTS}/s")
    found = figures(starts, [min(starts) + summary.makespan_s], summary.lower_bound_s)
    return Figures(found.value, summary.tasks["done"], found.also)


def token_bucket(size: int) -> Figures:
    """What most limiters do: a bucket of eight tokens, refilled at eight a second."""
    tokens, refilled = float(STARTS), time.monotonic()

    async def admit() -> None:
        nonlocal tokens, refilled
        while True:
            now = time.monotonic()
            tokens, refilled = min(STARTS, tokens + (now - refilled) * STARTS), now
            if tokens >= 1:
                tokens -= 1
                return
            await asyncio.sleep((1 - tokens) / STARTS)

    return asyncio.run(_by_asyncio(size, admit))


def spaced(size: int) -> Figures:
    """Even spacing: an eighth of a second between two starts."""
    due = time.monotonic()

    async def admit() -> None:
        nonlocal due
        due = max(due, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
        due += 1 / STARTS

    return asyncio.run(_by_asyncio(size, admit))


async def _by_asyncio(size: int, admit: Callable[[], Awaitable[None]]) -> Figures:
    slots, turn = asyncio.Semaphore(AT_ONCE), asyncio.Lock()
    starts: list[float] = []
    ends: list[float] = []

    async def work() -> None:
        async with slots:
            async with turn:
                await admit()
            starts.append(time.monotonic())
            await asyncio.sleep(WORK_S)
            ends.append(time.monotonic())

    await asyncio.gather(*(work() for _ in range(size)))
    return figures(starts, ends)


def huey(size: int) -> Figures:
    """Its own rate limit and three worker threads, over SQLite."""
    try:
        from huey import SqliteHuey
    except ImportError:
        raise MissingError("pip install 'beastmode[bench]'") from None

    starts: list[float] = []
    ends: list[float] = []
    over = threading.Event()
    with tempfile.TemporaryDirectory() as home:
        queue = SqliteHuey("bench", filename=str(Path(home) / "huey.db"), results=False)

        @queue.task(retries=10_000)
        @queue.rate_limit("starts", STARTS, 1)
        def work() -> None:
            starts.append(time.monotonic())
            time.sleep(WORK_S)
            ends.append(time.monotonic())
            if len(ends) == size:
                over.set()

        for _ in range(size):
            work()
        consumer = queue.create_consumer(
            workers=AT_ONCE, periodic=False, initial_delay=0.01, max_delay=0.1, scheduler_interval=1
        )
        consumer.start()
        over.wait()
        consumer.stop(graceful=True)
    return figures(starts, ends)


def gnu_parallel(size: int) -> Figures:
    """Its `--delay` of an eighth of a second; stamps from its own job log."""
    if not which("parallel"):
        raise MissingError("apt-get install parallel")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "jobs"
        command = [
            "parallel",
            "--will-cite",
            f"-j{AT_ONCE}",
            "--delay",
            str(1 / STARTS),
            "--joblog",
            str(log),
        ]
        numbers = "".join(f"{i}\n" for i in range(size))
        subprocess.run([*command, f"sleep {WORK_S}; : {{}}"], input=numbers, text=True, check=True)
        fields = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()[1:]]
    starts = [float(line[2]) for line in fields]
    return figures(starts, [start + float(line[3]) for start, line in zip(starts, fields, strict=True)])


CONTENDERS: dict[str, Contender] = {
    "beastmode": beastmode,
    "asyncio, token bucket": token_bucket,
    "asyncio, spaced": spaced,
    "huey": huey,
    "GNU parallel": gnu_parallel,
}

if __name__ == "__main__":
    main(CONTENDERS)
