"""kill -9 at every call that changes the home, and at instants between; then the same command goes on.

After each kill: what was said to be safe is there, nothing left before its start was recorded, no process of the
killed run is left; the resumed run comes to its end, nothing recorded is lost or doubled, at most C attempts are
repeated. `story.py` tells the run and the promises, `tracer.py` counts the calls.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.crash import story, tracer
from tests.crash.commands import MOST_S, ROOT, WORKERS, unavailable, workers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MOST_S)]


@pytest.fixture(autouse=True, scope="module")
def tracing() -> None:
    unavailable("ptrace", workers("tracer", [])[0]["impossible"])


@pytest.mark.parametrize("durability", ["full", "process"])
@pytest.mark.parametrize("creation", ["created", "prepared"])
def test_killed_at_every_call_that_changes_the_home(
    tmp_path: Path, durability: str, creation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if creation == "prepared":
        workers("origin", [str(tmp_path / "origin"), durability])
    share = ([str(tmp_path), durability, creation, str(offset), str(WORKERS)] for offset in range(WORKERS))
    lines = workers("points", *share)
    points = [line for line in lines if "call" in line]
    assert [point for point in points if point["broken"]] == []
    ends = [line for line in lines if "end" in line]
    assert [line["code"] for line in ends] == [0] * WORKERS
    assert {point["number"] for point in points} >= set(range(min(line["end"] for line in ends)))
    calls = Counter(point["call"] for point in points)
    assert calls["pwrite64 journal.db-wal"] > 50
    assert calls["fdatasync journal.db-wal"] > 2
    assert (calls["write ballast"] > 0) == (creation == "created")
    with capsys.disabled():
        print(
            f"\n{len(points)} kills, 0 promises broken; durability {durability}, home {creation}: {told(calls)}",
            file=sys.stderr,  # where tests run side by side, their stdout is nobody's
        )


def told(calls: Counter[str]) -> str:
    """How often which file was about to be changed, or just had been."""
    files: dict[str, Counter[str]] = {}
    for call, times in calls.items():
        name, _, file = call.partition(" ")
        file = file if file.startswith("journal.db") else "all else"
        files.setdefault(file, Counter())[name] += times
    return "; ".join(
        f"{file}: {', '.join(f'{times} {name}' for name, times in files[file].most_common())}"
        for file in sorted(files)
    )


def test_killed_between_the_calls(tmp_path: Path) -> None:
    rounds = workers("instants", *([str(tmp_path), str(seed), "30"] for seed in range(WORKERS)))
    assert [line for line in rounds if line["broken"]] == []
    killed = sum(line["killed"] for line in rounds)
    print(f"\n{killed} of {len(rounds)} runs killed at drawn instants")
    assert killed > len(rounds) / 3


@pytest.mark.parametrize(
    ("bug", "found"),
    [
        ("acknowledge_early", "said to be safe, and lost"),
        ("no_watchdog", "left over"),
        ("forget_results", "ran again although"),
    ],
)
def test_a_planted_bug_is_found(tmp_path: Path, bug: str, found: str) -> None:
    lines = workers("points", [str(tmp_path), "full", "created", "0", "12", bug])
    assert found in lines[-1].get("broken", "nothing was found")


def test_a_fork_has_loaded_what_a_run_takes(tmp_path: Path) -> None:
    """Else each of a thousand runs would load it for itself, and take three times as long."""
    program = """
import sys
from pathlib import Path
from tests.crash import story
story.begin(Path.cwd())
loaded = set(sys.modules)
assert story.play(Path.cwd(), "full")() == 0
more = [name for name in set(sys.modules) - loaded if name.startswith(("beastmode", "pydantic"))]
assert not more, more
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=env, timeout=MOST_S)
    assert ended.returncode == 0, (tmp_path / "output").read_text()


def test_strace_sees_no_other_call_that_changes_the_home(tmp_path: Path) -> None:
    """Every call on a file of the home is one that the kills count, or one that changes nothing."""
    unavailable("strace", "" if shutil.which("strace") else "it is not installed; `make system` does it")
    seen, mapped = strace(tmp_path)
    counted = {call for call, _ in seen if call in tracer.NUMBERS}
    assert counted >= {"openat", "write", "pwrite64", "fdatasync", "ftruncate", "rename", "unlink", "mkdir"}
    assert {call for call, _ in seen} - counted - CHANGE_NOTHING == set()
    assert mapped == {"journal.db-shm"}  # stores into memory are no calls: test_killed_between_the_calls


CHANGE_NOTHING = {
    "access", "close", "fchown", "fcntl", "flock", "fstat", "getcwd", "getdents64", "ioctl", "lseek", "mmap", "munmap",
    "newfstatat", "pread64", "read", "readlink", "stat", "statx", "execve", "chdir", "lstat", "dup2",
}  # fmt: skip
"""fchown gives SQLite's files the owner of the journal, which is their owner already."""


def strace(folder: Path) -> tuple[set[tuple[str, str]], set[str]]:
    """The calls on files of the home in one run, and the files of it that are mapped for writing."""
    story.begin(folder / "run")
    play = "from pathlib import Path; from tests.crash import story; story.play(Path.cwd(), 'full')()"
    log = folder / "log"
    command = ["strace", "-f", "-qq", "-y", "-s", "300", "-o", str(log), sys.executable, "-c", play]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    assert subprocess.run(command, cwd=folder / "run", env=env, timeout=MOST_S).returncode == 0
    home = re.escape(str(folder / "run" / ".beast"))
    seen, mapped = set(), set()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\(", line)
        path = re.search(rf'(?:{home}|"\.beast)/?([^>"]*)', line)
        if call and path:
            seen.add((call[1], tracer.plain_name(path[1])))
            if call[1] == "mmap" and "PROT_WRITE" in line and "MAP_SHARED" in line:
                mapped.add(path[1])
    return seen, mapped
