"""Group commit, cancelled waiters, closing with work pending, and other processes at the same file."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.errors import JournalError
from beastmode.settings import Durability
from beastmode.store.journal import file as journal_file
from beastmode.store.journal.ballast import BALLAST_BYTES
from beastmode.store.journal.journal import Journal, JournalReader

DURABILITIES: tuple[Durability, ...] = ("full", "process")
both = pytest.mark.parametrize("durability", DURABILITIES)


def numbers(path: Path, after: int = 0) -> list[int]:
    with closing(JournalReader(path)) as reader:
        return [event.data["n"] for event in reader.events(1, after)]


def commits(journal: Journal) -> list[str]:
    """Fills up with a COMMIT for each that the journal makes from now on."""
    seen: list[str] = []
    journal._db.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    return seen


@settings(max_examples=60, deadline=None)
@given(
    durability=st.sampled_from(DURABILITIES),
    steps=st.lists(st.sampled_from(["append", "append", "turn", "wait", "cancel", "give up"]), max_size=40),
)
def test_whatever_the_waiters_do_each_event_is_written_once_in_order(
    durability: Durability, steps: list[str]
) -> None:
    """`cancel` takes back the last future, `give up` a task that waits for it; both only stop the waiting."""

    async def write(path: Path) -> int:
        journal = Journal(path, durability)
        appended, last = 0, asyncio.get_running_loop().create_future()
        last.set_result(None)
        for step in steps:
            if step == "append":
                last = journal.append("x", 1, data={"n": appended})
                appended += 1
            elif step == "turn":
                await asyncio.sleep(0)
            elif step == "wait":
                with suppress(asyncio.CancelledError):
                    await last
                    assert appended == 0 or numbers(path)[-1] == appended - 1
            elif step == "cancel":
                last.cancel()
            else:
                waiter = asyncio.ensure_future(asyncio.wait_for(last, 60))
                await asyncio.sleep(0)
                waiter.cancel()
                await asyncio.wait([waiter])
        await journal.close()
        assert journal.trouble is None
        return appended

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        appended = asyncio.run(write(path))
        assert numbers(path) == list(range(appended))


@both
def test_what_is_appended_in_one_turn_is_one_commit(tmp_path: Path, durability: Durability) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        seen = commits(journal)
        await asyncio.gather(*(journal.append("x", 1, data={"n": n}) for n in range(300)))
        assert len(seen) == 1
        await journal.close()

    asyncio.run(write())


def test_what_comes_while_a_commit_is_under_way_is_the_next_one(tmp_path: Path) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", "full")
        seen = commits(journal)
        with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # the first commit waits for this
            first = journal.append("x", 1, data={"n": 0})
            for n in range(1, 200):
                await asyncio.sleep(0)
                last = journal.append("x", 1, data={"n": n})
            assert not first.done()
            other.execute("ROLLBACK")
        await last
        assert first.done()
        assert len(seen) == 2
        await journal.close()

    asyncio.run(write())
    assert numbers(tmp_path / "journal.db") == list(range(200))


@both
def test_close_writes_what_is_pending_and_under_way(tmp_path: Path, durability: Durability) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        under_way = journal.append("x", 1, data={"n": 0})
        await asyncio.sleep(0)
        pending = journal.append("x", 1, data={"n": 1})
        await journal.close()
        assert under_way.done()
        assert pending.done()
        await journal.close()

    asyncio.run(write())
    assert numbers(tmp_path / "journal.db") == [0, 1]


@both
def test_close_says_what_could_not_be_written(tmp_path: Path, durability: Durability) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        for _ in range(2):
            journal.append("attempt_ended", 1, "t", 1)
        with pytest.raises(JournalError, match="UNIQUE"):
            await journal.close()

    asyncio.run(write())


@both
def test_after_close_nothing_is_taken(tmp_path: Path, durability: Durability) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        await journal.close()
        with pytest.raises(JournalError, match="closed"):
            await journal.append("x", 1)

    asyncio.run(write())


@both
def test_one_who_holds_the_journal_for_long_is_not_taken_for_a_full_disk(
    tmp_path: Path, durability: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "BUSY_S", 0.05)

    async def write() -> None:
        journal = Journal(tmp_path / "journal.db", durability)
        with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalError, match="locked") as failed:
                await journal.append("x", 1, data={"n": 0})
            assert "Another process" in failed.value.tip
            other.execute("ROLLBACK")
        await journal.append("x", 1, data={"n": 1})
        await journal.close()

    asyncio.run(write())
    assert numbers(tmp_path / "journal.db") == [1]
    assert (tmp_path / "ballast").stat().st_size == BALLAST_BYTES


def test_a_ballast_that_was_cut_short_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / "ballast").write_bytes(b"x")
    asyncio.run(Journal(tmp_path / "journal.db").close())
    assert (tmp_path / "ballast").stat().st_size == BALLAST_BYTES


WRITER = """
import asyncio, sys
from pathlib import Path
from beastmode.store.journal.journal import Journal

async def write():
    journal = Journal(Path(sys.argv[1]), sys.argv[2])
    for n in range(int(sys.argv[3])):
        await journal.append("x", 1, data={"n": n, "text": "x" * 3000})
        print(n, flush=True)
    await journal.close()

asyncio.run(write())
"""


@both
def test_a_reader_sees_what_another_process_has_said_is_safe(tmp_path: Path, durability: Durability) -> None:
    """At every moment a beginning of all the events, never shorter than what is said to be safe; checkpoints and
    the last writer's leave included."""
    path, most = tmp_path / "journal.db", 1500 if durability == "process" else 600
    asyncio.run(Journal(path).close())
    command = [sys.executable, "-c", WRITER, str(path), durability, str(most)]
    looks = 0
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer,
        closing(JournalReader(path)) as reader,
    ):
        assert writer.stdout is not None
        seen: list[int] = []
        for line in writer.stdout:
            if int(line) % 7 and int(line) < most - 1:
                continue
            last = len(seen)
            seen += [event.data["n"] for event in reader.events(1, after=last)]
            assert len(seen) > int(line), "said to be safe, and not to be seen"
            looks += 1
        assert seen == list(range(most))
        assert writer.wait(60) == 0
    assert looks > most / 10
    assert numbers(path) == list(range(most))


@both
def test_a_runner_that_ends_takes_nothing_away_from_one_at_work(
    tmp_path: Path, durability: Durability
) -> None:
    """Reading the file in between must not make SQLite's locks forget that we are at work: the other one would
    delete the WAL, and what we record after that would be lost."""
    path = tmp_path / "journal.db"
    other = [sys.executable, "-c", WRITER, str(path), "full", "1"]
    killed = [sys.executable, "-c", AT_WORK, str(path), durability, *other]
    assert subprocess.run(killed).returncode == 9
    with closing(JournalReader(path)) as reader:
        assert [event.data["n"] for event in reader.events(2)] == [1, 2]


AT_WORK = """
import asyncio, os, subprocess, sys
from pathlib import Path
from beastmode.store.journal.journal import Journal, JournalReader

async def write():
    path = Path(sys.argv[1])
    journal = Journal(path, sys.argv[2])
    await journal.append("mine", 2, data={"n": 1})
    reader = JournalReader(path)
    assert len(list(reader.events(2))) == 1
    reader.close()
    subprocess.run(sys.argv[3:], check=True, stdout=subprocess.DEVNULL)
    await journal.append("mine", 2, data={"n": 2})
    os._exit(9)

asyncio.run(write())
"""
