"""Notifying: who is not looking hears of a run. A view in front of the one that shows it, and a thread that sends."""

from __future__ import annotations

import asyncio
import math
import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from beastmode.compose.run.session import Live, View
from beastmode.runner.execute import Job
from beastmode.runner.notices import LONG_PAUSE_S, Notice, of_pause, of_person
from beastmode.runner.states import TaskState

Way = Callable[[Notice], str]
"""Sends a notice within `PATIENCE_S`. Returns why it could not be sent, "" where it was; never raises."""
PATIENCE_S = 10.0
_LOOK_S = 2.0
_PASS_BY_THEMSELVES = ("breaker", "unhealthy", "restart")
"""Reasons of a closed guard that are no quota: probing goes on, nobody has said when it ends."""
_MOST_IN_LINE = 1_000


class Notifier:
    """Sends notices in their order, in a thread of its own: `with Notifier(ways) as notifier: notifier.tell(notice)`.

    Nothing waits for it but the end of the `with`, which gives what is still in line some seconds. A way that fails
    is told in `warnings`, once, and tried again with the next notice.
    """

    def __init__(self, ways: Sequence[Way]) -> None:
        self.warnings: list[str] = []
        self._ways = ways
        self._line: queue.Queue[Notice | None] = queue.Queue(_MOST_IN_LINE)
        self._thread = threading.Thread(target=self._send_all, name="notices", daemon=True)

    def __enter__(self) -> Notifier:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put(None)
        self._thread.join(PATIENCE_S * (len(self._ways) + 1))

    def tell(self, notice: Notice) -> None:
        """Send it as soon as those before it are sent. Never waits."""
        self._put(notice)

    def _put(self, notice: Notice | None) -> None:
        try:
            self._line.put_nowait(notice)
        except queue.Full:
            self._warn(f"more than {_MOST_IN_LINE} notices are in line; some were not sent")

    def _send_all(self) -> None:
        while (notice := self._line.get()) is not None:
            for way in self._ways:
                if why := way(notice):
                    self._warn(f"a notice was not sent: {why}")

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)


class NotifyingView(View):
    """Tells of tasks that need a person, and of long pauses of the server; shows all to the view behind it."""

    def __init__(self, behind: View, notifier: Notifier) -> None:
        self._behind, self._notifier = behind, notifier
        self._told_until = -math.inf

    def begin(self, live: Live) -> None:
        self._live = live
        self._looking = asyncio.get_running_loop().create_task(self._look())
        self._behind.begin(live)

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        if state == "needs_person":
            opened, failure = self._live.opened, None if job is None else job.failure
            self._notifier.tell(of_person(opened.name, opened.plan.tasks[task].id, failure))
        self._behind.changed(task, state, job)

    def end(self) -> None:
        self._looking.cancel()
        self._behind.end()

    def warned(self, warnings: Sequence[str]) -> None:
        self._behind.warned(warnings)

    async def _look(self) -> None:
        """A pause is a state of the guard, which nobody is called for."""
        while True:
            self._tell_pause()
            await asyncio.sleep(_LOOK_S)

    def _tell_pause(self) -> None:
        hold = self._live.guard.closed()
        if hold is None or hold.reason in _PASS_BY_THEMSELVES or hold.wait_s < LONG_PAUSE_S:
            return
        clock = self._live.means.clock
        until = clock.boottime() + hold.wait_s
        if until > self._told_until + LONG_PAUSE_S and hold.wait_s < math.inf:
            self._told_until = until
            self._notifier.tell(of_pause(self._live.opened.name, hold.reason, clock.unix() + hold.wait_s))
