"""A ledger that cannot be written raises an alarm, lets traffic pass, and goes on by itself."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beastmode.errors import LedgerError, LedgerVersionError
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.writing import writer as ledger_writer
from beastmode.store.ledger.writing.ledger import Ledger
from beastmode.store.sqlite import file as sqlite_file
from tests.store.ledgers import NOON, end, entry, opened, recorded, sql, upstream_call


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
    monkeypatch.setattr(ledger_writer, "RETRY_S", 0.02)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB, where this may be had."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("a tmpfs cannot be mounted here; run CI as root")
        pytest.skip("needs root to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.005)


async def passes(ledger: Ledger, requests: int = 3) -> None:
    """Traffic passes: each may leave at once, and ends."""
    for n in range(requests):
        async with asyncio.timeout(10):
            await upstream_call(ledger, entry(NOON + n))


async def goes_on(ledger: Ledger, rows: int) -> None:
    """The alarm goes by itself, and nothing was lost."""
    await until(lambda: not ledger.alarm)
    await ledger.close()
    assert ledger.unwritten == 0
    assert [row.outcome for row in recorded(ledger.path)] == ["upstream_ok"] * rows


def fill(folder: Path) -> Path:
    """Leave no room on a disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4096))
    return filler


def test_a_full_disk(disk: Path) -> None:
    async def play() -> None:
        ledger = opened(disk / "ledger.db")
        await passes(ledger)
        filler = fill(disk)
        sent = 3
        while not ledger.alarm:  # the write-ahead log has a little room left
            await upstream_call(ledger, entry(NOON + sent, tip="t" * 4000))
            sent += 1
        assert "full" in ledger.alarm
        assert "Free space" in ledger.alarm
        filler.unlink()
        await goes_on(ledger, sent)

    asyncio.run(play())


def test_a_disk_that_is_read_only(disk: Path) -> None:
    async def play() -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        ledger = opened(disk / "home" / "ledger.db")
        assert "read-only" in ledger.alarm.lower()
        assert "--home" in ledger.alarm
        await passes(ledger)
        with pytest.raises(LedgerError, match=r"(?i)read-only"):
            opened(disk / "home" / "ledger.db", strict=True)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        await goes_on(ledger, 3)

    asyncio.run(play())


def test_a_ledger_that_another_process_holds(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        other = sqlite3.connect(ledger.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await passes(ledger)
        await until(lambda: ledger.alarm)
        assert "locked" in ledger.alarm
        assert "Another process" in ledger.alarm
        other.close()
        await goes_on(ledger, 3)

    asyncio.run(play())


def test_strict_lets_nothing_leave_that_is_not_recorded(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db", strict=True)
        other = sqlite3.connect(ledger.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for n in range(3):  # the first finds it out, the others know
            request = entry(NOON + n)
            ledger.begin(request)
            with pytest.raises(LedgerError, match="not sent"):
                await ledger.leaves(request)
            end(ledger, request, "rejected")
        other.close()
        await until(lambda: not ledger.alarm)
        await upstream_call(ledger, entry(NOON + 3))
        await ledger.close()

    asyncio.run(play())
    assert [row.outcome for row in recorded(tmp_path / "ledger.db")] == ["upstream_ok", *["rejected"] * 3]


@pytest.mark.parametrize("damaged", ["garbage", "another database"])
def test_a_file_that_is_no_ledger_is_left_alone_until_it_is_moved(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "ledger.db"
    if damaged == "garbage":
        path.write_bytes(b"garbage" * 1000)
    else:
        sql(path, "CREATE TABLE mine (x)")
    before = path.read_bytes()

    async def play() -> None:
        ledger = opened(path)
        assert "Move the file away" in ledger.alarm
        await passes(ledger)
        assert path.read_bytes() == before
        path.rename(tmp_path / "moved")
        await goes_on(ledger, 3)

    asyncio.run(play())


def test_a_file_that_is_damaged_while_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"

    async def play() -> None:
        ledger = opened(path)
        await passes(ledger)
        await ledger.close()
        ledger = opened(path)
        with path.open("r+b") as file:
            file.write(b"\xff" * path.stat().st_size)
        await passes(ledger)
        await until(lambda: ledger.alarm)
        assert "Move the file away" in ledger.alarm
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        await goes_on(ledger, 3)

    asyncio.run(play())


def test_a_file_that_is_deleted_while_it_is_used_is_begun_again(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        await passes(ledger)
        await goes_on(ledger, 3)

    asyncio.run(play())


def test_a_ledger_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    asyncio.run(opened(path).close())
    sql(path, "UPDATE ledger_format SET version = 99")
    before = path.read_bytes()
    with pytest.raises(LedgerVersionError, match="format 99"):
        opened(path)
    with pytest.raises(LedgerVersionError, match="Update beastmode"):
        LedgerReader(path)
    assert path.read_bytes() == before


def test_values_that_cannot_be_stored_keep_no_others_out(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        odd = [entry(NOON, model="half \ud800"), entry(NOON + 1, tokens_in=1 << 80), entry(NOON + 2)]
        await asyncio.gather(*(upstream_call(ledger, request) for request in odd))
        await ledger.close()
        assert (ledger.alarm, ledger.unwritten) == ("", 0)

    asyncio.run(play())
    rows = recorded(tmp_path / "ledger.db")
    assert [row.outcome for row in rows] == ["upstream_ok"] * 3
    assert (rows[2].model, rows[1].tokens_in) == ("half ?", None)


def test_what_memory_cannot_keep_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_writer, "MOST_ROWS", 10)

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        other = sqlite3.connect(ledger.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for n in range(50):
            await upstream_call(ledger, entry(NOON + n))
            await asyncio.sleep(0.005)
        assert ledger.counts.by_outcome["upstream_ok"] == 50
        other.close()
        await until(lambda: not ledger.alarm)
        await ledger.close()
        assert ledger.unwritten > 0
        assert ledger.unwritten + len(recorded(ledger.path)) == 50

    asyncio.run(play())


def test_bodies_go_before_rows_where_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_writer, "MOST_BODY_BYTES", 1000)

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        for n in range(5):
            request = entry(NOON + n, request_body=b"x" * 400)
            ledger.begin(request)
            end(ledger, request, "failed")
        await ledger.close()
        again = opened(ledger.path)
        await upstream_call(again, entry(NOON + 9, answer_body=b"x" * 400), "failed")
        await again.close()

    asyncio.run(play())
    assert len(recorded(tmp_path / "ledger.db")) == 6
    assert len(sql(tmp_path / "ledger.db", "SELECT id FROM bodies")) == 3


def test_nobody_waits_for_a_disk_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 60.0)  # the writer hangs, as it does on a disk that is gone
    monkeypatch.setattr(ledger_writer, "PATIENCE_S", 0.05)

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        other = sqlite3.connect(ledger.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await passes(ledger)
        await until(lambda: ledger.alarm)
        assert "has not answered" in ledger.alarm
        other.close()
        await goes_on(ledger, 3)

    asyncio.run(play())


def test_what_comes_after_the_close_is_counted_as_lost(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        request = entry()
        ledger.begin(request)
        await ledger.close()
        await ledger.leaves(request)
        end(ledger, request, "cancelled")
        assert ledger.unwritten == 1

    asyncio.run(play())
