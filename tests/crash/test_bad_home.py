"""Homes and journals that cannot be used: refused with words, and left as they were."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from beastmode.store.journal.journal import VERSION
from tests.crash.commands import beast, unavailable
from tests.crash.disks import mounted

ONE = "tasks: [{id: a, command: 'touch ran'}]"
NOISE = random.Random(1).randbytes(8192)
HEADER = b"SQLite format 3\0"
HEADER_AND_NOISE = HEADER + NOISE[len(HEADER) : 60] + bytes(4) + NOISE[64:]
"""The version, at 60, is none that would be taken for a newer one."""


def refused(folder: Path, *arguments: str, code: int, says: str, before: tuple[str, ...] = ()) -> None:
    """`beast run` ends with words and a tip, and has run nothing."""
    (folder / "roadmap.yaml").write_text(ONE, encoding="ascii")
    ended = beast(folder, "run", "roadmap.yaml", *arguments, before=before)
    assert ended.returncode == code, ended.stderr
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 2, "an error is what happened, and a tip"
    assert not (folder / "ran").exists()


def home_with(folder: Path, content: bytes) -> Path:
    journal = folder / ".beast" / "journal.db"
    journal.parent.mkdir()
    journal.write_bytes(content)
    return journal


def test_a_read_only_home(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "ro") as disk:
        refused(tmp_path, "--home", str(disk / "home"), code=2, says="Read-only file system")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / ".beast").write_text("not a folder", encoding="ascii")
    refused(tmp_path, code=2, says="--home")


def test_a_journal_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / ".beast" / "journal.db").mkdir(parents=True)
    refused(tmp_path, code=74, says="Is a directory")


@pytest.mark.parametrize(
    "content",
    [b"a diary, " * 1000, b"short", NOISE, HEADER + bytes(8176), HEADER_AND_NOISE],
    ids=["text", "short", "noise", "a header and zeros", "a header and noise"],
)
def test_a_journal_that_is_garbage(tmp_path: Path, content: bytes) -> None:
    journal = home_with(tmp_path, content)
    refused(tmp_path, code=74, says="journal.db")
    assert journal.read_bytes() == content
    ended = beast(tmp_path, "status")
    assert ended.returncode == 74, ended.stderr
    assert "journal.db" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_journal_with_damaged_pages(tmp_path: Path) -> None:
    (tmp_path / "roadmap.yaml").write_text(ONE, encoding="ascii")
    assert beast(tmp_path, "run", "roadmap.yaml").returncode == 0
    (tmp_path / "ran").unlink()
    journal = tmp_path / ".beast" / "journal.db"
    data = journal.read_bytes()
    journal.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
    refused(tmp_path, code=74, says=".recover")


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    journal = home_with(tmp_path, b"")
    with closing(sqlite3.connect(journal)) as db:
        db.executescript("CREATE TABLE events (name TEXT); PRAGMA user_version = 1")
    refused(tmp_path, code=74, says="no such column")
    with closing(sqlite3.connect(journal)) as db:
        assert db.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_an_unreadable_journal(tmp_path: Path) -> None:
    journal = home_with(tmp_path, b"")
    journal.chmod(0)
    powerless: tuple[str, ...] = ()
    if os.geteuid() == 0:
        unavailable("setpriv", "" if shutil.which("setpriv") else "it is not installed (util-linux)")
        powers = "-dac_override,-dac_read_search"
        powerless = ("setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}")
    refused(tmp_path, code=74, says="Permission denied", before=powerless)


@pytest.mark.parametrize("in_the_wal", [False, True], ids=["closed", "the version stands only in the WAL"])
def test_a_newer_journal_is_untouched(tmp_path: Path, in_the_wal: bool) -> None:
    newer = f"""
import os, sqlite3
db = sqlite3.connect({str(tmp_path / ".beast/journal.db")!r})
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE events_of_the_future (what)")
db.execute("PRAGMA user_version = {VERSION + 1}")
db.commit()
os._exit(0) if {in_the_wal} else db.close()
"""
    (tmp_path / ".beast").mkdir()
    subprocess.run([sys.executable, "-c", newer], check=True)
    before = journal_files(tmp_path / ".beast")
    assert ("journal.db-wal" in before) == in_the_wal
    refused(tmp_path, code=2, says="newer")
    assert journal_files(tmp_path / ".beast") == before
    ended = beast(tmp_path, "status")
    assert (ended.returncode, "newer" in ended.stderr) == (2, True), ended.stderr
    assert journal_files(tmp_path / ".beast") == before


def journal_files(home: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of the journal and its WAL. The index beside the WAL is made anew by any reader."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in home.glob("journal.db*")
        if not path.name.endswith("-shm")
    }


@pytest.mark.parametrize("what", [".beast/journal.db*", ".beast/journal.db-wal", ".beast"])
@pytest.mark.parametrize("durability", ["full", "process"])
def test_a_journal_deleted_in_mid_run(tmp_path: Path, what: str, durability: str) -> None:
    """Nothing more starts: what can no longer be recorded would be run again by whoever resumes."""
    tasks = [f"rm -r {what}", *(f"touch t{number}" for number in range(1, 20))]
    lines = [f"  - {{id: t{n}, command: '{command}'}}" for n, command in enumerate(tasks)]
    text = "\n".join(["limits: {concurrency: 1, rate: none}", "tasks:", *lines])
    (tmp_path / "roadmap.yaml").write_text(text, encoding="ascii")
    ended = beast(tmp_path, "run", "roadmap.yaml", "--durability", durability)
    assert ended.returncode == 74, ended.stderr
    assert "deleted or replaced" in ended.stderr
    assert "Find what deletes it" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "t1").exists()


def test_a_second_runner_is_told_who_the_first_is(tmp_path: Path) -> None:
    text = "tasks: [{id: a, command: 'touch at_work; until [ -e enough ]; do sleep 0.02; done; echo >> ran'}]"
    (tmp_path / "roadmap.yaml").write_text(text, encoding="ascii")
    command = [sys.executable, "-m", "beastmode", "run", "roadmap.yaml"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as first:
        deadline = time.monotonic() + 60
        while not (tmp_path / "at_work").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        second = beast(tmp_path, "run", "roadmap.yaml")
        (tmp_path / "enough").touch()
        assert first.wait(60) == 0
    assert second.returncode == 2, second.stderr
    assert f"run r1, process {first.pid}" in second.stderr
    assert (tmp_path / "ran").read_text(encoding="ascii") == "\n"
