"""What tests of real processes share: telling which of them belong to a folder, and waiting for what must come."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from beastmode.runner.processes.supervisor import Supervisor

LONG_S = 30.0
"""No promise about speed: after this long, what a test waits for is not coming."""


def eventually(true: Callable[[], object], what: str = "", long_s: float = LONG_S) -> None:
    """Wait until `true()` is; fails, naming `what`, where it does not come."""
    deadline = time.monotonic() + long_s
    while not true():
        assert time.monotonic() < deadline, f"did not come to pass: {what or true}"
        time.sleep(0.01)


def belonging_to(folder: Path) -> list[str]:
    """Command lines of the living processes that run in a folder, or name it in their arguments or variables."""
    found, mark = [], os.fsencode(folder)
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        with suppress(OSError):
            words = (process / "cmdline").read_bytes()
            inside = mark in words or mark in (process / "environ").read_bytes()
            inside = inside or (process / "cwd").resolve() == folder
            if inside and words:  # a zombie has none
                found.append(f"{process.name}: {words.replace(bytes(1), b' ').decode(errors='replace')}")
    return found


def pid_in(path: Path) -> int:
    """The process id that a process of the test writes to a file, once it has."""
    eventually(
        lambda: path.exists() and path.read_text(encoding="ascii").endswith("\n"), f"{path.name} written"
    )
    return int(path.read_text(encoding="ascii"))


def supervisor_in(folder: Path, grace_s: float = 0.3) -> Supervisor:
    """A supervisor of a session that no other test has: what ends a session ends it on the whole machine."""
    session = uuid.uuid4().hex
    return Supervisor(session, folder / "watchdogs" / f"{session}.lock", grace_s)


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    return False


def powerless(arguments: Sequence[str]) -> list[str]:
    """A `beast` command by a user who may read only what is his: where we are root, without root's powers."""
    command = [sys.executable, "-m", "beastmode", *arguments]
    if os.geteuid() != 0:
        return command
    if not shutil.which("setpriv"):
        pytest.skip("root is denied nothing, and setpriv (util-linux) is not installed")
    powers = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}", *command]
