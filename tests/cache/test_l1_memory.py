"""The memory: never over its bytes, never another answer, never one that has expired; and what it counts is true."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from beastmode.cache.answer import Answer
from beastmode.cache.l1_memory import ENTRY_BYTES, GHOST_BYTES, L1Memory
from tests.cache.answers import NOON, answer, key

NAMES = st.integers(0, 30)
ROOM = 20_000


class Memory(RuleBasedStateMachine):
    """Beside a model that forgets nothing: what the memory has is what was put there last, and fresh."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = L1Memory(ROOM)
        self.put_last: dict[int, Answer] = {}
        self.now = NOON

    @rule(name=NAMES, size=st.integers(0, 2 * ROOM // 10), ttl_s=st.integers(0, 5), ago_s=st.integers(-2, 6))
    def put(self, name: int, size: int, ttl_s: int, ago_s: int) -> None:
        new = answer(bytes([name]) * size, self.now - ago_s, ttl_s)
        kept = self.memory.put(key(name), new, self.now)
        self.put_last[name] = new
        assert kept == (ago_s < ttl_s and new.size + ENTRY_BYTES <= ROOM / 10)
        assert self.memory.get(key(name), self.now) is (new if kept else None)

    @rule(first=NAMES, number=st.integers(1, 20), size=st.sampled_from([0, 300, 900]))
    def put_many(self, first: int, number: int, size: int) -> None:
        """None of them asked for again at once, so that some go as they came."""
        for name in (one % 31 for one in range(first, first + number)):
            self.put_last[name] = answer(bytes([name]) * size, self.now, 5)
            assert self.memory.put(key(name), self.put_last[name], self.now)

    @rule(name=NAMES)
    def get(self, name: int) -> None:
        if (found := self.memory.get(key(name), self.now)) is not None:
            assert found is self.put_last[name]
            assert self.now < found.expires_unix

    @rule(name=NAMES)
    def remove(self, name: int) -> None:
        self.memory.remove(key(name))
        assert self.memory.get(key(name), self.now) is None

    @rule()
    def clear(self) -> None:
        self.memory.clear()
        assert (len(self.memory), self.memory.bytes) == (0, 0)

    @rule(seconds=st.integers(-2, 4))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        for name in self.put_last:
            self.get(name)

    @invariant()
    def its_bytes_are_counted_and_within_bounds(self) -> None:
        kept = [*self.memory._main.values(), *self.memory._small.values()]
        ghosts = len(self.memory._ghosts) * GHOST_BYTES
        assert self.memory.bytes == sum(one.answer.size + ENTRY_BYTES for one in kept) + ghosts <= ROOM
        assert self.memory._small_bytes == sum(one.size for one in self.memory._small.values())
        assert not self.memory._main.keys() & self.memory._small.keys()


TestMemory = Memory.TestCase
TestMemory.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


def test_what_is_asked_for_again_survives_a_flood_of_what_is_asked_once() -> None:
    memory = L1Memory(100_000)
    for name in range(10):
        memory.put(key(name), answer(), NOON)
        memory.get(key(name), NOON)
    for name in range(1000):
        memory.put(key(("once", name)), answer(), NOON)
    assert all(memory.get(key(name), NOON) for name in range(10))


def test_what_went_too_early_is_kept_longer_when_it_comes_again() -> None:
    memory = L1Memory(100_000)
    memory.put(key("early"), answer(), NOON)
    flood = iter(range(10_000))
    while key("early") not in memory._ghosts:
        memory.put(key(("once", next(flood))), answer(), NOON)
    memory.put(key("early"), answer(), NOON)
    for _ in range(100):
        memory.put(key(("once", next(flood))), answer(), NOON)
    assert memory.get(key("early"), NOON)


@pytest.mark.parametrize(("body", "headers"), [(0, 0), (100, 3), (4000, 12), (100_000, 12)])
def test_the_bytes_it_counts_are_those_it_takes(body: int, headers: int) -> None:
    number = 2_000_000 // (body + 1000)
    named = [
        [(f"header-{n}-{h}".encode(), f"value-{n}-{h}".encode()) for h in range(headers)]
        for n in range(number)
    ]
    gc.collect()
    tracemalloc.start()
    memory = L1Memory(1 << 30)
    for n in range(number):
        pairs = tuple((bytes(bytearray(k)), bytes(bytearray(v))) for k, v in named[n])
        tags = tuple(f"tag {n} {t}" for t in range(headers // 3))
        known = (f"model {n}", f"dialect {n}", 1000 + n, 2000 + n)
        new = Answer(200, pairs, bytes(body), NOON + n, 60.5 + n, *known, tags=tags)
        memory.put(key(n), new, NOON)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(memory) == number
    assert taken <= memory.bytes <= 1.25 * taken
