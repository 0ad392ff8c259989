"""A WAL that is cut off or has a bit flipped: what comes before the damage is all there, nothing after it is, and
the run goes on from that."""

from __future__ import annotations

import asyncio
import bisect
import random
import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, Event
from beastmode.store.journal.journal import Journal, JournalReader
from tests.crash.commands import WORKERS, workers

CASES = 1_000
HEADER, FRAME_HEADER, PAGE = 32, 24, 4096
FRAME = FRAME_HEADER + PAGE


@pytest.mark.timeout(300)
@pytest.mark.slow
@pytest.mark.parametrize("commits", [60, 500], ids=["all in the WAL", "checkpointed before"])
def test_what_is_before_the_damage_is_there_and_nothing_else(tmp_path: Path, commits: int) -> None:
    """500 cuts and 500 flipped bits in each journal."""
    hot = tmp_path / "hot"
    whole = asyncio.run(killed_journal(hot, commits))
    wal = (hot / "journal.db-wal").read_bytes()
    here = tmp_path / "case"
    ends, kept = boundaries(hot, here, wal)
    assert kept[-1] == len(whole)
    assert (kept[0] > 0) == (commits > 60)
    rng, losses = random.Random(commits), 0
    for case in range(CASES):
        at = rng.randrange(ends[-1] + FRAME)
        read = events_after_damage(hot, here, damaged(wal, at, rng, cut=case % 2 == 0))
        expected = kept[bisect.bisect_right(ends, at) - 1]
        assert read == whole[:expected], f"case {case}: damage at {at}: {len(read)} events, not {expected}"
        losses += expected < len(whole)
    print(f"\n{CASES} damages, {losses} of them lost a suffix; 0 that lost more or anything else")
    assert losses > CASES / 2


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_a_run_goes_on_from_a_torn_wal(tmp_path: Path) -> None:
    cases = workers("torn", *([str(tmp_path), str(seed), "20"] for seed in range(WORKERS)))
    assert [case for case in cases if case["broken"]] == []
    assert len(cases) == 20 * WORKERS


async def killed_journal(folder: Path, commits: int) -> list[Event]:
    """The files of a journal as a kill would leave them, and its events."""
    live = folder.with_name("live")
    journal = Journal(live / "journal.db", "process")
    run = journal.new_run({"roadmap": "r"})
    for number in range(commits):
        started = journal.append(ATTEMPT_STARTED, run, f"t{number}", 1)
        if number % 3:  # groups of one and of two
            await started
        await journal.append(
            ATTEMPT_ENDED, run, f"t{number}", 1, {"end": "done", "text": "x" * (number % 700)}
        )
    events = read(live / "journal.db")
    folder.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(live / name, folder)
    await journal.close()
    return events


def boundaries(hot: Path, here: Path, wal: bytes) -> tuple[list[int], list[int]]:
    """Where each commit ends in the WAL, and how many events are there when it is cut there. The first is the
    header: without one frame, what the journal itself holds is there."""
    salt = wal[16:24]
    ends = [0]
    for at in range(HEADER, len(wal), FRAME):
        _, pages, frame_salt = struct.unpack_from(">II8s", wal, at)
        if frame_salt != salt:  # frames of before the last checkpoint
            break
        if pages:
            ends.append(at + FRAME)
    return ends, [len(events_after_damage(hot, here, wal[:end])) for end in ends]


def damaged(wal: bytes, at: int, rng: random.Random, *, cut: bool) -> bytes:
    if cut or at >= len(wal):
        return wal[:at]
    flipped = bytearray(wal)
    flipped[at] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def events_after_damage(hot: Path, here: Path, wal: bytes) -> list[Event]:
    """What a reader sees; then the journal is opened, written and whole, and holds the same and one event more."""
    here.mkdir(exist_ok=True)
    (here / "journal.db-shm").unlink(missing_ok=True)
    shutil.copy(hot / "journal.db", here)
    (here / "journal.db-wal").write_bytes(wal)
    seen = read(here / "journal.db")
    asyncio.run(add_one(here / "journal.db"))
    assert read(here / "journal.db")[:-1] == seen
    with closing(sqlite3.connect(here / "journal.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return seen


async def add_one(path: Path) -> None:
    journal = Journal(path, "process")
    await journal.append("one_more", 1)
    await journal.close()


def read(path: Path) -> list[Event]:
    with closing(JournalReader(path)) as reader:
        return list(reader.events(1))
