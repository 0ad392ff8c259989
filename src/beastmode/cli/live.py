"""What a person sees while a run is at work: a live view in a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from beastmode.compose.session import Live, View
from beastmode.runner.execute import Job
from beastmode.runner.states import FINAL, TaskState

_REFRESH_S = 0.25
_STILL_WAITING_S = 10.0
_MOST_ROWS = 8
_COLOURS = {"done": "green", "failed": "red", "blocked": "yellow", "waiting": "yellow", "cancelled": "yellow"}
_REASONS = {
    "slot": "all slots are in use",
    "rate": "the rate allows no start yet",
    "retries": "the budget of retries is in use",
    "unhealthy": "the server is not well; probing again",
    "breaker": "most calls failed; the breaker is open",
    "rate_limit": "the server asked for a pause",
    "overloaded": "the server is overloaded and asked for a pause",
}


@contextmanager
def view_for(stream: TextIO) -> Iterator[View]:
    """A live view where `stream` is a terminal, plain lines where it is not."""
    console = Console(file=stream, highlight=False, soft_wrap=not stream.isatty())
    if not stream.isatty():
        yield PlainView(console)
        return
    with RichLive(console=console, auto_refresh=False, transient=True) as rich:
        yield LiveView(rich)


class _Counting(View):
    """Keeps what every view needs: the run, and how many tasks are in which state."""

    def begin(self, live: Live) -> None:
        self.live = live
        self.began = time.monotonic()
        self.counts: dict[TaskState, int] = {}
        self.before = 0
        for state in live.opened.plan.states.values():
            self.counts[state] = self.counts.get(state, 0) + 1
            self.before += 1
        self.states: dict[int, TaskState] = dict(live.opened.plan.states)
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        old = self.states.get(task)
        if old is not None:
            self.counts[old] -= 1
        self.states[task] = state
        self.counts[state] = self.counts.get(state, 0) + 1

    def end(self) -> None:
        self._ticker.cancel()

    @property
    def total(self) -> int:
        return self.live.opened.graph.size

    @property
    def ended(self) -> int:
        return sum(self.counts.get(state, 0) for state in FINAL)

    def eta_s(self) -> float:
        """Seconds until the end, if tasks go on ending as fast as they have; inf before the first has."""
        here, elapsed = self.ended - self.before, time.monotonic() - self.began
        return (self.total - self.ended) * elapsed / here if here > 0 else math.inf

    def waits(self) -> list[tuple[str, str]]:
        """Who waits for what: the head of the line in front of the guard, and tasks between attempts."""
        hold, waits = self.live.guard.hold, []
        if hold is not None:
            wait = "" if hold.wait_s == math.inf else f" ({hold.wait_s:.1f} s)"
            waits.append(("next start", _REASONS.get(hold.reason, hold.reason) + wait))
        jobs = [job for job in self.live.schedule.live.values() if job.step == "backoff"]
        waits += [(job.task.id, f"tries again after: {job.reason}") for job in jobs[:_MOST_ROWS]]
        return waits

    async def _tick(self) -> None:
        raise NotImplementedError


class PlainView(_Counting):
    """A line for every task that ends, and one now and then that says what is waited for."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, live: Live) -> None:
        super().begin(live)
        opened = live.opened
        again = " goes on" if opened.progress.sessions else ""
        self._console.print(
            f"r{opened.run}{again}: {self.total} tasks, {self.before} of them ended or left out before"
        )

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        super().changed(task, state, job)
        if state not in FINAL and state != "waiting":
            return
        planned = self.live.opened.plan.tasks[task]
        title = f"  {planned.title}" if planned.title else ""
        line = f"[{self.ended}/{self.total}] {state:<9} {planned.id}{title}"
        if state == "failed" and job and job.failure:
            line += f"\n    {job.failure.class_}: {job.failure.cause}\n    {job.failure.tip}"
        self._console.print(line, markup=False)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_STILL_WAITING_S)
            for who, why in self.waits():
                self._console.print(f"    waiting: {who}: {why}", markup=False)


class LiveView(_Counting):
    """Phases, what runs, what waits and why, slots and window in use, and when it will end."""

    def __init__(self, rich: RichLive) -> None:
        self._rich = rich

    def begin(self, live: Live) -> None:
        super().begin(live)
        self._phases: dict[str, list[int]] = {}
        for index, phases in enumerate(live.opened.plan.phases):
            self._phases.setdefault(" > ".join(phases[-2:]) or "Tasks", []).append(index)

    async def _tick(self) -> None:
        while True:
            self._rich.update(self._picture(), refresh=True)
            await asyncio.sleep(_REFRESH_S)

    def _picture(self) -> RenderableType:
        return Group(self._head(), self._phase_table(), self._running(), self._waiting())

    def _head(self) -> RenderableType:
        guard, eta = self.live.guard, self.eta_s()
        slots, starts = guard.in_use()
        rate = f"{starts} of {guard.rates[0].starts} starts in the window" if guard.rates else "no rate limit"
        left = "" if eta == math.inf else f"  about {_clock(eta)} left"
        states = "  ".join(
            f"[{_COLOURS.get(state, 'white')}]{count} {state}[/]"
            for state, count in self.counts.items()
            if count
        )
        limit = guard.concurrency or "no limit"
        return Text.from_markup(
            f"[bold]{escape(self.live.opened.roadmap.title or 'Run')}[/bold]  r{self.live.opened.run}  "
            f"{self.ended}/{self.total}  {_clock(time.monotonic() - self.began)}{left}\n"
            f"{states}\nslots {slots} of {limit}   {rate}"
        )

    def _phase_table(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        rows = [(title, tasks, self._ended_of(tasks)) for title, tasks in self._phases.items()]
        current = next((i for i, (_, tasks, ended) in enumerate(rows) if ended < len(tasks)), len(rows))
        first = max(0, min(current - 2, len(rows) - _MOST_ROWS))
        for title, tasks, ended in rows[first : first + _MOST_ROWS]:
            bar = ProgressBar(total=len(tasks), completed=ended, width=20)
            table.add_row(Text(title[-48:]), bar, f"{ended}/{len(tasks)}")
        return table

    def _ended_of(self, tasks: list[int]) -> int:
        return sum(self.states.get(task) in FINAL for task in tasks)

    def _running(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        at_work = [job for job in self.live.schedule.live.values() if job.step in ("running", "verifying")]
        for job in at_work[:_MOST_ROWS]:
            attempt = f"attempt {job.attempts}" if job.attempts > 1 else ""
            table.add_row(
                Text(job.step, "cyan"), Text(job.task.id), Text(job.task.title[:60]), Text(attempt, "dim")
            )
        if len(at_work) > _MOST_ROWS:
            table.add_row("", f"and {len(at_work) - _MOST_ROWS} more")
        return table

    def _waiting(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for who, why in self.waits():
            table.add_row(Text("waiting", "yellow"), Text(who), Text(why, "dim"))
        return table


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
