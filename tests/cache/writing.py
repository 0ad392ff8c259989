"""A process that stores and asks for answers without end, to be killed. Usage: writing.py FILE SEED; prints `up` when
it is at work. Ends with 1 where an answer is another than was stored, or the database gives a warning."""

from __future__ import annotations

import asyncio
import random
import sys
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
    print("up", flush=True)
    while True:
        name = chance.randrange(NAMES)
        stack.put(key(name), written(name), stack.generation)
        asked = chance.randrange(NAMES)
        found = await stack.find(key(asked))
        assert found is None or found.answer == written(asked), f"{asked} is another answer"
        assert not stack.warning, stack.warning


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), int(sys.argv[2])))
