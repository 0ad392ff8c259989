"""Processes that store and ask for answers without end, to be killed: `python -m tests.cache.writing FILE`.

For each line of seeds it starts a process for every seed, by a fork: what they take is loaded once. Each prints its
number when it is at work, and `wrong` before it ends with 1: where an answer is another than was stored, or the
database gives a warning. When all of a line have ended, their exit codes are printed.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import traceback
from pathlib import Path

from beastmode.cache.answer import Answer
from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.l3_database import L3Database, Limits
from beastmode.cache.stack import Stack
from tests.cache.answers import HEADERS, NOON, Wall, key

NAMES = 2000
LIMITS = Limits(4 << 20)
"""Less than all answers take, so that some are deleted all the time."""


def written(name: int) -> Answer:
    """The answer of a name, the same in every process: of 0 to 60 KB, some of it random."""
    chance = random.Random(name)
    body = chance.randbytes(chance.randrange(2000)) * chance.choice((0, 1, 1, 30))
    return Answer(200, HEADERS, body, NOON, 3600.0, f"model {name % 3}", tokens_in=name)


async def work(path: Path, seed: int) -> None:
    chance, wall = random.Random(seed), Wall()
    stack = Stack(L1Memory(100_000), L3Database(path, LIMITS, wall.clock), wall.clock, 60.0)
    os.write(1, f"{os.getpid()}\n".encode())  # in one: another process writes its own beside it
    while True:
        name = chance.randrange(NAMES)
        stack.put(key(name), written(name), stack.moment)
        asked = chance.randrange(NAMES)
        found = await stack.find(key(asked))
        assert found is None or found.answer == written(asked), f"{asked} is another answer"
        # The other may hold the file for more than the 2 s that are waited, on a busy machine; it goes on by itself.
        assert not stack.warning or "database is locked" in stack.warning, stack.warning


def started(path: Path, seed: int) -> int:
    """The number of a process at work."""
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(work(path, seed))
        except BaseException:
            traceback.print_exc()
            print("wrong", flush=True)
        finally:
            os._exit(1)
    return pid


def main(path: Path) -> None:
    for line in sys.stdin:
        pids = [started(path, int(seed)) for seed in line.split()]
        print(*[os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids], flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
