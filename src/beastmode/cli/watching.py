"""What every view of a run at work needs: counts, who waits for what, and when it will end."""

from __future__ import annotations

import asyncio
import math
import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence

from beastmode.amounts import counted, duration
from beastmode.cli.words import safe
from beastmode.compose.run.session import Live, View
from beastmode.runner.execute import Job
from beastmode.runner.foreseeing.estimate import Spread
from beastmode.runner.foreseeing.remaining import remaining
from beastmode.runner.states import FINAL, TaskState

_MOST_WAITS = 8
_REASONS = {
    "slot": "all slots are in use",
    "rate": "the rate allows no start yet",
    "retries": "the budget of retries is in use",
    "unhealthy": "the server is not well; probing again",
    "breaker": "most calls failed; the breaker is open",
    "paused": "a person has paused the run",
    "restart": "calls of the runner before may still be at the server",
    "rate_limit": "the server asked for a pause",
    "overloaded": "the server is overloaded and asked for a pause",
}
STOPPING = {
    "interrupted": "Stopping: what runs is finished first. Ctrl-C again ends it.",
    "held": "Held back: what runs is finished, then the run ends; the same command goes on later.",
    "budget": "The budget of attempts is used up: what runs is finished, then the run ends.",
    "spent": "The budget of the run is used up: what runs is finished, then the run ends.",
    "time": "The time is used up: what runs is finished, then the run ends.",
    "journal": "The journal cannot be written: what runs is finished, then the run ends.",
    "cancelled": "Cancelled: what runs is ended, then the run ends.",
}
PAUSED = "Paused: what runs is finished, and nothing begins until: beast resume r{}"


class Watching(View):
    """Counts as tasks change, so that a look costs the same for seven tasks and for a million.

    refresh_s: how often `look` is called while the run is at work.
    """

    refresh_s = 0.25

    def begin(self, live: Live) -> None:
        self.live = live
        self.began = time.monotonic()
        self.states: dict[int, TaskState] = dict(live.opened.plan.states)
        self.counts = Counter(self.states.values())
        self.before = self.ended
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        old = self.states.get(task)
        if old is not None:
            self.counts[old] -= 1
        self.states[task] = state
        self.counts[state] += 1

    def end(self) -> None:
        self._ticker.cancel()

    def warned(self, warnings: Sequence[str]) -> None:
        for warning in warnings:
            print(f"beast: {safe(warning)}", file=sys.stderr)

    def look(self) -> None:
        """Show how it stands now."""
        raise NotImplementedError

    async def _tick(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(self.refresh_s)

    @property
    def total(self) -> int:
        """All tasks but those that are skipped."""
        return self.live.opened.graph.size - self.counts["skipped"]

    @property
    def ended(self) -> int:
        return sum(self.counts[state] for state in FINAL if state != "skipped")

    @property
    def stopping(self) -> str:
        """Why nothing more is started, in words; "" while it is."""
        schedule = self.live.schedule
        if schedule.paused and not schedule.stop_reason:
            return PAUSED.format(self.live.opened.run)
        return STOPPING.get(schedule.stop_reason, "")

    def left(self) -> Spread | None:
        """Seconds until the end, by what was foreseen and by how fast tasks have ended; None where nothing says."""
        estimate = self.live.opened.estimate
        told = estimate.seconds if estimate and not estimate.is_guess else None
        here, elapsed_s = self.ended - self.before, time.monotonic() - self.began
        return remaining(told, here, self.total - self.before, elapsed_s)

    def waits(self) -> list[tuple[str, str]]:
        """Who waits for what: the head of the line in front of the guard, and tasks between attempts."""
        waits, now = list[tuple[str, str]](), self.live.means.clock.boottime()
        hold = self.live.guard.hold
        if hold is not None:
            wait = "" if hold.wait_s == math.inf else f", for {duration(hold.wait_s)}"
            waits.append(("next start", _REASONS.get(hold.reason, hold.reason.replace("_", " ")) + wait))
        between = sorted(
            (job for job in self.live.schedule.live.values() if job.step == "backoff"),
            key=lambda job: job.due,
        )
        for job in between[:_MOST_WAITS]:
            again = f"attempt {job.attempts + 1} in {duration(max(0.0, job.due - now))}, after {job.reason}"
            waits.append((safe(job.task.id), again))
        if len(between) > _MOST_WAITS:
            waits.append(("", f"and {counted(len(between) - _MOST_WAITS, 'more task')} between attempts"))
        return [*waits, *self._paused()]

    def _paused(self) -> list[tuple[str, str]]:
        """Tasks that a person has paused by themselves, and that have not ended: they keep the run alive."""
        opened = self.live.opened
        tasks = [at for at in self.live.schedule.paused_tasks if self.states.get(at, "pending") not in FINAL]
        names = [opened.plan.tasks[at].id for at in sorted(tasks)[:_MOST_WAITS]]
        told = [
            (safe(name), f"paused, until: beast resume r{opened.run} {safe(shlex.quote(name))}")
            for name in names
        ]
        more = len(tasks) - len(told)
        return [*told, ("", f"and {counted(more, 'more paused task')}")] if more else told


def to_look_at(live: Live) -> str:
    """How many lines of the list could have been meant otherwise, and where they are shown; "" for none."""
    lines = sum(entry.look for entry in live.opened.roadmap.ignored)
    if not lines or live.opened.request.list_file is None:
        return ""
    words = shlex.join(["beast", "plan", str(live.opened.request.source)])
    return f"{counted(lines, 'line')} of the list could be meant otherwise: {words}"


def limits_now(live: Live) -> str:
    """The limits of a run as they are now, in words."""
    limits = live.guard.limits
    at_once = f"at most {limits.concurrency} at once" if limits.concurrency else "no limit on tasks at once"
    changed = " (changed with beast limits)" if live.opened.limits.persons else ""
    return f"{at_once}, {' and '.join(map(str, limits.rates)) or 'no limit on starts'}{changed}"


def failure_lines(job: Job | None) -> list[str]:
    """Class, cause and tip of a task that has failed."""
    if job is None or job.failure is None:
        return []
    return [f"{job.failure.class_}: {safe(job.failure.cause)}", safe(job.failure.tip)]
