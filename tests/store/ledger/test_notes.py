"""What has left is noted at once, and has its row whoever reads the ledger next, also where its process was killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from beastmode.store.ledger import notes as ledger_notes
from beastmode.store.ledger.entry import Row, first_id, row_of
from beastmode.store.ledger.notes import LONGEST_REST_S, REST_S, SLOTS, Notes, noted, take_in
from beastmode.store.ledger.reading.use import used_by
from beastmode.store.ledger.schema import REQUESTS
from beastmode.store.ledger.writing.file import LedgerFile
from beastmode.store.ledger.writing.upkeep import finish_killed
from tests.store.ledgers import NOON, entry, opened, recorded, sql

COLUMNS = [str(column.name) for column in REQUESTS.c]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """That of a process that was killed: nobody holds its lock."""
    (tmp_path / "ledger-processes").mkdir()
    return tmp_path / "ledger-processes" / "1-dead"


@pytest.fixture
def notes(file: Path) -> Iterator[Notes]:
    fd = os.open(file, os.O_RDWR | os.O_CREAT)
    yield Notes(fd, COLUMNS)
    os.close(fd)


def name(number: int) -> str:
    return first_id(NOON + number)


def row(number: int, **known: object) -> Row:
    return row_of(entry(NOON + number, id=name(number), **known), "1-dead")


def test_notes_come_back_in_their_order_until_they_are_settled(notes: Notes, file: Path) -> None:
    rows = [row(number) for number in range(3)]
    assert [notes.take(each) for each in rows] == [1, 2, 3]
    assert noted(file) == (COLUMNS, [list(each) for each in rows])
    notes.settle(2)
    assert noted(file) == (COLUMNS, [list(rows[2])])
    notes.settle(3)
    assert noted(file).rows == []


def test_nothing_is_noted_over_what_is_not_in_the_ledger_yet(notes: Notes, file: Path) -> None:
    assert all(notes.take(row(number)) for number in range(SLOTS))
    assert notes.take(row(SLOTS)) == 0
    notes.settle(1)
    assert notes.take(row(SLOTS)) == SLOTS + 1
    assert [each[0] for each in noted(file).rows] == [name(number) for number in range(1, SLOTS + 1)]


@pytest.mark.parametrize("known", [{"path": "/" * 1000}, {"model": "half \ud800"}, {"attempt": 1 << 80}])
def test_what_cannot_be_noted_waits_for_its_row(notes: Notes, file: Path, known: dict[str, object]) -> None:
    assert notes.take(row(1, **known)) == 0
    assert notes.take(row(2)) == 1
    assert len(noted(file).rows) == 1


def test_a_note_that_is_half_written_is_none(notes: Notes, file: Path) -> None:
    for number in range(3):
        notes.take(row(number))
    data = file.read_bytes()
    file.write_bytes(data.replace(name(1).encode(), name(7).encode()))
    assert [each[0] for each in noted(file).rows] == [name(0), name(2)]
    for length in (0, 100, 1024, 6000):
        file.write_bytes(data[:length])
        assert len(noted(file).rows) == (3 if length == 6000 else 0)


def test_a_disk_that_is_slow_is_left_alone_for_a_while(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def slow(fd: int, data: bytes, at: int) -> None:
        now[0] += 1.0

    monkeypatch.setattr("beastmode.store.ledger.notes.monotonic", lambda: now[0])
    monkeypatch.setattr(ledger_notes, "_write", slow)
    assert (notes.take(row(1)), notes.take(row(2))) == (1, 0)
    now[0] += REST_S
    assert notes.take(row(2)) == 2


def test_a_disk_rests_longer_each_time_in_a_row_and_not_for_long_after_it_was_slow_once(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, takes_s = [0.0], [1.0]

    def write(fd: int, data: bytes, at: int) -> None:
        now[0] += takes_s[0]

    def rested_s() -> float:
        """How long it is left alone after a note that was slow."""
        began = now[0] + takes_s[0]
        assert notes.take(row(1))
        while not notes.take(row(1)):
            now[0] += REST_S
        return now[0] - takes_s[0] - began

    monkeypatch.setattr("beastmode.store.ledger.notes.monotonic", lambda: now[0])
    monkeypatch.setattr(ledger_notes, "_write", write)
    assert rested_s() == REST_S
    now[0] += 2 * REST_S
    assert rested_s() == 4 * REST_S
    now[0] += LONGEST_REST_S
    takes_s[0] = 0.0
    notes.take(row(1))
    takes_s[0] = 1.0
    assert rested_s() == REST_S


def test_what_a_killed_process_had_noted_gets_an_outcome_once(
    tmp_path: Path, notes: Notes, file: Path
) -> None:
    for number in range(2):
        notes.take(row(number))
    for _ in range(2):
        asyncio.run(opened(tmp_path / "ledger.db").close())
        found = recorded(tmp_path / "ledger.db")
        assert [(each.id, each.outcome, each.class_) for each in found] == [
            (name(1), "unfinished", "killed"),
            (name(0), "unfinished", "killed"),
        ]
    assert not file.exists()


def test_what_was_settled_does_not_come_back(tmp_path: Path, notes: Notes, file: Path) -> None:
    notes.settle(notes.take(row(1)))
    asyncio.run(opened(tmp_path / "ledger.db").close())
    assert recorded(tmp_path / "ledger.db") == []


def test_a_row_that_is_there_is_not_changed_by_its_note(tmp_path: Path, notes: Notes) -> None:
    notes.take(row(1))
    ledger = LedgerFile(tmp_path / "ledger.db")
    ledger.write([row(1, outcome="upstream_ok")], [])
    finish_killed(ledger)
    ledger.close()
    assert [each.outcome for each in recorded(tmp_path / "ledger.db")] == ["upstream_ok"]


def test_who_reads_a_ledger_finds_what_was_noted_in_it(tmp_path: Path, notes: Notes, file: Path) -> None:
    path = tmp_path / "ledger.db"
    LedgerFile(path).close()
    notes.take(row(1, key="team"))
    assert used_by(path, ["team"], NOON)["team", "2025-11-25"].requests == 1
    notes.take(row(2))
    assert [each.id for each in recorded(path)] == [name(2), name(1)]
    assert file.exists(), "its rows have no outcome yet"


def test_notes_of_a_ledger_that_cannot_be_written_stay_where_they_are(
    tmp_path: Path, notes: Notes, file: Path
) -> None:
    notes.take(row(1))
    take_in(tmp_path / "ledger.db")
    assert not (tmp_path / "ledger.db").exists()
    sql(tmp_path / "ledger.db", "CREATE TABLE mine (x)")
    take_in(tmp_path / "ledger.db")
    assert len(noted(file).rows) == 1


_KILLED_AT_ONCE = """
import asyncio, os, signal, sys
from pathlib import Path
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.writing.ledger import Ledger

async def play():
    ledger = Ledger(Path(sys.argv[1]), strict=sys.argv[2] == "strict")
    request = Entry(received_unix=1764072000.0)
    ledger.begin(request)
    await ledger.leaves(request)
    os.write(1, request.id.encode())
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(play())
"""


@pytest.mark.parametrize("how", ["strict", "noted"])
def test_what_left_in_the_instant_before_kill_9_has_its_row(tmp_path: Path, how: str) -> None:
    path = tmp_path / "ledger.db"
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_AT_ONCE, str(path), how], capture_output=True, text=True
    )
    assert killed.returncode == -9, killed.stderr
    in_ledger = [found for (found,) in sql(path, "SELECT id FROM requests")]
    assert in_ledger == ([killed.stdout] if how == "strict" else []), (
        "the kill came too late to prove anything"
    )
    assert [each.id for each in recorded(path)] == [killed.stdout]
    asyncio.run(opened(path).close())
    assert [(each.id, each.outcome) for each in recorded(path)] == [(killed.stdout, "unfinished")]


def test_without_room_for_notes_each_waits_for_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(fd: int, data: bytes, at: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(ledger_notes, "_write", no_room)

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        request = entry()
        ledger.begin(request)
        await ledger.leaves(request)
        assert sql(ledger.path, "SELECT id FROM requests") == [(request.id,)]
        assert [file.stat().st_size for file in (tmp_path / "ledger-processes").iterdir()] == [0]
        await ledger.close()

    asyncio.run(play())
