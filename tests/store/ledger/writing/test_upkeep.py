"""Old requests make room by age and by size, in small steps, while others are recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode.clock import Clock
from beastmode.store.ledger.writing import writer as ledger_writer
from beastmode.store.ledger.writing.file import LedgerFile
from beastmode.store.ledger.writing.ledger import Ledger
from beastmode.store.ledger.writing.upkeep import (
    MOST_ROWS_A_STEP,
    PAGES_A_STEP,
    ROWS_A_STEP,
    Retention,
    make_room,
    rows_a_step,
)
from beastmode.store.sqlite import room as sqlite_room
from tests.store.ledgers import NOON, end, entry, opened, recorded, sql, upstream_call

DAY_S = 86_400.0


def filled(path: Path, requests: int, body: bytes | None = None, apart_s: float = 1.0) -> None:
    async def play() -> None:
        ledger = opened(path)
        for n in range(requests):
            request = entry(NOON + n * apart_s, answer_body=body)
            ledger.begin(request)
            end(ledger, request, "failed")
        await ledger.close()

    asyncio.run(play())


def steps(file: LedgerFile, retention: Retention, now_unix: float = NOON) -> int:
    number = 1
    while make_room(file, retention, now_unix):
        number += 1
    return number


def test_what_is_too_old_goes_in_steps_and_nothing_else(tmp_path: Path) -> None:
    filled(tmp_path / "ledger.db", 1000, b"body", apart_s=60.0)
    file = LedgerFile(tmp_path / "ledger.db")
    kept = Retention(age_s=DAY_S)
    assert not make_room(file, kept, NOON + DAY_S)
    assert make_room(file, kept, NOON + DAY_S + 700 * 60.0)
    assert len(recorded(file.path)) == 1000 - ROWS_A_STEP
    steps(file, kept, NOON + DAY_S + 700 * 60.0)
    left = recorded(file.path)
    assert [row.received_unix for row in left] == [NOON + n * 60.0 for n in reversed(range(700, 1000))]
    assert sql(file.path, "SELECT count(*) FROM bodies") == [(300,)]
    file.close()


def test_bodies_go_before_their_requests(tmp_path: Path) -> None:
    filled(tmp_path / "ledger.db", 1000, b"body", apart_s=60.0)
    file = LedgerFile(tmp_path / "ledger.db")
    kept = Retention(age_s=30 * DAY_S, bodies_age_s=DAY_S)
    assert not make_room(file, kept, NOON + DAY_S)
    assert make_room(file, kept, NOON + DAY_S + 700 * 60.0)
    assert sql(file.path, "SELECT count(*) FROM bodies") == [(1000 - ROWS_A_STEP,)]
    steps(file, kept, NOON + DAY_S + 700 * 60.0)
    assert sql(file.path, "SELECT count(*) FROM bodies") == [(300,)]
    assert len(recorded(file.path)) == 1000
    file.close()


def test_what_takes_too_much_room_goes_oldest_first_and_the_disk_gets_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_room, "PAGES_KEPT", 8)
    path, kept = tmp_path / "ledger.db", Retention(size_bytes=4_000_000)
    filled(path, 1000, b"x" * 10_000)
    file = LedgerFile(path)
    before = path.stat().st_size
    assert before > 10_000_000
    pages = before / 4096
    assert 1000 * 0.6 / ROWS_A_STEP < steps(file, kept) < 1000 / ROWS_A_STEP + pages / PAGES_A_STEP + 2
    file.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert path.stat().st_size < kept.size_bytes + 100_000
    left = [row.received_unix for row in recorded(path)]
    assert left == [NOON + n for n in reversed(range(1000 - len(left), 1000))]
    assert 250 < len(left) < 400, "some 4 MB of 10 kB bodies; not one step more than needed"
    file.close()


def test_a_ledger_keeps_within_its_size_while_requests_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_writer, "UPKEEP_S", 0.0)
    monkeypatch.setattr(ledger_writer, "STEP_S", 0.0)

    async def worker(ledger: Ledger, start: int) -> None:
        for n in range(start, 8000, 40):
            await upstream_call(ledger, entry(NOON + n, answer_body=b"x" * 2000), "failed")

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db", retention=Retention(size_bytes=4_000_000))
        await asyncio.gather(*(worker(ledger, n) for n in range(40)))
        await ledger.close()
        assert (ledger.alarm, ledger.unwritten) == ("", 0)

    asyncio.run(play())
    assert 500 < len(recorded(tmp_path / "ledger.db")) < 2500
    assert (tmp_path / "ledger.db").stat().st_size < 4_000_000 + sqlite_room.PAGES_KEPT * 4096 + 1_000_000


def test_a_step_is_faster_than_what_comes_and_never_long() -> None:
    assert [rows_a_step(came) for came in (0, 50, 200, 100_000)] == [
        ROWS_A_STEP,
        ROWS_A_STEP,
        400,
        MOST_ROWS_A_STEP,
    ]


def test_an_old_ledger_makes_room_when_it_is_opened(tmp_path: Path) -> None:
    filled(tmp_path / "ledger.db", 250)

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db", clock=Clock(unix=lambda: NOON + 31 * DAY_S))
        async with asyncio.timeout(60):
            while recorded(ledger.path):
                await asyncio.sleep(0.01)
        await ledger.close()

    asyncio.run(play())
