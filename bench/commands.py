"""`/bin/true`, three at a time, output kept: what a process costs beside its own work."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from pathlib import Path
from shutil import which

from bench.contest import Contender, Figures, MissingError, Row, main
from bench.ours import load, roadmap_of, run

AT_ONCE, COMMAND = 3, "/bin/true"

ROW = Row(
    module="bench.commands",
    title=f"`{COMMAND}` as command tasks, output kept, {AT_ONCE} at once, durability `process`",
    unit="commands/s",
    better="higher",
    target="at least 500/s",
    sizes={"beastmode": 1_000, "asyncio subprocess": 1_000, "GNU parallel": 200},
    rounds=5,
)


def beastmode(size: int) -> Figures:
    """Command tasks: own session and group, watchdog, timeout, CPU and memory of each, journal, report."""
    load()
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        tasks = roadmap_of(size, [COMMAND])
        summary = run(tasks, home, concurrency=AT_ONCE, rates=(), durability="process")
        whole_s = time.perf_counter() - began
    done = summary.tasks["done"]
    return Figures(done / summary.makespan_s, done, {"whole call, commands/s": done / whole_s})


def bare_asyncio(size: int) -> Figures:
    """Three workers that start a process, read its output and wait for it; nothing is recorded."""

    async def worker(share: range) -> int:
        done = 0
        for _ in share:
            process = await asyncio.create_subprocess_exec(
                COMMAND,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            await process.communicate()
            done += process.returncode == 0
        return done

    async def all_of_them() -> tuple[int, float]:
        began = time.perf_counter()
        done = await asyncio.gather(*(worker(range(i, size, AT_ONCE)) for i in range(AT_ONCE)))
        return sum(done), time.perf_counter() - began

    done, took_s = asyncio.run(all_of_them())
    return Figures(done / took_s, done)


def gnu_parallel(size: int) -> Figures:
    """With its job log, which is what it resumes from; output is kept until a job has ended, then printed."""
    if not which("parallel"):
        raise MissingError("apt-get install parallel")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "jobs"
        command = ["parallel", "--will-cite", f"-j{AT_ONCE}", "--joblog", str(log), f"{COMMAND} {{}}"]
        numbers = "".join(f"{i}\n" for i in range(size))
        began = time.perf_counter()
        subprocess.run(command, input=numbers, text=True, check=True)
        took_s = time.perf_counter() - began
        lines = log.read_text(encoding="utf-8").splitlines()[1:]
    done = sum(line.split("\t")[6] == "0" for line in lines)
    return Figures(done / took_s, done)


CONTENDERS: dict[str, Contender] = {
    "beastmode": beastmode,
    "asyncio subprocess": bare_asyncio,
    "GNU parallel": gnu_parallel,
}

if __name__ == "__main__":
    main(CONTENDERS)
