"""Strangers: processes that left the group of their attempt (setsid, daemons) and come back to the runner as
orphans.

On Linux the runner declares itself a subreaper: what loses its parent becomes its child, and stands in
`/proc/self/task/<pid>/children`. On other systems such a process cannot be found, and nothing here does
anything.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

from beastmode.runner.processes.watchdog_process import environment

TOKEN = "BEAST_ATTEMPT_TOKEN"  # noqa: S105 - the name of a variable
_SET_SUBREAPER, _GET_SUBREAPER = 36, 37
_OLD_S = 5.0
"""How long a dead child of unknown origin is left to whoever may have started it. asyncio and subprocess
fetch the exit status of theirs within milliseconds; taking it from them would turn it into 0 or 255."""


class _Status(NamedTuple):
    dead: bool
    group: int
    session: int


class Strangers:
    """The orphans of one supervisor's attempts.

    Found by their kernel session, as long as they stay in that of their attempt, else by the token in their
    environment. One that leaves both behind (`env -i setsid`, or a program that overwrites its environment to
    set its title) is not found.
    """

    def __init__(self, session: str) -> None:
        self._mark = f"\0{TOKEN}=".encode()
        self._ours = f"{session}:".encode()
        self._own_session = os.getsid(0)
        self._dead_since: dict[int, float] = {}
        self._found: set[int] = set()
        self._were_ours = _be_subreaper(True)
        self._list = -1 if self._were_ours is None else _open_children()

    def close(self) -> None:
        """Orphans go where they went before: a program that only ran a roadmap must not go on collecting them."""
        if self._were_ours is False:
            _be_subreaper(False)
        if self._list >= 0:
            os.close(self._list)
            self._list = -1

    def left_by(self, group: int, running: Collection[int], tokens: Collection[bytes]) -> list[int]:
        """Living orphans of the attempt whose leader was `group`, and of those that ended before it.

        running: leaders at work, and whatever else is known to be a child.   tokens: of attempts at work. The
        caller ends what is returned, and asks again until nothing is. Dead orphans are reaped on the way.
        """
        found = []
        for pid in self._children():
            if pid in running or (status := _status(pid)) is None or status.session == self._own_session:
                continue
            if status.dead:
                self._bury(
                    pid, ours=pid in self._found or status.session == group or status.session in running
                )
            elif status.session == group or self._is_orphan(pid, tokens):
                found.append(pid)
        self._found.update(found)
        return found

    def in_group(self, group: int) -> bool:
        """Is an orphan in this process group still alive?"""
        statuses = (_status(pid) for pid in self._children())
        return any(status is not None and status.group == group and not status.dead for status in statuses)

    def _children(self) -> list[int]:
        return [] if self._list < 0 else [int(pid) for pid in os.pread(self._list, 1 << 20, 0).split()]

    def _is_orphan(self, pid: int, tokens: Collection[bytes]) -> bool:
        token = environment(pid).partition(self._mark)[2].partition(b"\0")[0]
        return token.startswith(self._ours) and token not in tokens

    def _bury(self, pid: int, *, ours: bool) -> None:
        now = time.monotonic()
        if not ours and now - self._dead_since.setdefault(pid, now) < _OLD_S:
            return
        self._dead_since.pop(pid, None)
        self._found.discard(pid)
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _status(pid: int) -> _Status | None:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            state, _, group, session = file.read().rpartition(b")")[2].split()[:4]
    except (OSError, ValueError):
        return None
    return _Status(state in b"ZX", int(group), int(session))


def _open_children() -> int:
    """The list of this process's children, kept open; -1 where there is none."""
    pid = os.getpid()  # orphans go to the main thread, whichever one asked for them
    try:
        return os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _be_subreaper(wanted: bool) -> bool | None:
    """Ask for orphans, or no longer. Says whether they came here before; None where the system cannot."""
    if sys.platform != "linux":
        return None
    import ctypes  # 10 ms to load, and a run without processes needs none

    before = ctypes.c_int()
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        if prctl(_GET_SUBREAPER, ctypes.byref(before), 0, 0, 0) or prctl(
            _SET_SUBREAPER, int(wanted), 0, 0, 0
        ):
            return None
    except (OSError, AttributeError):
        return None
    return bool(before.value)
