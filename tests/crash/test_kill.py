"""kill -9 at every write and every fsync of the journal, by strace's injection; then the same command goes on.

After each kill: nothing recorded is lost or doubled, at most C attempts are repeated, no process of the killed run
is left, and the run comes to its end.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

SLOTS, TASKS = 3, 5
MOST_POINTS = 400
TOKEN = "BEAST_SESSION="

DRIVER = """
import json, sys, beastmode
summary = beastmode.run(sys.argv[1], durability=sys.argv[2], linger_s=0.01)
print(json.dumps(summary.as_json()))
sys.exit(summary.exit_code)
"""
"""`beast run`, but for the 2 s that a slot lingers after a kill: there is no server here to spare."""

ROADMAP = "\n".join(
    [
        "limits: {concurrency: 3, rate: none}",
        "tasks:",
        *(f"  - {{id: t{n}, command: 'echo $BEAST_ID >> effects; sleep 0.03'}}" for n in range(TASKS - 1)),
        f"  - {{id: t{TASKS - 1}, command: 'echo $BEAST_ID >> effects', needs: [t0, t1]}}",
    ]
)


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("strace is missing; `make system` installs it")
        pytest.skip("strace is missing")
    return found


def beast(folder: Path, durability: str, before: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    """One `beast run` of the roadmap in a folder."""
    command = [*(before or []), sys.executable, "-c", DRIVER, "roadmap.yaml", durability]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def effects(folder: Path) -> Counter[str]:
    path = folder / "effects"
    return Counter(path.read_text(encoding="ascii").split()) if path.exists() else Counter()


def recorded(folder: Path) -> list[tuple[str, str, int, str]]:
    """Kind, task, attempt and end of every attempt event."""
    path = folder / ".beast" / "journal.db"
    if not path.exists():
        return []
    db = sqlite3.connect(path)
    try:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            return []
        rows = db.execute(
            "SELECT kind, task, attempt, data FROM events WHERE kind LIKE 'attempt_%' AND task != 'first' ORDER BY seq"
        )
        return [(kind, task, attempt, json.loads(data).get("end", "")) for kind, task, attempt, data in rows]
    finally:
        db.close()


def done_tasks(folder: Path) -> list[str]:
    return [task for _, task, _, end in recorded(folder) if end == "done"]


def left_over(session_folder: Path) -> list[str]:
    """Processes that run in a folder and carry a session's token."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            inside = (process / "cwd").resolve() == session_folder
            if inside and TOKEN.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_until_none_is_left(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while left := left_over(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def points(folder: Path, strace: str, calls: str, durability: str, prepare: bool) -> Iterator[int]:
    """Kill at the 1st, 2nd, 3rd … of these calls, each in a fresh folder, until a run comes to its end."""
    origin = folder / "origin"
    origin.mkdir()
    (origin / "roadmap.yaml").write_text(ROADMAP, encoding="ascii")
    if prepare:  # the journal exists: its creation takes none of the counted calls
        (origin / "first.yaml").write_text("tasks: [{id: first, command: ['true']}]", encoding="ascii")
        run = [sys.executable, "-c", DRIVER, "first.yaml", durability]
        subprocess.run(run, cwd=origin, check=True, capture_output=True, timeout=60)
    for number in range(1, MOST_POINTS):
        here = folder / str(number)
        shutil.copytree(origin, here)
        inject = f"--inject={calls}:signal=SIGKILL:when={number}"
        ended = beast(
            here,
            durability,
            [strace, "-f", "-qq", "-o", "/dev/null", f"--trace={calls}", inject],
        )
        if ended.returncode == 0:
            assert number > 1, "nothing was ever killed: the calls are not those of the journal"
            return
        yield number
    pytest.fail(f"still killed at call {MOST_POINTS}")


def check_after_kill(here: Path, durability: str) -> None:
    """The promises, after one kill and one resume."""
    wait_until_none_is_left(here)
    before, done_before, effects_before = recorded(here), done_tasks(here), effects(here)
    ended = beast(here, durability)
    assert ended.returncode == 0, ended.stderr
    assert recorded(here)[: len(before)] == before, "something recorded was lost"
    assert sorted(done_tasks(here)) == [f"t{n}" for n in range(TASKS)], "a result is missing or doubled"
    after = effects(here)
    for task in done_before:
        assert after[task] == effects_before[task], f"{task} ran again although its result was recorded"
    assert sum(after.values()) - TASKS <= SLOTS, f"more than {SLOTS} attempts were repeated: {after}"
    assert set(after) == {f"t{n}" for n in range(TASKS)}
    summary = json.loads(ended.stdout)
    assert (summary["state"], summary["tasks"]["done"]) == ("done", TASKS)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("calls", "durability", "prepare"),
    [
        ("pwrite64", "full", True),
        ("fsync,fdatasync", "full", True),
    ],
)
def test_killed_at_every_point(
    tmp_path: Path, strace: str, calls: str, durability: str, prepare: bool
) -> None:
    killed = 0
    for number in points(tmp_path, strace, calls, durability, prepare):
        check_after_kill(tmp_path / str(number), durability)
        killed += 1
    print(f"killed at {killed} points of {calls}, durability {durability}")
    assert killed
