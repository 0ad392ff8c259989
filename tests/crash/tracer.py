"""Kills a process at its Nth system call that changes a folder, before or after that call. Linux, by ptrace.

strace can inject a signal too, but it counts the calls of every thread for itself (so a second thread's first
calls are never reached), counts calls on other files, and loses the injection with --seccomp-bpf. Here the calls
of all threads are counted together, and only those on the folder. What of the process's children does is not
counted: they are not the ones that are killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

X86_64 = {
    "write": 1, "pwrite64": 18, "writev": 20, "pwritev": 296, "pwritev2": 328, "ftruncate": 77, "fallocate": 285,
    "fsync": 74, "fdatasync": 75, "sync_file_range": 277, "sendfile": 40, "copy_file_range": 326,
    "open": 2, "openat": 257, "creat": 85, "truncate": 76, "rename": 82, "renameat": 264, "renameat2": 316,
    "unlink": 87, "unlinkat": 263, "link": 86, "linkat": 265, "mkdir": 83, "mkdirat": 258, "rmdir": 84,
}  # fmt: skip
AARCH64 = {
    "write": 64, "pwrite64": 68, "writev": 66, "pwritev": 70, "pwritev2": 287, "ftruncate": 46, "fallocate": 47,
    "fsync": 82, "fdatasync": 83, "sync_file_range": 84, "sendfile": 71, "copy_file_range": 285,
    "openat": 56, "truncate": 45, "renameat": 38, "renameat2": 276, "unlinkat": 35, "linkat": 37, "mkdirat": 34,
}  # fmt: skip
NUMBERS = {"x86_64": X86_64, "aarch64": AARCH64}.get(platform.machine(), {})
"""The calls that change a file or a folder. tests/crash/test_calls.py lets strace look for others."""
NAMES = {number: name for name, number in NUMBERS.items()}
PATH_AT = {
    "open": 0, "creat": 0, "truncate": 0, "rename": 1, "unlink": 0, "link": 1, "mkdir": 0, "rmdir": 0,
    "openat": 1, "renameat": 3, "renameat2": 3, "unlinkat": 1, "linkat": 3, "mkdirat": 1,
}  # fmt: skip
"""Which argument is the path, for calls that take one; those of two paths: the new one. Others: argument 0 is a
descriptor, but for copy_file_range, where it is argument 2."""
FLAGS_AT = {"open": 1, "openat": 2}

TRACEME, GET_SYSCALL_INFO, SYSCALL, SETOPTIONS = 0, 0x420E, 24, 0x4200
SYSGOOD, TRACE_CLONE, EXIT_KILL = 1, 8, 0x100000
SYSCALL_STOP, CLONE_EVENT, WALL = signal.SIGTRAP | 0x80, 3, 0x40000000

When = Literal["before", "after"]


class _Info(ctypes.Structure):
    """struct ptrace_syscall_info, as far as it is an entry.   op: 1 entry, 2 exit."""

    _fields_ = [
        ("op", ctypes.c_uint8),
        ("arch", ctypes.c_uint32),
        ("ip", ctypes.c_uint64),
        ("sp", ctypes.c_uint64),
        ("number", ctypes.c_uint64),
        ("args", ctypes.c_uint64 * 6),
    ]


@dataclass(slots=True)
class Traced:
    """What a process did until its end.   calls: those that changed the folder, as `pwrite64 journal.db-wal`.
    killed: it was killed as asked.   code: its exit code otherwise, below 0 a signal that came from elsewhere."""

    calls: list[str] = field(default_factory=list)
    killed: bool = False
    code: int = 0


def possible() -> str:
    """Why a process cannot be traced here; "" where it can."""
    if sys.platform != "linux" or not NUMBERS:
        return f"no table of system calls for {sys.platform} on {platform.machine()}"
    if trace(lambda: 0, Path("/nonexistent")).code != 0:
        return "ptrace is not allowed here"
    return ""


def trace(function: Callable[[], int], folder: Path, kill_at: int = 0, when: When = "before") -> Traced:
    """Run a function in a child and return what it did.   kill_at: from 1; 0: let it come to its end.

    The function's result is the exit code. To be called in a process that has no other thread and no other child.
    """
    pid = os.fork()
    if pid == 0:
        _child(function)
    return _Tracer(pid, folder, kill_at, when).follow()


def _child(function: Callable[[], int]) -> NoReturn:
    try:
        _ptrace(TRACEME, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        code = function()
    except BaseException:
        traceback.print_exc()
        code = 70
    os._exit(code)


class _Tracer:
    def __init__(self, pid: int, folder: Path, kill_at: int, when: When) -> None:
        self._pid, self._folder, self._kill_at, self._when = pid, str(folder), kill_at, when
        self._last = 0
        self._seen: set[int] = set()
        self._info = _Info()
        self._traced = Traced()

    def follow(self) -> Traced:
        stopped, status = os.waitpid(self._pid, WALL)
        if os.WIFEXITED(status):
            return Traced(code=os.waitstatus_to_exitcode(status))
        _ptrace(SETOPTIONS, self._pid, 0, SYSGOOD | TRACE_CLONE | EXIT_KILL)
        self._seen.add(stopped)
        self._go_on(stopped)
        while True:
            thread, status = os.waitpid(-1, WALL)
            if os.WIFSTOPPED(status):
                self._stopped(thread, status)
            elif thread == self._pid:
                if not self._traced.killed:
                    self._traced.code = os.waitstatus_to_exitcode(status)
                return self._traced

    def _stopped(self, thread: int, status: int) -> None:
        number = os.WSTOPSIG(status)
        if number == SYSCALL_STOP:
            self._at_call(thread)
            number = 0
        elif status >> 16 == CLONE_EVENT or thread not in self._seen:
            number = 0  # a thread begins: both it and its parent stop once
        self._seen.add(thread)
        self._go_on(thread, number)

    def _at_call(self, thread: int) -> None:
        _ptrace(GET_SYSCALL_INFO, thread, ctypes.sizeof(_Info), ctypes.addressof(self._info))
        if self._info.op == 2:
            if thread == self._last and self._when == "after" and len(self._traced.calls) == self._kill_at:
                self._kill()
            return
        name = NAMES.get(self._info.number)
        if name is None or self._traced.killed or (changed := self._changed(name)) is None:
            return
        self._traced.calls.append(f"{name} {changed}")
        self._last = thread
        if self._when == "before" and len(self._traced.calls) == self._kill_at:
            self._kill()

    def _kill(self) -> None:
        """The call at whose beginning this is done is not carried out."""
        self._traced.killed = True
        os.kill(self._pid, signal.SIGKILL)

    def _changed(self, name: str) -> str | None:
        """What of the folder the call is about to change; None where it is something else."""
        args = self._info.args
        if name in FLAGS_AT and not args[FLAGS_AT[name]] & os.O_CREAT:
            return None
        try:
            if name in PATH_AT:
                at = PATH_AT[name]
                path = self._path(args[at], args[at - 1] if name.endswith(("at", "at2")) else None)
            else:
                path = os.readlink(f"/proc/{self._pid}/fd/{args[2 if name == 'copy_file_range' else 0]}")
        except OSError:
            return None
        if path != self._folder and not path.startswith(self._folder + "/"):
            return None
        return plain_name(path[len(self._folder) + 1 :])

    def _path(self, address: int, folder: int | None) -> str:
        with open(f"/proc/{self._pid}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            text = os.fsdecode(memory.read(4096).partition(b"\0")[0])
        base = "cwd" if folder is None or folder & 0xFFFFFFFF == 0xFFFFFF9C else f"fd/{folder}"
        return os.path.normpath(os.path.join(os.readlink(f"/proc/{self._pid}/{base}"), text))

    def _go_on(self, thread: int, number: int = 0) -> None:
        with suppress(ProcessLookupError):  # killed meanwhile
            _ptrace(SYSCALL, thread, 0, number)


def plain_name(path: str) -> str:
    """The name of a file without what differs from run to run. The folder itself is `.`."""
    return re.sub(r"[0-9a-f]{16,}|\.\d+$", "#", path) or "."


def _ptrace(request: int, thread: int, address: int, data: int) -> None:
    if _libc.ptrace(request, thread, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_libc = ctypes.CDLL(None, use_errno=True)
with suppress(AttributeError):
    _libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    _libc.ptrace.restype = ctypes.c_long


if __name__ == "__main__":
    print(json.dumps({"impossible": possible()}))
