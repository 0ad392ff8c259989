"""Child: one process of an attempt, the leader of its own session and group, with its output read by the
event loop."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

from beastmode.runner.processes.exits import watch_exit
from beastmode.runner.processes.output import AttemptLog

_READ_BYTES = 1 << 16
_LAST_READS = 64
"""What may still be in a pipe when its writers are gone: 1 MiB at most on Linux, and a writer may be left."""


class Child:
    """Started with its construction (OSError or ValueError where that is impossible), ended with `reap`.

    The end of a child is its exit, not the end of its output: a daemon may hold the pipe open for ever.
    kill_at: monotonic time until which its group has been given to end by itself; 0: it was not asked to.
    """

    def __init__(
        self,
        argv: Sequence[str],
        log: AttemptLog,
        *,
        env: Mapping[str, str],
        cwd: Path,
        pass_fds: Sequence[int] = (),
        stdin: Path | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._log = log
        told = os.open(os.devnull if stdin is None else stdin, os.O_RDONLY)
        self._pipe, write = os.pipe()
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=told,
                stdout=write,
                stderr=write,
                env=env,
                cwd=cwd,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(write)
            os.close(told)
        self.pid = self._process.pid
        self.kill_at = 0.0
        self._floor_kib = _kib(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        self._exited = False
        self._waiter: asyncio.Future[None] | None = None
        self._kill_timer: asyncio.TimerHandle | None = None
        os.set_blocking(self._pipe, False)
        self._loop.add_reader(self._pipe, self._read)
        watch_exit(self.pid, self._on_exit)

    async def exited(self) -> None:
        """Wait until it has exited. Cancelling this only stops waiting."""
        if not self._exited:
            self._waiter = self._loop.create_future()
            await self._waiter

    def stop(self, grace_s: float) -> None:
        """TERM to its group, KILL after `grace_s`; at once where that is 0."""
        if self._exited:
            return
        if self._kill_timer is not None:
            self._kill_timer.cancel()
        self.kill_at = monotonic() + grace_s
        if grace_s > 0:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)  # a stopped process sees TERM only when it goes on
            self._kill_timer = self._loop.call_later(grace_s, self.stop, 0)
        else:
            self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """To its whole group. Only before `reap`, while the number of the group is surely its own."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def reap(self) -> tuple[int, float, int]:
        """Its exit code (below 0: a signal), CPU seconds and peak memory in KiB, 0 where that is not known.

        Linux counts the memory of the runner as the child's until it runs its own program, so that a peak
        below the runner's own cannot be told.
        """
        _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        peak_kib = _kib(usage.ru_maxrss)
        return code, usage.ru_utime + usage.ru_stime, peak_kib if peak_kib > self._floor_kib else 0

    def close(self) -> None:
        """Read what is still in the pipe, then close it. Idempotent."""
        for _ in range(_LAST_READS):
            if self._pipe < 0 or not self._read():
                break
        self._close_pipe()

    def _read(self) -> bool:
        """One piece of output. False: there is none now."""
        try:
            data = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return False
        if data:
            self._log.write(data)
        else:
            self._close_pipe()
        return bool(data)

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def _on_exit(self) -> None:
        self._exited = True
        if self._kill_timer is not None:
            self._kill_timer.cancel()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _kib(ru_maxrss: int) -> int:
    return ru_maxrss // 1024 if sys.platform == "darwin" else ru_maxrss
