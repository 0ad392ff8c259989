"""Supervisor: runs the processes of attempts and leaves nothing of them behind, however they or the runner
end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from beastmode.runner.processes.child import Child
from beastmode.runner.processes.output import AttemptLog
from beastmode.runner.processes.strangers import TOKEN, Strangers
from beastmode.runner.processes.watchdog import Watchdog, end_leftovers, wait_for_old_watchdogs

MARK = "BEAST_SESSION"

__all__ = ["AttemptLog", "Exit", "Supervisor", "end_leftovers", "wait_for_old_watchdogs"]

_SWEEP_S = 5.0
"""How long one attempt's orphans are ended. KILL takes milliseconds; what takes longer hangs in the
kernel."""
_LOOK_S = 0.005


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended.

    code: below 0: the signal that ended it.   timed_out: it was ended by us, whatever its code.   cpu_s: of
    it and the children it waited for.   max_rss_kib: its peak, 0 where unknown.   tail: the end of its
    output. log_error: why its log is not complete; "" where it is.
    """

    code: int
    timed_out: bool = False
    cpu_s: float = 0.0
    max_rss_kib: int = 0
    tail: str = ""
    log_error: str = ""


class Supervisor:
    """Runs commands for one session of one run, from one event loop.

    session: unique; stands in the environment of all that is started.   lock_path: for the watchdog, in a
    folder of such locks: `<session>.lock`.   grace_s: between TERM and KILL.
    """

    def __init__(self, session: str, lock_path: Path, grace_s: float = 2.0) -> None:
        self._session, self._grace_s = session, grace_s
        self._watchdog = Watchdog(session, lock_path)
        self._strangers: Strangers | None = None
        self._running: dict[int, bytes] = {}
        self._serial = 0

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: AttemptLog,
        timeout_s: float,
        on_started: Callable[[], None] = lambda: None,
        pass_fds: Sequence[int] = (),
        stdin: Path | None = None,
    ) -> Exit:
        """Run a program to its end, and end whatever it leaves behind. Output goes to `log`, which is closed.

        Raises OSError or ValueError where it cannot be started. on_started: called when the process exists.
        stdin: a file that it reads; None: nothing.
        Cancelled, it ends the process as a timeout does (a second time: at once), then passes the
        cancellation on.
        """
        self._watchdog.start()
        self._strangers = self._strangers or Strangers(self._session)
        self._serial += 1
        token = f"{self._session}:{self._serial}"
        marked = {**env, MARK: self._session, TOKEN: token}
        try:
            child = Child(argv, log, env=marked, cwd=cwd, pass_fds=pass_fds, stdin=stdin)
            self._running[child.pid] = token.encode()
            return await self._see_out(child, log, timeout_s, on_started)
        finally:
            log.close()

    async def _see_out(
        self, child: Child, log: AttemptLog, timeout_s: float, on_started: Callable[[], None]
    ) -> Exit:
        slot = self._watchdog.add(child.pid)
        timed_out: list[bool] = []

        def out_of_time() -> None:
            timed_out.append(True)
            child.stop(self._grace_s)

        timer = asyncio.get_running_loop().call_later(timeout_s, out_of_time)
        interruption = await self._exit_of(child, on_started)
        timer.cancel()
        interruption = await self._grace(child) or interruption
        child.signal(signal.SIGKILL)  # the rest of its group; none escapes by forking meanwhile
        self._watchdog.remove(slot)
        code, cpu_s, max_rss_kib = child.reap()
        del self._running[child.pid]
        interruption = await self._sweep(child.pid) or interruption
        child.close()
        log.close()
        if interruption is not None:
            raise interruption
        tail = log.tail.decode("utf-8", "replace")
        return Exit(code, bool(timed_out), cpu_s, max_rss_kib, tail, log.error)

    async def _exit_of(self, child: Child, on_started: Callable[[], None]) -> BaseException | None:
        """Wait until it has exited, come what may; returns what came."""
        interruption: BaseException | None = None
        try:
            on_started()
        except Exception as error:  # not ours to judge; the process must not outlive it
            interruption = error
            child.stop(0)
        while True:
            try:
                await child.exited()
                return interruption
            except asyncio.CancelledError as error:
                child.stop(self._grace_s if interruption is None else 0)
                interruption = error

    async def _grace(self, child: Child) -> BaseException | None:
        """A leader that obeys TERM at once, as a shell does, does not cut the grace of its children short."""
        try:
            while monotonic() < child.kill_at and self._strangers and self._strangers.in_group(child.pid):
                await asyncio.sleep(_LOOK_S)
        except asyncio.CancelledError as error:
            return error
        return None

    async def _sweep(self, group: int) -> BaseException | None:
        """End what left the group; a cancellation that comes meanwhile is returned, not obeyed."""
        interruption: BaseException | None = None
        deadline = monotonic() + _SWEEP_S
        while orphans := self._orphans(group):
            for pid in orphans:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if monotonic() > deadline:
                break
            try:
                await asyncio.sleep(_LOOK_S)
            except asyncio.CancelledError as error:
                interruption = error
        return interruption

    def _orphans(self, group: int) -> list[int]:
        if self._strangers is None:
            return []
        children = {*self._running, self._watchdog.pid or 0}
        return self._strangers.left_by(group, children, self._running.values())

    async def close(self) -> None:
        """End what is left of the session, the watchdog last. To be awaited when no `run` is."""
        await self._sweep(0)
        if self._strangers is not None:
            self._strangers.close()
            self._strangers = None
        await self._watchdog.close()
