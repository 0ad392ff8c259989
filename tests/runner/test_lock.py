"""One runner a roadmap, told by name, free as soon as its process is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError, RunLockedError
from beastmode.runner.lock import RunLock, holder_of, holder_on

HOLD = """
import sys
from pathlib import Path
from beastmode.runner.lock import RunLock
lock = RunLock(Path(sys.argv[1]), "key")
lock.name("run r7, process 1")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock of "key", until it ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_runner_is_refused_and_told_who_the_first_is(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    with pytest.raises(RunLockedError, match="being run already, by run r7, process 1"):
        RunLock(tmp_path, "key")
    assert holder_of(tmp_path, "key") == holder_on(tmp_path, "key", "r7") == "run r7, process 1"
    assert holder_on(tmp_path, "key", "r70") == "", "another run of it"
    end(other)


def test_a_lock_dies_with_its_process_however_it_ends(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    end(other)
    assert holder_of(tmp_path, "key") == ""
    RunLock(tmp_path, "key").release()


def test_other_roadmaps_and_homes_are_not_held(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    for home, key in ((tmp_path, "other"), (tmp_path / "elsewhere", "key")):
        assert holder_of(home, key) == ""
        RunLock(home, key).release()
    end(other)


def test_released_it_can_be_taken_again_and_looking_takes_nothing(tmp_path: Path) -> None:
    first = RunLock(tmp_path, "key")
    assert str(holder_of(tmp_path, "key")).startswith("process ")
    first.release()
    assert holder_of(tmp_path, "key") == ""
    RunLock(tmp_path, "key").release()


def test_who_has_not_named_its_run_yet_may_be_at_work_on_any_of_it(tmp_path: Path) -> None:
    first = RunLock(tmp_path, "key")
    assert holder_on(tmp_path, "key", "r7").startswith("process ")
    first.name_run("r7")
    assert holder_on(tmp_path, "key", "r7").startswith("run r7, process ")
    assert holder_on(tmp_path, "key", "r8") == ""
    first.release()


def test_looking_at_a_home_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "none", "key") == ""
    assert not (tmp_path / "none").exists()


def test_what_a_killed_holder_has_left_is_not_the_name_of_the_next_one(tmp_path: Path) -> None:
    killed = RunLock(tmp_path, "key")
    killed.name("run r7, process 4194305")  # higher than any process id of Linux
    killed.release()
    second = RunLock(tmp_path, "key")
    with pytest.raises(RunLockedError, match=f"already, by process {os.getpid()}"):
        RunLock(tmp_path, "key")
    second.release()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="ascii")
    with pytest.raises(PreconditionError, match="cannot be locked") as failed:
        RunLock(tmp_path / "home", "key")
    assert "--home" in failed.value.tip
