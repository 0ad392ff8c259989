"""How often a memory of a given size has the answer: S3-FIFO as it is, beside LRU, over one trace.

Usage: cache_eviction.py TRACE.jsonl, with lines of the Mooncake traces: {"hash_ids": [...], "output_length": tokens}.
Without a trace: made-up ones only. Hits in percent of all that was asked; `best` is what a memory without end has.
"""

from __future__ import annotations

import json
import random
import sys
from bisect import bisect
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from beastmode.cache import l1_memory
from beastmode.cache.answer import Answer
from beastmode.cache.l1_memory import ENTRY_BYTES, L1Memory

SHARES = (0.01, 0.05, 0.1, 0.25, 0.5)
"""Of the bytes of all different answers."""
TOKEN_BYTES = 4
Asked = tuple[object, int]
"""What was asked, and the bytes of its answer."""


class Lru:
    """The same interface, least recently used first to go."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.bytes = max_bytes, 0
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()

    def get(self, key: bytes, now_unix: float) -> Answer | None:
        if (answer := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: Answer, now_unix: float) -> bool:
        size = answer.size + ENTRY_BYTES
        if size > l1_memory.LARGEST_SHARE * self.max_bytes:
            return False
        while self.bytes + size > self.max_bytes:
            self.bytes -= self._kept.popitem(last=False)[1].size + ENTRY_BYTES
        self._kept[key] = answer
        self.bytes += size
        return True


def hits(memory: L1Memory | Lru, asked: Iterable[Asked]) -> int:
    had = 0
    for name, size in asked:
        key = repr(name).encode()
        if memory.get(key, 0.0) is None:
            memory.put(key, answer(size), 0.0)
        else:
            had += 1
    return had


def answer(size: int) -> Answer:
    return Answer(200, (), bytes(size), 0.0, 1.0)


def prompts(trace: Path) -> Iterator[Asked]:
    """Each request whole: what an exact cache sees."""
    for line in trace.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield tuple(row["hash_ids"]), row["output_length"] * TOKEN_BYTES


def blocks(trace: Path) -> Iterator[Asked]:
    """Each block of 512 tokens of the prompts for itself: the same people and hours, with far more returns."""
    for line in trace.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield from ((name, row["output_length"] * TOKEN_BYTES) for name in row["hash_ids"])


def popular(skew: float, once: float, number: int = 300_000, different: int = 50_000) -> Iterator[Asked]:
    """Made up: Zipf-like popularity; `once` is the share of questions that are never asked again."""
    chance = random.Random(7)
    weights = list(accumulate(1 / rank**skew for rank in range(1, different + 1)))
    sizes = random.Random(8)
    size_of = [int(sizes.lognormvariate(7.2, 1.0)) for _ in range(different)]
    for n in range(number):
        if chance.random() < once:
            yield ("once", n), size_of[n % different]
        else:
            rank = bisect(weights, chance.random() * weights[-1])
            yield rank, size_of[rank]


def main() -> None:
    trace = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    traces = (
        {"Mooncake, whole prompts": list(prompts(trace)), "Mooncake, blocks": list(blocks(trace))}
        if trace
        else {}
    )
    traces["made up, skew 0.8"] = list(popular(0.8, 0.0))
    traces["made up, skew 0.8, half asked once"] = list(popular(0.8, 0.5))
    print("| trace | asked | best | memory | S3-FIFO | LRU |\n|---|---|---|---|---|---|")
    for title, asked in traces.items():
        sizes = {name: answer(size).size + ENTRY_BYTES for name, size in asked}
        best, total = 100 * (1 - len(sizes) / len(asked)), sum(sizes.values())
        for share in SHARES:
            room = int(share * total)
            ours, lru = (100 * hits(memory, asked) / len(asked) for memory in (L1Memory(room), Lru(room)))
            print(f"| {title} | {len(asked):,} | {best:.1f} | {share:.0%} | {ours:.2f} | {lru:.2f} |")


if __name__ == "__main__":
    main()
