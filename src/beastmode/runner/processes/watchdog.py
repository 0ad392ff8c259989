"""Watchdog: a small process that outlives the runner, however it dies, to end what the runner had started.

The runner writes the process groups at work into a register (memory that both share) and holds the only end
of a pipe; when that end closes, `watchdog_process` acts. It holds a lock as long as it lives, so that a run
that is resumed waits until the processes of the one before are gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.runner.processes import watchdog_process
from beastmode.runner.processes.exits import watch_exit
from beastmode.runner.processes.watchdog_process import BYTES_A_GROUP, end_session

_MOST_WAIT_S = 30.0
_LOOK_S = 0.05
_LEAST_LIFE_S = 1.0
_SUFFIX = ".lock"


class Watchdog:
    """Watches over the process groups of one session. Started with the first one; started again if it is killed.

    lock_path: `<folder>/<session>.lock`, locked while it lives, gone after an end in good order.
    """

    def __init__(self, session: str, lock_path: Path) -> None:
        self._session, self._lock_path = session, lock_path
        self._process: subprocess.Popen[bytes] | None = None
        self._gone: asyncio.Event | None = None
        self._pipe = -1
        self._register = -1
        self._free: list[int] = []
        self._slots = 0
        self._began = 0.0

    @property
    def pid(self) -> int | None:
        """Of its process, where there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Have it running. To be called before a process is started, so that none is ever unwatched."""
        if self._process is not None:
            return
        if self._register < 0:
            self._register = _shared_memory()
        lock = _lock(self._lock_path)
        read, write = os.pipe()
        try:
            self._process = self._launch(read, lock)
        except BaseException:
            os.close(write)
            raise
        finally:
            os.close(read)
            os.close(lock)
        self._pipe = write
        self._began = time.monotonic()
        self._gone = asyncio.Event()
        watch_exit(self._process.pid, self._ended)

    def _launch(self, pipe: int, lock: int) -> subprocess.Popen[bytes]:
        script = [sys.executable, "-I", "-S", watchdog_process.__file__, str(os.getpid())]
        return subprocess.Popen(
            [*script, str(pipe), str(self._register), str(self._lock_path.absolute()), self._session],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},  # without the session: it looks for those who carry it
            cwd="/",
            pass_fds=(pipe, self._register, lock),
            start_new_session=True,
        )

    def add(self, group: int) -> int:
        """Enter a process group; returns its slot for `remove`."""
        if self._free:
            slot = self._free.pop()
        else:
            slot = self._slots
            self._slots += 1
        os.pwrite(self._register, group.to_bytes(BYTES_A_GROUP, "little"), slot * BYTES_A_GROUP)
        return slot

    def remove(self, slot: int) -> None:
        """The group is gone. To be called before its leader is reaped: then the number can mean nobody
        else."""
        os.pwrite(self._register, bytes(BYTES_A_GROUP), slot * BYTES_A_GROUP)
        self._free.append(slot)

    def _ended(self) -> None:
        if self._process is not None and self._gone is not None:
            self._process.wait()
            self._process = None
            os.close(self._pipe)
            self._gone.set()
            self._start_again()

    def _start_again(self) -> None:
        """Not where nothing is at work, nor where it dies as soon as it begins: the next process asks for it."""
        if len(self._free) < self._slots and time.monotonic() - self._began > _LEAST_LIFE_S:
            with suppress(OSError):
                self.start()

    async def close(self) -> None:
        """Tell it that all is well, and wait until it is gone. Idempotent."""
        while self._process is not None and self._gone is not None:
            with suppress(BrokenPipeError):
                os.write(self._pipe, b".")
            await self._gone.wait()
        if self._register >= 0:
            os.close(self._register)
            self._register = -1
        self._lock_path.unlink(missing_ok=True)


async def wait_for_old_watchdogs(folder: Path, most_s: float = _MOST_WAIT_S) -> None:
    """Wait until nothing of dead runners is at work: each lock in `folder` is free, or its runner is alive.

    Raises PreconditionError after `most_s` seconds.
    """
    deadline = time.monotonic() + most_s
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        while _at_work(path):
            if time.monotonic() > deadline:
                tip = "See with `ps` what of it does not end, and end it; then give the same command again."
                raise PreconditionError(
                    "processes of the last run are still being ended", where=str(path), tip=tip
                )
            await asyncio.sleep(_LOOK_S)


async def end_leftovers(session: str) -> None:
    """End whatever still carries the name of a session whose runner is dead (Linux; elsewhere nothing is
    found).

    Raises PreconditionError where something does not end.
    """
    if session and not await asyncio.to_thread(end_session, [], session):
        tip = f"Find what carries BEAST_SESSION={session} in its environment, and end it."
        raise PreconditionError("processes of the last run do not end", tip=tip)


def _at_work(path: Path) -> bool:
    """Is a watchdog still ending what its dead runner had left? A free lock is cleared away, with what it
    guarded."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        end_session([], path.name.removesuffix(_SUFFIX))
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return not _alive(os.pread(descriptor, 100, 0).decode("ascii", "replace"))
    finally:
        os.close(descriptor)
    return False


def _lock(path: Path) -> int:
    """A lock file that names this process. It gets its name when it is locked: nobody ever sees it free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.pwrite(descriptor, _identity(os.getpid()).encode("ascii"), 0)
        unfinished.rename(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _identity(pid: int) -> str:
    """A process and when it began, since numbers are used again; only the number where there is no /proc."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return str(pid)
    return f"{pid} {fields[19]}" if fields[0] not in "ZX" else ""


def _alive(identity: str) -> bool:
    pid, _, began = identity.partition(" ")
    if began:
        return _identity(int(pid)) == identity
    try:
        os.kill(int(pid), 0)
    except (OSError, ValueError):
        return False
    return True


def _shared_memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("beast-register")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
