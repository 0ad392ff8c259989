"""Tasks that do nothing, 50 at once: what a task costs beside its own work.

The rate is over the time from the first start to the last recorded end. `whole call` also has what comes before
and after: planning, and reading the journal back for the report.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

from bench.contest import Contender, Figures, MissingError, Row, main
from bench.ours import load, roadmap_of, run

AT_ONCE = 50

ROW = Row(
    module="bench.noop",
    title=f"no-op tasks, {AT_ONCE} at once, durability `process`",
    unit="tasks/s",
    better="higher",
    target="at least 20,000/s",
    sizes={"beastmode": 20_000, "asyncio + SQLite": 20_000, "huey": 2_000},
    rounds=5,
)


def beastmode(size: int) -> Figures:
    """Python callables in the runner's process; every attempt's start and end in the journal, and a report."""
    ran = 0

    async def nothing() -> None:
        nonlocal ran
        ran += 1

    load()
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        tasks = roadmap_of(size, nothing)
        summary = run(tasks, home, concurrency=AT_ONCE, rates=(), durability="process")
        whole_s = time.perf_counter() - began
    assert summary.tasks["done"] == ran
    return Figures(ran / summary.makespan_s, ran, {"whole call, tasks/s": ran / whole_s})


class Log:
    """The least that records starts and ends: SQLite, WAL, one commit for all that one turn of the loop brings."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE log (seq INTEGER PRIMARY KEY, task INTEGER, kind TEXT, at REAL)"
        )
        self._rows: list[tuple[int, str, float]] = []
        self._waiting: list[asyncio.Future[None]] = []

    def append(self, task: int, kind: str) -> asyncio.Future[None]:
        """A future that is done once the record is committed."""
        loop = asyncio.get_running_loop()
        if not self._rows:
            loop.call_soon(self._commit)
        self._rows.append((task, kind, time.monotonic()))
        self._waiting.append(loop.create_future())
        return self._waiting[-1]

    def _commit(self) -> None:
        rows, self._rows = self._rows, []
        waiting, self._waiting = self._waiting, []
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO log (task, kind, at) VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")
        for future in waiting:
            future.set_result(None)

    def close(self) -> int:
        """Close it; returns how many ends it has."""
        (ends,) = self._db.execute("SELECT count(*) FROM log WHERE kind = 'ended'").fetchone()
        self._db.close()
        return int(ends)


def bare_asyncio(size: int) -> Figures:
    """Fifty workers and a log: no limits, no retries, no timeouts, no states, no resume, no report."""

    async def nothing() -> None:
        return None

    async def worker(tasks: range, log: Log) -> None:
        for task in tasks:
            await log.append(task, "started")
            await nothing()
            await log.append(task, "ended")

    async def all_of_them(log: Log) -> float:
        began = time.perf_counter()
        await asyncio.gather(*(worker(range(i, size, AT_ONCE), log) for i in range(AT_ONCE)))
        return time.perf_counter() - began

    with tempfile.TemporaryDirectory() as home:
        log = Log(Path(home) / "log.db")
        took_s = asyncio.run(all_of_them(log))
        ends = log.close()
    return Figures(ends / took_s, ends)


def huey(size: int) -> Figures:
    """Fifty worker threads over SQLite; filling the queue is not counted."""
    try:
        from huey import SqliteHuey
    except ImportError:
        raise MissingError("pip install 'beastmode[bench]'") from None

    ended: list[int] = []
    over = threading.Event()
    with tempfile.TemporaryDirectory() as home:
        queue = SqliteHuey("bench", filename=str(Path(home) / "huey.db"), results=False, timeout=60)

        @queue.task()
        def nothing(number: int) -> None:
            ended.append(number)
            if len(ended) == size:
                over.set()

        for number in range(size):
            nothing(number)
        consumer = queue.create_consumer(workers=AT_ONCE, periodic=False, initial_delay=0.01, max_delay=0.1)
        began = time.perf_counter()
        consumer.start()
        over.wait()
        took_s = time.perf_counter() - began
        consumer.stop(graceful=True)
    return Figures(len(set(ended)) / took_s, len(set(ended)))


CONTENDERS: dict[str, Contender] = {"beastmode": beastmode, "asyncio + SQLite": bare_asyncio, "huey": huey}

if __name__ == "__main__":
    main(CONTENDERS)
