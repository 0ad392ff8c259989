"""Tags: which an answer has by itself, which a client may name, and that a clear of one reaches what runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.cache.answer import Answer
from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.tags import HEADER, MOST_CHARACTERS, MOST_SAID, of_ours, said_in, tag_of
from beastmode.store.entries.file import EntriesFile, cache_path
from beastmode.store.entries.upkeep import clear_tag
from tests.cache.answers import NOON, answer, key, opened, until, until_found


def test_what_an_answer_is_known_as_by_itself() -> None:
    known = of_ours("m", "https://me:secret@host:8443/v1", "r7", "a/b c?")
    assert known == ("model:m", "upstream:host:8443", "run:r7", "task:a/b c?")
    assert of_ours("m", "http://h/", "", "") == ("model:m", "upstream:h")
    assert len(of_ours("m" * 1000, "http://h", "", "")[0]) == 256 == len(tag_of("model", "m" * 300))


def test_what_was_kept_before_there_were_tags_is_known_by_its_model() -> None:
    assert answer().known_as == ("model:m",)
    assert answer(tags=("x",)).known_as == ("x",)


@pytest.mark.parametrize(
    ("said", "tags", "dropped"),
    [
        ([], (), False),
        ([b""], (), False),
        ([b"a, b"], ("a", "b"), False),
        ([b" a,,b ,a", b"team/x@1.2:y=z+_-"], ("a", "b", "team/x@1.2:y=z+_-"), False),
        ([b"a b, c"], ("c",), True),
        ([b"a\x00, \xff, -x, <b>, \xc3\xa9, good"], ("good",), True),
        ([b"x" * (MOST_CHARACTERS + 1) + b"," + b"y" * MOST_CHARACTERS], ("y" * MOST_CHARACTERS,), True),
        ([b"model:m, Run:r7, upstream:x, task:a, models:m"], ("models:m",), True),
        ([b",".join(b"t%d" % n for n in range(99))], tuple(f"t{n}" for n in range(MOST_SAID)), True),
    ],
)
def test_what_a_client_may_name(said: list[bytes], tags: tuple[str, ...], dropped: bool) -> None:
    headers = [(b"accept", b"*/*"), *((HEADER, value) for value in said)]
    assert said_in(headers) == (tags, dropped)


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_whatever_is_said_few_short_plain_words_come_of_it(values: list[bytes]) -> None:
    tags, _ = said_in([(HEADER, value) for value in values])
    assert len(tags) <= MOST_SAID
    assert all(0 < len(tag) <= MOST_CHARACTERS and tag.isascii() and tag.isprintable() for tag in tags)
    assert len(set(tags)) == len(tags)


def test_the_memory_forgets_a_tag_wherever_it_lies() -> None:
    memory = L1Memory(1 << 20)
    for name in range(100):
        memory.put(key(name), answer(tags=("x",) if name % 2 else ("y", "z")), NOON)
        memory.get(key(name), NOON)
    memory.forget(frozenset(("x", "none")))
    assert [name for name in range(100) if memory.get(key(name), NOON)] == list(range(0, 100, 2))
    memory.forget(frozenset(("z",)))
    assert (len(memory), memory.bytes) == (0, 0)


def test_a_clear_of_a_tag_reaches_a_running_stack_in_all_tiers(tmp_path: Path) -> None:
    async def play() -> None:
        stack, other = (opened(cache_path(tmp_path)) for _ in range(2))
        for name in ("x", "y"):
            stack.put(key(name), answer(name.encode(), tags=(name,)))
            await until_found(other, name)
        assert clear_tag(cache_path(tmp_path), "x", NOON) == 1
        for one in (stack, other):
            while one.at_hand(key("x")):
                await asyncio.sleep(0.005)
            assert await one.find(key("x")) is None
            assert one.at_hand(key("y")) is not None
        stack.put(key("x"), answer(b"new", tags=("x",)), stack.moment)
        assert (await until_found(other, "x")).answer == answer(b"new", tags=("x",))
        await stack.close()
        await other.close()

    asyncio.run(play())


def test_an_answer_that_is_on_its_way_when_its_tag_is_cleared_does_not_come_back(tmp_path: Path) -> None:
    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        since = stack.moment
        other = EntriesFile(cache_path(tmp_path), NOON)
        other.db.execute("BEGIN IMMEDIATE")  # the writer has to wait, with an answer in its hands
        stack.put(key("written"), answer(tags=("x",)))
        other.db.execute("UPDATE cache_state SET clears = 1")
        other.db.execute("INSERT INTO cache_cleared VALUES ('x', 1, 0)")
        other.db.execute("COMMIT")
        other.close()
        await until(lambda: stack.moment.clears == 1)
        for name, tag in (("asked", "x"), ("another", "y")):
            stack.put(key(name), answer(tags=(tag,)), since)  # asked for before the clear
        assert await stack.find(key("written")) is None
        assert await stack.find(key("asked")) is None
        assert await stack.find(key("another")) is not None
        await stack.close()
        again = opened(cache_path(tmp_path))
        assert [await again.find(key(name)) is None for name in ("written", "asked", "another")] == [
            True,
            True,
            False,
        ]
        await again.close()

    asyncio.run(play())


def test_what_still_lies_in_the_database_is_not_given_once_its_tag_is_cleared(tmp_path: Path) -> None:
    async def play() -> None:
        stack = opened(cache_path(tmp_path), max_bytes=5000)
        stack.put(key("a"), answer(bytes(1000), tags=("x",)))
        assert (await until_found(stack, "a")).tier == "l3"
        file = EntriesFile(cache_path(tmp_path), NOON)
        file.clear_tag("x")  # and then it was killed
        file.close()
        await until(lambda: stack.moment.clears == 1)
        assert await stack.find(key("a")) is None
        await stack.close()

    asyncio.run(play())


def test_tags_come_back_from_the_database(tmp_path: Path) -> None:
    async def play() -> Answer:
        first = opened(cache_path(tmp_path))
        first.put(key("a"), answer(tags=("x", "model:m")))
        await first.close()
        second = opened(cache_path(tmp_path))
        found = await second.find(key("a"))
        assert found is not None
        await second.close()
        return found.answer

    assert asyncio.run(play()).tags == ("x", "model:m")
