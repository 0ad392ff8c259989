"""The tiers together: what is in one is found, what was cleared is not, and a slow tier is not waited for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import pytest

from beastmode.cache import l3_reader
from beastmode.cache.stack import Stack
from beastmode.store.entries.file import EntriesFile, TierCount, cache_path
from beastmode.store.entries.upkeep import Limits, clear
from tests.cache.answers import NOON, Wall, answer, key, opened, stored, until, until_found


def test_what_was_put_is_at_hand() -> None:
    stack = opened(None, wall := Wall())
    assert stack.at_hand(key("a")) is None
    stack.put(key("a"), answer(b"body"))
    wall.unix += 2.5
    found = stack.at_hand(key("a"))
    assert found is not None
    assert (found.answer.body, found.tier, found.age_s) == (b"body", "l1", 2.5)


def test_what_another_process_stored_is_found_and_then_at_hand(tmp_path: Path) -> None:
    stored(cache_path(tmp_path), "a", "b")

    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        assert stack.at_hand(key("a")) is None
        found = await stack.find(key("a"))
        assert found is not None
        assert (found.answer, found.tier, found.age_s) == (answer(b"'a'"), "l3", 0.0)
        assert stack.at_hand(key("a")) is not None
        assert await stack.find(key("c")) is None
        assert stack.stats().l1 == TierCount(1, 2)
        assert stack.stats().l3 == TierCount(1, 1)
        await stack.close()

    asyncio.run(play())


def test_what_was_removed_is_found_nowhere_until_it_is_put_again(tmp_path: Path) -> None:
    stored(cache_path(tmp_path), "a", "b")

    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        reading = asyncio.create_task(stack.find(key("a")))  # the database is being asked
        await asyncio.sleep(0)
        stack.remove(key("a"))
        assert await reading is None
        assert await stack.find(key("a")) is None
        assert await stack.find(key("b")) is not None
        await stack.close()
        again = opened(cache_path(tmp_path))
        assert await again.find(key("a")) is None
        again.put(key("a"), answer(b"new"), again.moment)
        assert await again.find(key("a")) is not None
        again.remove(key("a"))
        again.put(key("a"), answer(b"newer"), again.moment)
        await again.close()
        last = opened(cache_path(tmp_path))
        found = await last.find(key("a"))
        assert found is not None
        assert found.answer.body == b"newer"
        await last.close()

    asyncio.run(play())


def test_what_was_removed_from_a_memory_alone_is_gone() -> None:
    stack = opened(None, Wall())
    stack.put(key("a"), answer(b"body"))
    stack.remove(key("a"))
    assert stack.at_hand(key("a")) is None


def test_many_that_ask_the_same_at_once_get_it_and_one_that_goes_away_disturbs_nobody(tmp_path: Path) -> None:
    stored(cache_path(tmp_path), "a")

    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        asking = [asyncio.create_task(stack.find(key("a"))) for _ in range(100)]
        await asyncio.sleep(0)
        asking[0].cancel()
        found = await asyncio.gather(*asking[1:])
        assert all(one and one.answer.body == b"'a'" for one in found)
        await stack.close()

    asyncio.run(play())


def test_what_was_put_while_the_database_was_asked_is_found(tmp_path: Path) -> None:
    stored(cache_path(tmp_path), "another")

    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        reading = asyncio.create_task(stack.find(key("a")))
        await asyncio.sleep(0)
        stack.put(key("a"), answer(b"just now"))
        found = await reading
        assert found is not None
        assert found.answer.body == b"just now"
        await stack.close()

    asyncio.run(play())


def test_what_has_expired_is_found_in_no_tier(tmp_path: Path) -> None:
    stored(cache_path(tmp_path), "a", "b")

    async def play() -> None:
        stack = opened(cache_path(tmp_path), wall := Wall())
        assert await stack.find(key("a"))
        wall.unix += 3600
        assert await stack.find(key("a")) is None
        assert await stack.find(key("b")) is None
        await stack.close()

    asyncio.run(play())


def test_what_is_too_large_for_the_memory_is_found_in_the_database(tmp_path: Path) -> None:
    async def play() -> None:
        stack = opened(cache_path(tmp_path), max_bytes=10_000)
        stack.put(key("large"), answer(bytes(5000)))
        assert stack.at_hand(key("large")) is None
        assert (await until_found(stack, "large")).tier == "l3"
        assert stack.at_hand(key("large")) is None
        await stack.close()

    asyncio.run(play())


def test_a_clear_reaches_a_running_stack_in_all_tiers(tmp_path: Path) -> None:
    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        stack.put(key("a"), answer())
        await until(lambda: stored_rows(tmp_path) == 1)
        clear(cache_path(tmp_path), NOON)
        await until(lambda: stack.at_hand(key("a")) is None)
        assert await stack.find(key("a")) is None
        stack.put(key("a"), answer(b"new"), stack.moment)
        assert (await until_found(stack, "a")).answer.body == b"new"
        await stack.close()

    asyncio.run(play())
    assert stored_rows(tmp_path) == 1


def test_a_stack_that_keeps_nothing_on_disk_is_cleared_all_the_same(tmp_path: Path) -> None:
    stored(cache_path(tmp_path), "of before")

    async def play() -> None:
        stack = opened(cache_path(tmp_path), limits=Limits(0))
        stack.put(key("a"), answer())
        assert await stack.find(key("a"))
        assert await stack.find(key("b")) is None
        assert stack.stats().l3 is None
        await until(lambda: stored_rows(tmp_path) == 0)
        clear(cache_path(tmp_path), NOON)
        await until(lambda: stack.at_hand(key("a")) is None)
        await stack.close()
        assert stack.warning == ""

    asyncio.run(play())


def stored_rows(home: Path) -> int:
    file = EntriesFile(cache_path(home), NOON)
    try:
        (number,) = file.db.execute("SELECT count(*) FROM entries").fetchone()
        return int(number)
    finally:
        file.close()


def test_an_answer_that_is_being_written_when_the_cache_is_cleared_does_not_come_back(tmp_path: Path) -> None:
    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        since = stack.moment
        other = EntriesFile(cache_path(tmp_path), NOON)
        other.db.execute("BEGIN IMMEDIATE")  # the writer has to wait, with an answer in its hands
        stack.put(key("a"), answer())
        other.db.execute("UPDATE cache_state SET generation = 7")
        other.db.execute("COMMIT")
        other.close()
        await until(lambda: stack.moment.generation == 7)
        stack.put(key("b"), answer(), since)  # it was asked for before the clear
        assert await stack.find(key("a")) is None
        assert await stack.find(key("b")) is None
        await stack.close()

    asyncio.run(play())
    assert stored_rows(tmp_path) == 0


def test_an_answer_that_is_being_read_when_the_cache_is_cleared_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(cache_path(tmp_path), "a")

    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        assert stack._l3 is not None
        read = stack._l3.read(key("a"), 60.0)
        assert read is not None
        was_read = await read
        assert was_read is not None
        clear(cache_path(tmp_path), NOON)
        await until(lambda: stack.moment.generation != was_read.generation)
        late: l3_reader.Future = asyncio.get_running_loop().create_future()
        late.set_result(was_read)
        monkeypatch.setattr(stack._l3, "read", lambda *_: late)
        assert await stack.find(key("a")) is None
        assert stack.at_hand(key("a")) is None
        await stack.close()

    asyncio.run(play())


def test_a_database_that_does_not_answer_is_left_out_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(cache_path(tmp_path), "a", "b")
    answers = slow_disk(monkeypatch)

    async def play() -> None:
        stack = opened(cache_path(tmp_path), patience_s=0.01)
        assert await stack.find(key("a")) is None  # after 10 ms
        assert "has not answered in time" in stack.warning
        assert await stack.find(key("a")) is None  # at once
        assert (stack.stats().l3, stack.stats().l3_left_out) == (TierCount(0, 2), 1)
        answers.set()
        await until(lambda: not stack.warning)
        stack._patience_s = 60.0
        assert await stack.find(key("b"))
        await stack.close()

    asyncio.run(play())


def slow_disk(monkeypatch: pytest.MonkeyPatch) -> Event:
    """A disk that answers nothing before the event is set."""
    event, read = Event(), l3_reader.L3Reader._read

    def slowly(self: l3_reader.L3Reader, name: bytes) -> l3_reader.Read | None:
        event.wait(60)
        return read(self, name)

    monkeypatch.setattr(l3_reader.L3Reader, "_read", slowly)
    return event


def test_how_long_looks_take_is_told_once_there_were_some(tmp_path: Path) -> None:
    stored(cache_path(tmp_path), "a")

    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        assert stack.took_s() == {"l1": [], "l3": []}
        for _ in range(3):
            assert await stack.find(key("a"))
        took_s = stack.took_s()
        assert (len(took_s["l1"]), len(took_s["l3"])) == (32, 1)
        assert 0 < min(took_s["l1"]) < took_s["l3"][0]
        assert stack.took_s() == took_s  # nobody has asked for anything since
        assert stack.stats().l1 == TierCount(2, 1)
        await stack.close()

    asyncio.run(play())


def test_two_stacks_share_one_file(tmp_path: Path) -> None:
    async def play() -> tuple[Stack, Stack]:
        one, other = (opened(cache_path(tmp_path), wall=Wall()) for _ in range(2))
        one.put(key("a"), answer(b"from one"))
        other.put(key("b"), answer(b"from the other"))
        assert (await until_found(other, "a")).answer.body == b"from one"
        assert (await until_found(one, "b")).answer.body == b"from the other"
        await one.close()
        await other.close()
        return one, other

    one, other = asyncio.run(play())
    assert (one.warning, other.warning) == ("", "")


def test_after_its_close_nothing_is_kept_and_nothing_breaks(tmp_path: Path) -> None:
    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        await stack.close()
        await stack.close()
        stack.put(key("a"), answer())
        assert stack.stats().l3_dropped == 1
        assert await stack.find(key("b")) is None

    asyncio.run(play())
    assert stored_rows(tmp_path) == 0
