"""Exits: being told that a child has ended, without reaping it and without a thread where the system allows
it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Thread


def watch_exit(pid: int, gone: Callable[[], None]) -> None:
    """Call `gone` in the running loop, once, when the child `pid` has ended. It is left a zombie: its number
    and the number of its group belong to nobody else until `os.wait4`."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):  # macOS, Linux before 5.3, some containers
        Thread(target=_watch, args=(pid, loop, gone), name=f"exit of {pid}", daemon=True).start()
        return

    def ready() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        gone()

    loop.add_reader(descriptor, ready)


def _watch(pid: int, loop: asyncio.AbstractEventLoop, gone: Callable[[], None]) -> None:
    _wait(pid)
    with suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(gone)


def _wait(pid: int) -> None:
    """Block until the child has ended, and leave it a zombie."""
    if sys.platform == "darwin":
        import select

        queue = select.kqueue()
        event = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        with queue, suppress(ProcessLookupError):  # it has ended already
            queue.control([event], 1)
    else:
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
