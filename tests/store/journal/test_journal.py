"""The journal: what is acknowledged stays, once; a newer file is left alone. Full disks: tests/crash."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from beastmode.errors import JournalError, JournalVersionError
from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, CONTROL, LIMITS, RUN_STARTED, Event
from beastmode.settings import Durability
from beastmode.store.journal.journal import VERSION, Journal, JournalReader

DURABILITIES: tuple[Durability, ...] = ("full", "process")


def read(path: Path, run: int = 1) -> list[Event]:
    reader = JournalReader(path)
    try:
        return list(reader.events(run))
    finally:
        reader.close()


def play(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


@pytest.mark.parametrize("durability", DURABILITIES)
def test_what_is_appended_comes_back_in_order(tmp_path: Path, durability: Durability) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        run = journal.new_run({"roadmap": "r"})
        await asyncio.gather(*(journal.append("x", run, f"t{n}", n, {"n": n}) for n in range(500)))
        journal.append("last", run)
        await journal.close()

    play(write())
    events = read(tmp_path / "journal.db")
    assert [event.kind for event in events] == [RUN_STARTED, *["x"] * 500, "last"]
    assert [event.data["n"] for event in events[1:-1]] == list(range(500))
    assert [event.seq for event in events] == sorted(event.seq for event in events)


@pytest.mark.parametrize("durability", DURABILITIES)
def test_an_acknowledged_event_is_there_for_others_at_once(tmp_path: Path, durability: Durability) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        await journal.append("x", 1)
        assert [event.kind for event in read(tmp_path / "journal.db")] == ["x"]
        await journal.close()

    play(write())


@pytest.mark.parametrize("durability", DURABILITIES)
@pytest.mark.parametrize("kind", [ATTEMPT_STARTED, ATTEMPT_ENDED])
def test_an_attempt_is_recorded_once(tmp_path: Path, durability: Durability, kind: str) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        await journal.append(kind, 1, "t", 1, {"end": "done"})
        with pytest.raises(JournalError, match="cannot be written"):
            await journal.append(kind, 1, "t", 1, {"end": "failed"})
        assert journal.trouble is not None
        await journal.close()

    play(write())
    assert [event.data for event in read(tmp_path / "journal.db")] == [{"end": "done"}]


def test_runs_are_numbered_one_after_the_other(tmp_path: Path) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db")
        assert [journal.new_run({}) for _ in range(3)] == [1, 2, 3]
        await journal.close()

    play(write())


def test_a_newer_journal_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    play(_make(path))
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for opens in (lambda: Journal(path), lambda: JournalReader(path)):
        with pytest.raises(JournalVersionError, match="newer") as refused:
            opens()
        assert refused.value.tip
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"a diary, " * 100)
    with pytest.raises(JournalError, match="not a journal"):
        Journal(path)
    assert path.read_bytes() == b"a diary, " * 100


async def _make(path: Path) -> None:
    journal = Journal(path)
    journal.new_run({})
    await journal.close()


def test_what_people_ask_of_a_run_is_found_among_all_else(tmp_path: Path) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db")
        for run in (1, 2):
            for task in "ab":
                journal.append(ATTEMPT_STARTED, run, task, 1)
                await journal.append(CONTROL, run, task, data={"action": "pause"})
        await journal.close()

    play(write())
    reader = JournalReader(tmp_path / "journal.db")
    asked = reader.controls(2)
    assert [(event.run, event.task) for event in asked] == [(2, "a"), (2, "b")]
    assert reader.controls(2, asked[0].seq) == asked[1:]
    assert [event.kind for event in reader.attempts(2, "b")] == [ATTEMPT_STARTED]
    reader.close()


def test_troubles_of_all_runs_are_found_among_all_else(tmp_path: Path) -> None:
    """Ends that failed, and what may have led to them; an attempt that only speaks of failure is none."""
    well = {"end": "done", "said": 'the word "failure" in quotes'}
    failed = {"end": "failed", "failure": {"class": "timeout"}}

    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", "process")
        for run in (journal.new_run({}), journal.new_run({})):
            for number in range(100):
                await journal.append(ATTEMPT_STARTED, run, f"t{number}", 1)
                await journal.append(ATTEMPT_ENDED, run, f"t{number}", 1, failed if number == 50 else well)
            await journal.append(LIMITS, run, data={"reason": "auto"})
        await journal.close()

    play(write())
    reader = JournalReader(tmp_path / "journal.db")
    told = list(reader.troubles())
    assert [(event.kind, event.run) for event in told] == [
        (ATTEMPT_ENDED, 1),
        (LIMITS, 1),
        (ATTEMPT_ENDED, 2),
        (LIMITS, 2),
    ]
    assert list(reader.troubles(told[1].seq)) == told[2:]
    assert reader.last_seq() == told[-1].seq
    reader.close()


def test_a_journal_from_before_there_was_control_gets_the_index_of_it(tmp_path: Path) -> None:
    play(Journal(tmp_path / "journal.db").close())
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("DROP INDEX controls")
    play(Journal(tmp_path / "journal.db").close())
    with sqlite3.connect(tmp_path / "journal.db") as db:
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'controls'").fetchone() == (1,)


def test_a_file_that_was_made_a_moment_ago_has_no_runs(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    sqlite3.connect(path).execute("PRAGMA journal_mode = wal").close()
    reader = JournalReader(path)
    assert (list(reader.runs()), reader.is_made) == ([], False)
    asyncio.run(Journal(path).close())
    assert (list(reader.runs()), reader.is_made) == ([], True)
    reader.close()
