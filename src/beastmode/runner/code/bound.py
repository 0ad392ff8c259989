"""Bound: a command of git is not waited for without end. Filters, merge drivers and helpers that a repository is
configured with run inside of it, and any of them may hang.

The command has a process group of its own, so that what it has begun can be ended with it; and a Ctrl-C, which a
terminal sends to ours, is for us to obey.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from beastmode.failures.words import one_line
from beastmode.settings import parse_timeout, understood

SETTING = "BEAST_GIT_TIMEOUT"
MOST_S = 600.0
"""A first checkout of a large repository takes minutes."""
_GRACE_S = 5.0
"""For a command that nobody waits for any more to end by itself: half of one may leave a lock behind."""
_LAST_S = 2.0
"""For one that is told to end to take its locks away."""
_THREADS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="git")

T = TypeVar("T")


def most_s() -> float:
    """How long one command may take, s. Raises SettingError."""
    text = os.environ.get(SETTING, "")
    return understood(SETTING, text, parse_timeout) if text.strip() else MOST_S


class Running:
    """A command that a thread waits for, and that others may end.

    hung: whether it was ended since it took too long.   waited_for: what it had begun itself then; "" where nobody
    knows.
    """

    def __init__(self) -> None:
        self.hung, self.waited_for = False, ""
        self._process: subprocess.Popen[bytes] | None = None
        self._since = 0.0

    def begins(self, process: subprocess.Popen[bytes]) -> None:
        """To be told by the thread, before it waits."""
        self._since = time.monotonic()
        self._process = process

    def ends(self) -> None:
        """To be told by the thread, once it does not wait any more."""
        self._process = None

    def took_s(self) -> float:
        """How long it has been waited for, s; 0 where it is not."""
        return time.monotonic() - self._since if self._process is not None else 0.0

    def end(self, hung: bool) -> None:
        """Tell it to end, and have it killed soon after. From the loop."""
        process = self._process
        if process is None:
            return
        if hung:
            self.hung, self.waited_for = True, _begun_by(process.pid)
        _signal(process, signal.SIGTERM)
        asyncio.get_running_loop().call_later(_LAST_S, _signal, process, signal.SIGKILL)


async def in_thread(call: Callable[[], T], running: Running, most_s: float) -> T:
    """What a call gives that waits for git. Cancelled, it lets that end first, for some seconds.

    In a thread: a subprocess of asyncio whose start is cancelled is waited for without end (Python 3.11).
    running: told of by the call.   most_s: how long it may take, s; then it is ended, and the call with it.
    """
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(_THREADS, call)
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal timer
        left_s = most_s - running.took_s()  # it may have waited for a thread, or for its turn
        if left_s > 0:
            timer = loop.call_later(left_s, look)
        else:
            running.end(hung=True)

    timer = loop.call_later(most_s, look)
    try:
        return await asyncio.shield(ended)
    except asyncio.CancelledError:
        await asyncio.wait([ended], timeout=_GRACE_S)
        while not ended.done():
            running.end(hung=False)
            await asyncio.wait([ended], timeout=_GRACE_S)
        raise
    finally:
        timer.cancel()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """To all of its group, unless it has ended: another process may have its number then."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _begun_by(group: int) -> str:
    """The first of a process group that is no git, as its command line; "" where there is none, or no /proc."""
    with suppress(OSError):
        for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
            if (line := _in_group(pid, group)) and Path(line[0]).name != "git":
                return one_line(" ".join(line), 160)
    return ""


def _in_group(pid: int, group: int) -> Sequence[str]:
    """The command line of a process, where it is in that group."""
    with suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        if int(status[2]) == group:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            return [word.decode("utf-8", "replace") for word in words]
    return ()
