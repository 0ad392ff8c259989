"""A database that cannot be used is left out with a warning that says what to do; the memory serves; it comes back."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beastmode.cache import l3_reader, l3_writer
from beastmode.cache.stack import Stack
from beastmode.store.entries.file import cache_path
from beastmode.store.entries.upkeep import Limits
from beastmode.store.sqlite import file as sqlite_file
from tests.cache.answers import NOON, Wall, answer, key, opened, stored, until, until_found
from tests.crash.disks import fill, mounted

FILES = ("cache.db", "cache.db-wal", "cache.db-shm")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
    monkeypatch.setattr(l3_writer, "RETRY_S", 0.02)
    monkeypatch.setattr(l3_reader, "RETRY_S", 0.02)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "size=2m") as folder:
        yield folder


async def serves(stack: Stack) -> None:
    """Whatever the database does: what is put is at hand, and asking ends."""
    stack.put(key("anything"), answer(b"anything"))
    assert stack.at_hand(key("anything"))
    async with asyncio.timeout(60):
        await stack.find(key("never stored"))


async def comes_back(stack: Stack, path: Path) -> None:
    """The warning goes by itself, and the tier is used again."""
    await until(lambda: not stack.warning)
    stack.put(key("later"), answer(b"later"))
    other = opened(path)
    assert (await until_found(other, "later")).tier == "l3"
    await other.close()
    await stack.close()
    assert stack.warning == ""


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


def another_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()


def newer(path: Path) -> None:
    stored(path, "a")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE cache_format SET version = 99")
    db.close()


def cut_short(path: Path) -> None:
    stored(path, *range(100))
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("spoil", "said", "to_do"),
    [
        (garbage, "not a database", "Move or delete the file"),
        (another_database, "not a cache", "Move or delete the file"),
        (newer, "format 99", "Update beastmode"),
        (cut_short, "malformed", "Move or delete the file"),
    ],
)
def test_a_file_that_is_no_cache_is_left_alone_until_it_is_moved(
    tmp_path: Path, spoil: Callable[[Path], None], said: str, to_do: str
) -> None:
    path = cache_path(tmp_path)
    spoil(path)
    before = path.read_bytes()

    async def play() -> None:
        stack = opened(path)
        await serves(stack)
        await until(lambda: said in stack.warning)
        assert to_do in stack.warning
        assert path.read_bytes() == before
        path.rename(tmp_path / "moved")
        await comes_back(stack, path)

    asyncio.run(play())


def test_an_empty_file_becomes_a_cache(tmp_path: Path) -> None:
    cache_path(tmp_path).touch()

    async def play() -> None:
        stack = opened(cache_path(tmp_path))
        await serves(stack)
        await comes_back(stack, cache_path(tmp_path))

    asyncio.run(play())


def test_a_file_that_is_damaged_while_it_is_used(tmp_path: Path) -> None:
    path = cache_path(tmp_path)
    stored(path, *range(50))

    async def play() -> None:
        stack = opened(path)
        with path.open("r+b") as file:
            file.write(b"\xff" * path.stat().st_size)
        names = iter(range(10_000))
        while not stack.warning:
            stack.put(key(next(names)), answer())
            await stack.find(key(-next(names)))
            await asyncio.sleep(0.001)
        assert "Move or delete the file" in stack.warning
        await serves(stack)
        for name in FILES:
            (tmp_path / name).unlink(missing_ok=True)
        await comes_back(stack, path)

    asyncio.run(play())


def test_an_answer_that_was_damaged_in_the_file_is_no_answer(tmp_path: Path) -> None:
    path = cache_path(tmp_path)
    stored(path, "a", "b")
    with sqlite3.connect(path) as db:
        (a,) = db.execute("SELECT answer FROM entries WHERE key = ?", (key("a"),)).fetchone()
        db.execute("UPDATE entries SET answer = ? WHERE key = ?", (a, key("b")))
    db.close()

    async def play() -> None:
        stack = opened(path)
        assert await stack.find(key("a"))
        assert await stack.find(key("b")) is None
        stack.put(key("b"), answer(b"anew"))
        await stack.close()

    asyncio.run(play())


def test_a_file_that_is_deleted_while_it_is_used_is_begun_again_and_was_a_clear(tmp_path: Path) -> None:
    path = cache_path(tmp_path)

    async def play() -> None:
        stack = opened(path)
        stack.put(key("a"), answer())
        for name in FILES:
            (tmp_path / name).unlink(missing_ok=True)
        await until(lambda: stack.at_hand(key("a")) is None)
        await comes_back(stack, path)

    asyncio.run(play())


def test_a_full_disk(disk: Path) -> None:
    path = cache_path(disk)
    stored(path, "a")

    async def play() -> None:
        stack = opened(path)
        filler = fill(disk)
        names = iter(range(10_000))
        while not stack.warning:  # the write-ahead log has a little room left
            stack.put(key(next(names)), answer(os.urandom(10_000)))
            await asyncio.sleep(0.001)
        assert "full" in stack.warning
        assert "Free space" in stack.warning
        await serves(stack)
        found = await until_found(stack, "a")  # what is there can be read
        assert found.answer.body == b"'a'"
        filler.unlink()
        await comes_back(stack, path)

    asyncio.run(play())


def test_a_disk_that_is_read_only(disk: Path) -> None:
    path = cache_path(disk / "home")

    async def play() -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        stack = opened(path)
        assert "read-only" in stack.warning.lower()
        assert "--home" in stack.warning
        await serves(stack)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        await comes_back(stack, path)

    asyncio.run(play())


def test_a_file_that_another_process_holds(tmp_path: Path) -> None:
    path = cache_path(tmp_path)
    stored(path, "a")

    async def play() -> None:
        stack = opened(path)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        stack.put(key("b"), answer(b"waits"))
        await until(lambda: "Another process" in stack.warning)
        await serves(stack)
        assert (await until_found(stack, "a")).tier == "l3"  # reading goes on
        other.close()
        await comes_back(stack, path)

    asyncio.run(play())
    assert found_by_another(path, "b") == b"waits"


def found_by_another(path: Path, name: object) -> bytes | None:
    async def play() -> bytes | None:
        stack = opened(path)
        found = await stack.find(key(name))
        await stack.close()
        return found.answer.body if found else None

    return asyncio.run(play())


def test_what_a_disk_does_not_take_is_bounded_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(l3_writer, "MOST_WAITING_BYTES", 50_000)
    path = cache_path(tmp_path)

    async def play() -> None:
        stack = opened(path)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for name in range(100):
            stack.put(key(name), answer(bytes(1000)))
            await asyncio.sleep(0)
        dropped = stack.stats().l3_dropped
        assert 100 - dropped == 50_000 // 2024
        other.close()
        await stack.close()
        assert stack.stats().l3_dropped == dropped

    asyncio.run(play())


def test_answers_that_cannot_be_written_keep_no_others_out(tmp_path: Path) -> None:
    path = cache_path(tmp_path)

    async def play() -> None:
        stack = opened(path, limits=Limits(1 << 20))
        stack.put(key("surrogate"), answer(model="half \ud800"))
        stack.put(key("number"), answer(tokens_in=1 << 80))
        stack.put(key("large"), answer(bytes(200_000)))
        stack.put(key("fine"), answer(b"fine"))
        await stack.close()
        assert (stack.warning, stack.stats().l3_dropped) == ("", 3)

    asyncio.run(play())
    assert found_by_another(path, "fine") == b"fine"


def test_old_answers_go_and_so_do_the_oldest_beyond_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(l3_writer, "UPKEEP_S", 0.01)
    path = cache_path(tmp_path)

    async def play() -> None:
        stack = opened(path, wall := Wall(), limits=Limits(400_000, age_s=1000.0))
        for name in range(100):
            stack.put(key(name), answer(os.urandom(10_000), NOON + name, ttl_s=10_000))
        await until(lambda: 20 <= rows(path) <= 40)
        assert oldest(path) > NOON + 50
        wall.unix += 1095
        await until(lambda: rows(path) == 5)
        await stack.close()

    asyncio.run(play())
    assert path.stat().st_size < 5_000_000


def test_the_file_keeps_within_its_bytes_while_many_answers_come(tmp_path: Path) -> None:
    path = cache_path(tmp_path)

    async def play() -> None:
        stack = opened(path, limits=Limits(1 << 20))
        for name in range(20_000):
            stack.put(key(name), answer(os.urandom(1000)))
            if name % 100 == 0:
                await asyncio.sleep(0.001)
        await stack.close()
        assert stack.warning == ""

    asyncio.run(play())
    assert 100 <= rows(path) < 8000
    assert path.stat().st_size < 12_000_000, "20,000 of them are 28 MB"


def rows(path: Path) -> int:
    return int(one_number(path, "SELECT count(*) FROM entries"))


def oldest(path: Path) -> float:
    return one_number(path, "SELECT min(stored_unix) FROM entries")


def one_number(path: Path, statement: str) -> float:
    db = sqlite3.connect(path)
    try:
        (number,) = db.execute(statement).fetchone()
        return float(number)
    finally:
        db.close()
