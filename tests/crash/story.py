"""The run that the crash tests kill, and the promises that hold after each kill: told in a folder of its own.

roadmap.yaml   the list; `effects` gets a line whenever a task was really at work
acks           a line for every event that the journal said was safe, written when it said so
.beast         the home
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from beastmode import run
from beastmode.errors import BeastError
from beastmode.runner.formats.reading import read_roadmap
from beastmode.settings import Durability
from beastmode.store.journal.ballast import BALLAST_BYTES
from beastmode.store.journal.journal import Journal

SLOTS = 3
TASKS = ("t0", "t1", "t2", "t3")
AFTER = {"t3": "t0"}
ROADMAP = """
limits: {concurrency: 3, rate: none}
tasks:
  - {id: t0, command: 'echo $BEAST_ID >> effects'}
  - {id: t1, command: 'echo $BEAST_ID >> effects; until [ -e go ]; do sleep 0.02; done'}
  - {id: t2, command: 'echo $BEAST_ID >> effects; until [ -e go ]; do sleep 0.02; done; sleep 0.02'}
  - {id: t3, command: 'echo $BEAST_ID >> effects; touch go', needs: [t0]}
"""
"""t1 and t2 would run for ever after a kill that comes before t3: only the watchdog ends them."""
GONE_WITHIN_S = 10.0
LOADED = (run, read_roadmap)
"""Loaded here, before the forks: each of a thousand runs would else load the readers for itself, which takes longer
than the run."""


class Record(NamedTuple):
    """An event as the file has it.   end: of an attempt, "" for all else."""

    seq: int
    kind: str
    task: str
    attempt: int
    end: str


def begin(folder: Path, origin: Path | None = None) -> None:
    """A fresh folder.   origin: one whose home is taken over."""
    if origin is not None:
        shutil.copytree(origin, folder)
    folder.mkdir(exist_ok=True)
    (folder / "roadmap.yaml").write_text(ROADMAP, encoding="ascii")


def prepare(folder: Path, durability: Durability) -> None:
    """Let another roadmap run in the folder to its end, so that the home and the journal are there already."""
    folder.mkdir()
    (folder / "first.yaml").write_text("tasks: [{id: first, command: ['true']}]", encoding="ascii")
    os.chdir(folder)
    run("first.yaml", durability=durability)


def play(folder: Path, durability: Durability) -> Callable[[], int]:
    """`beast run` of the roadmap, for a process of its own: output to `output`, the exit code as the result. It
    leaves out the 2 s that a slot lingers after a kill: there is no server here to spare."""

    def told() -> int:
        os.chdir(folder)
        output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        _note_acks()
        try:
            return run("roadmap.yaml", durability=durability, linger_s=0.01).exit_code
        except BeastError as error:
            print(error, file=sys.stderr, flush=True)
            return error.exit_code

    return told


def _note_acks() -> None:
    """Write down every event that is said to be safe, by a single write each: what is there was said."""
    acks = os.open("acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    append = Journal.append

    def noted(self: Journal, kind: str, run: int, task: str = "", attempt: int = 0, data: Any = None) -> Any:
        written = append(self, kind, run, task, attempt, data)
        line = f"{kind} {task or '-'} {attempt}\n".encode()
        written.add_done_callback(lambda done: done.exception() or os.write(acks, line))
        return written

    Journal.append = noted  # type: ignore[method-assign]


def resume(folder: Path, durability: Durability) -> int:
    """The same command once more, in a process of its own; returns its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = play(folder, durability)()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def recorded(folder: Path) -> list[Record]:
    """Every event of the roadmap's run, read from a copy: looking must not recover what resume has to recover."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("journal.db", "journal.db-wal", "journal.db-journal"):
        if (folder / ".beast" / name).exists():
            shutil.copy(folder / ".beast" / name, copy)
    if not (copy / "journal.db").exists():
        return []
    with closing(sqlite3.connect(copy / "journal.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            return []
        rows = db.execute(
            "SELECT seq, kind, task, attempt, data FROM events WHERE run = (SELECT run FROM events"
            " WHERE kind = 'run_started' AND CAST(data AS TEXT) LIKE '%roadmap.yaml%') ORDER BY seq"
        )
        return [
            Record(seq, kind, task, attempt, json.loads(data).get("end", ""))
            for seq, kind, task, attempt, data in rows
        ]


def lines(folder: Path, name: str) -> Counter[str]:
    path = folder / name
    return Counter(path.read_text(encoding="ascii").splitlines()) if path.exists() else Counter()


def none_is_left(folder: Path) -> None:
    """Wait until nothing that has to do with the folder is at work; raises AssertionError where something stays."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while left := _at_work(folder):
        assert time.monotonic() < deadline, f"left over: {left}"
        time.sleep(0.005)


def _at_work(folder: Path) -> list[str]:
    found = []
    inside = f"{folder}/"
    for process in os.listdir("/proc"):
        if not process.isdecimal() or int(process) == os.getpid():
            continue
        try:
            where = os.readlink(f"/proc/{process}/cwd")
            command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"{where}/".startswith(inside) or inside in command:
            found.append(f"{process} {command}")
    return found


def check(folder: Path, durability: Durability) -> None:
    """All the promises, after one kill: raises AssertionError for one that is broken."""
    none_is_left(folder)
    before, effects = recorded(folder), lines(folder, "effects")
    _check_order(folder, before, effects)
    code = resume(folder, durability)
    assert code == 0, f"the resumed run ended with {code}: {(folder / 'output').read_text()}"
    none_is_left(folder)
    after = recorded(folder)
    assert after[: len(before)] == before, "something recorded was lost or changed"
    _check_result(before, effects, after, lines(folder, "effects"))
    check_home(folder)


def _check_order(folder: Path, records: list[Record], effects: Counter[str]) -> None:
    """What was said to be safe is there; nothing left before its start, or before what it needs, was there."""
    there = Counter(f"{record.kind} {record.task or '-'} {record.attempt}" for record in records)
    lost = lines(folder, "acks") - there
    assert not lost, f"said to be safe, and lost: {sorted(lost)}"
    starts = Counter(record.task for record in records if record.kind == "attempt_started")
    assert effects <= starts, f"left before its start was recorded: {effects - starts}"
    done = {record.task for record in records if record.end == "done"}
    early = [task for task, need in AFTER.items() if effects[task] and need not in done]
    assert not early, f"started before what they need was recorded as done: {early}"


def _check_result(
    before: list[Record], effects_before: Counter[str], after: list[Record], effects: Counter[str]
) -> None:
    again = [r.task for r in before if r.end == "done" and effects[r.task] != effects_before[r.task]]
    assert not again, f"ran again although their result was recorded: {again}"
    done = [record.task for record in after if record.end == "done"]
    assert sorted(done) == list(TASKS), f"a result is missing or doubled: {done}"
    assert set(effects) == set(TASKS)
    repeated = effects - Counter(TASKS)
    assert repeated.total() <= SLOTS, f"more than {SLOTS} attempts were repeated: {repeated}"
    assert after[-1].kind == "session_ended"


def check_home(folder: Path) -> None:
    """What lies beside the journal is whole, too."""
    home = folder / ".beast"
    assert (home / ".gitignore").read_text(encoding="ascii") == "*\n", (
        "the home no longer keeps itself out of git"
    )
    assert (home / "ballast").stat().st_size == BALLAST_BYTES, "the ballast is not whole"
    assert not list((home / "watchdogs").glob("*.lock")), "the locks of ended watchdogs are left"
