"""Plain lines about a run at work: for pipes, files and CI."""

from __future__ import annotations

import time
from typing import TextIO

from beastmode.amounts import counted
from beastmode.cli.watching import Watching, failure_lines, limits_now, to_look_at
from beastmode.cli.words import safe
from beastmode.compose.run.session import Live
from beastmode.runner.execute import Job
from beastmode.runner.states import AT_WORK, FINAL, TaskState

_STILL_WAITING_S = 10.0
_BEFORE = {"done": "done before", "failed": "failed before", "cancelled": "cancelled before"}


class PlainView(Watching):
    """A line for every task that ends, and one now and then that says what is waited for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._said_stopping = ""

    def begin(self, live: Live) -> None:
        super().begin(live)
        self._said_stopping = ""
        opened = live.opened
        known = (f"{count:,} {_BEFORE.get(state, state)}" for state, count in self.counts.items() if count)
        before = f" ({', '.join(known)})" if self.states else ""
        again = " goes on" if opened.progress.sessions else ""
        self._print(f"r{opened.run}{again}: {counted(self.total, 'task')}{before}; {limits_now(live)}")
        if look := to_look_at(live):
            self._print(f"    {safe(look)}")
        self._quiet_since = time.monotonic()

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        super().changed(task, state, job)
        if state not in FINAL:
            return
        planned = self.live.opened.plan.tasks[task]
        title = f"  {safe(planned.title)}" if planned.title else ""
        self._print(f"[{self.ended}/{self.total}] {state:<9} {safe(planned.id)}{title}")
        if state in ("failed", "needs_person"):
            for line in failure_lines(job):
                self._print(f"    {line}")
        self._quiet_since = time.monotonic()

    def look(self) -> None:
        if self.stopping != self._said_stopping:
            self._print(self.stopping or "Resumed.")
            self._said_stopping = self.stopping
        if time.monotonic() - self._quiet_since < _STILL_WAITING_S:
            return
        self._quiet_since = time.monotonic()
        at_work = [job for job in self.live.schedule.live.values() if job.step in AT_WORK]
        if at_work:
            names = ", ".join(safe(job.task.id) for job in at_work[:3])
            more = f" and {len(at_work) - 3:,} more" if len(at_work) > 3 else ""
            self._print(f"    at work: {names}{more}")
        for who, why in self.waits():
            self._print(f"    waiting: {who}: {why}")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
