"""The lock of a roadmap: one holder, named by its own word, gone with its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError, RunLockedError
from beastmode.runner.lock import RunLock

HOLDER = """
import os, sys
from pathlib import Path
from beastmode.runner.lock import RunLock
lock = RunLock(Path(sys.argv[1]), "list")
lock.name(f"run r7, process {os.getpid()}")
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    first = RunLock(tmp_path, "list")
    first.name(f"run r1, process {os.getpid()}")
    with pytest.raises(RunLockedError, match=f"by run r1, process {os.getpid()}") as refused:
        RunLock(tmp_path, "list")
    assert refused.value.tip
    RunLock(tmp_path, "another list").release()
    first.release()
    RunLock(tmp_path, "list").release()


def test_it_dies_with_its_process_and_so_does_its_name(tmp_path: Path) -> None:
    """What a killed holder has left there is not taken for the name of the next one."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "held\n"
        with pytest.raises(RunLockedError, match=f"run r7, process {killed.pid}"):
            RunLock(tmp_path, "list")
        killed.kill()
    second = RunLock(tmp_path, "list")
    with pytest.raises(RunLockedError, match=f"already, by process {os.getpid()}"):
        RunLock(tmp_path, "list")
    second.release()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="ascii")
    with pytest.raises(PreconditionError, match="cannot be locked") as failed:
        RunLock(tmp_path / "home", "list")
    assert "--home" in failed.value.tip
