"""A disk that is full, for real: nothing more starts, what runs is finished and recorded, 74; then it goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from beastmode.errors import JournalError
from beastmode.settings import Durability
from beastmode.store.journal.journal import Journal, JournalReader
from tests.crash.commands import beast
from tests.crash.disks import fill

DURABILITIES: tuple[Durability, ...] = ("full", "process")
TASKS = 12
NOTE = "echo $BEAST_ID >> effects"


def write_roadmap(folder: Path, first: str) -> None:
    """The first task does `first`; two more are at work until it has; the rest comes after."""
    wait = f"{NOTE}; until [ -e filled ]; do sleep 0.02; done; sleep 0.2"
    tasks = [("t0", f"{NOTE}; {first}; touch filled"), ("t1", wait), ("t2", wait)]
    tasks += [(f"t{number}", NOTE) for number in range(3, TASKS)]
    lines = [f"  - {{id: {name}, command: {command!r}}}" for name, command in tasks]
    text = "\n".join(["limits: {concurrency: 3, rate: none}", "tasks:", *lines])
    (folder / "roadmap.yaml").write_text(text, encoding="ascii")


def run(folder: Path, home: Path, durability: str = "full") -> subprocess.CompletedProcess[str]:
    return beast(folder, "run", "roadmap.yaml", "--home", str(home), "--durability", durability)


def effects(folder: Path) -> Counter[str]:
    return Counter((folder / "effects").read_text(encoding="ascii").split())


def ends(home: Path) -> Counter[str]:
    """How often each task has a result."""
    with closing(JournalReader(home / "journal.db")) as reader:
        events = list(reader.events(1))
    return Counter(event.task for event in events if event.data.get("end") == "done")


def assert_whole(home: Path) -> None:
    with closing(sqlite3.connect(home / "journal.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("durability", DURABILITIES)
def test_full_in_mid_run(tmp_path: Path, small_disk: Path, durability: str) -> None:
    """The ballast makes room for the ends of what is in flight: nothing of it is run again."""
    write_roadmap(tmp_path, f"cat /dev/zero > {small_disk}/fill")
    home = small_disk / "home"
    ended = run(tmp_path, home, durability)
    assert ended.returncode == 74, ended.stderr
    assert "Free space" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert_whole(home)
    recorded = ends(home)
    assert recorded == effects(tmp_path), "what was at work is finished and recorded"
    assert {"t0", "t1", "t2"} <= set(recorded)
    assert len(recorded) < TASKS, "it went on starting tasks"
    (small_disk / "fill").unlink()
    again = run(tmp_path, home, durability)
    assert again.returncode == 0, again.stderr
    assert effects(tmp_path) == ends(home) == Counter(f"t{n}" for n in range(TASKS))


def test_full_and_the_ballast_is_gone(tmp_path: Path, small_disk: Path) -> None:
    """What was at work cannot be recorded; only that is repeated."""
    home = small_disk / "home"
    write_roadmap(tmp_path, f"[ -e filled ] || {{ rm {home}/ballast; cat /dev/zero > {small_disk}/fill; }}")
    ended = run(tmp_path, home)
    assert ended.returncode == 74, ended.stderr
    assert "Free space" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert effects(tmp_path) == Counter(["t0", "t1", "t2"]), "it went on starting tasks"
    assert not ends(home)
    (small_disk / "fill").unlink()
    again = run(tmp_path, home)
    assert again.returncode == 0, again.stderr
    assert_whole(home)
    assert ends(home) == Counter(f"t{n}" for n in range(TASKS))
    assert effects(tmp_path) - ends(home) == Counter(["t0", "t1", "t2"]), "more was repeated than was at work"


@pytest.mark.parametrize("known", [False, True], ids=["no home yet", "a home with a ballast"])
def test_full_at_the_start(tmp_path: Path, small_disk: Path, known: bool) -> None:
    write_roadmap(tmp_path, "true")
    home = small_disk / "home"
    if known:
        (tmp_path / "other.yaml").write_text("tasks: [{id: a, command: ['true']}]", encoding="ascii")
        assert beast(tmp_path, "run", "other.yaml", "--home", str(home)).returncode == 0
    full = fill(small_disk)
    ended = run(tmp_path, home)
    assert ended.returncode == (74 if known else 2), ended.stderr
    assert "No space left" in ended.stderr or "full" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "effects").exists(), "something was run"
    full.unlink()
    assert run(tmp_path, home).returncode == 0
    assert (home / ".gitignore").read_text(encoding="ascii") == "*\n"
    assert effects(tmp_path) == Counter(f"t{n}" for n in range(TASKS))


def test_no_room_for_the_ballast(tmp_path: Path, small_disk: Path) -> None:
    """A run that could not end well is not begun."""
    write_roadmap(tmp_path, "true")
    full = fill(small_disk, leave_bytes=512 * 1024)
    ended = run(tmp_path, small_disk / "home")
    assert ended.returncode == 74, ended.stderr
    assert "Free space" in ended.stderr
    assert not (tmp_path / "effects").exists(), "something was run"
    full.unlink()
    assert run(tmp_path, small_disk / "home").returncode == 0


@pytest.mark.parametrize("durability", DURABILITIES)
def test_appends_fail_and_say_so_when_even_the_ballast_is_used_up(
    small_disk: Path, durability: Durability
) -> None:
    acknowledged: list[int] = []

    async def write() -> None:
        journal = Journal(small_disk / "journal.db", durability)
        with pytest.raises(JournalError) as failed:
            for number in range(10_000):
                await journal.append("x", 1, data={"n": number, "text": "x" * 2000})
                acknowledged.append(number)
        assert "Free space" in failed.value.tip
        assert journal.trouble is not None
        assert not (small_disk / "ballast").exists()
        await journal.close()

    asyncio.run(write())
    with closing(JournalReader(small_disk / "journal.db")) as reader:
        assert [event.data["n"] for event in reader.events(1)] == acknowledged
    assert_whole(small_disk)


def test_nothing_is_lost_of_what_was_said_to_be_safe_on_a_full_disk_after_a_kill(small_disk: Path) -> None:
    program = """
import asyncio, os, sys
from pathlib import Path
from beastmode.store.journal.journal import Journal

async def write():
    journal = Journal(Path(sys.argv[1]))
    for number in range(10_000):
        await journal.append("x", 1, data={"n": number, "text": "x" * 2000})
        print(number, flush=True)
        if journal.trouble:
            os._exit(9)

asyncio.run(write())
"""
    path = small_disk / "journal.db"
    ended = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    assert ended.returncode == 9, ended.stderr
    with closing(JournalReader(path)) as reader:
        assert [event.data["n"] for event in reader.events(1)] == [int(n) for n in ended.stdout.split()]
