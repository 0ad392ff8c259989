"""Two stacks on one file, in any order of events: what is found was put for that key, is fresh, and was not cleared."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from beastmode.cache import l3_writer
from beastmode.cache.answer import Answer
from beastmode.cache.stack import Found, Stack
from beastmode.store.entries.file import cache_path
from beastmode.store.entries.upkeep import clear, clear_tag
from tests.cache.answers import Wall, answer, key, opened, until

NAMES = st.integers(0, 5)
WHICH = st.integers(0, 1)
TAGS = st.sampled_from(["x", "y", "all"])


class TwoStacks(RuleBasedStateMachine):
    """Beside a model that keeps all that was put since the last clear."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.wall = Wall()
        self.put_since_clear: dict[int, list[Answer]] = defaultdict(list)
        self.may_be_gone: set[int] = set()
        self.stacks = [self.opened(), self.opened()]

    def opened(self) -> Stack:
        return opened(cache_path(self.home), self.wall, max_bytes=20_000)

    @rule(which=WHICH, name=NAMES, size=st.integers(0, 3000), ttl_s=st.integers(1, 40), tag=TAGS)
    def put(self, which: int, name: int, size: int, ttl_s: int, tag: str) -> None:
        new = answer(bytes([name]) * size, self.wall.unix, ttl_s, tags=(tag, "all"))
        self.stacks[which].put(key(name), new, self.stacks[which].moment)
        self.put_since_clear[name].append(new)
        self.may_be_gone.discard(name)

    @rule(which=WHICH, name=NAMES)
    def at_hand(self, which: int, name: int) -> None:
        self.fits(name, self.stacks[which].at_hand(key(name)))

    @rule(which=WHICH, name=NAMES)
    def find(self, which: int, name: int) -> None:
        self.fits(name, self.runner.run(self.stacks[which].find(key(name))))

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds: int) -> None:
        self.wall.unix += seconds

    @rule()
    def is_cleared(self) -> None:
        before = self.stacks[0].moment
        clear(cache_path(self.home), self.wall.unix)
        self.runner.run(until(lambda: before not in [stack.moment for stack in self.stacks]))
        self.put_since_clear.clear()

    @rule(tag=TAGS)
    def a_tag_is_cleared(self, tag: str) -> None:
        before = self.stacks[0].moment
        clear_tag(cache_path(self.home), tag, self.wall.unix)
        self.runner.run(until(lambda: before not in [stack.moment for stack in self.stacks]))
        for name, put in self.put_since_clear.items():
            self.put_since_clear[name] = [one for one in put if tag not in one.tags]
            if self.put_since_clear[name] != put:
                self.may_be_gone.add(name)  # one of before may still be in a memory, or in none

    @rule(which=WHICH)
    def start_again(self, which: int) -> None:
        self.runner.run(self.stacks[which].close())
        self.stacks[which] = self.opened()

    @rule()
    def nothing_is_lost(self) -> None:
        """Both end and start again: all that was stored and is fresh is still there."""
        for which in (0, 1):
            self.start_again(which)
        for name, put in self.put_since_clear.items():
            found = self.runner.run(self.stacks[0].find(key(name)))
            self.fits(name, found)
            assert (
                found or name in self.may_be_gone or not all(self.wall.unix < one.expires_unix for one in put)
            )

    def fits(self, name: int, found: Found | None) -> None:
        if found is not None:
            assert found.answer in self.put_since_clear[name]
            assert self.wall.unix < found.answer.expires_unix
            assert found.age_s == self.wall.unix - found.answer.stored_unix

    def teardown(self) -> None:
        for stack in self.stacks:
            self.runner.run(stack.close())
            assert stack.warning == ""
        self.runner.close()
        shutil.rmtree(self.home)


def test_two_stacks_and_a_model() -> None:
    with patch.object(l3_writer, "LOOK_S", 0.01), patch.object(l3_writer, "GATHER_S", 0.001):
        run_state_machine_as_test(
            TwoStacks, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
        )
