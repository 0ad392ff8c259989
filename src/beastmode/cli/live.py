"""What a person sees while a run is at work: a live view in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from beastmode.cli.lines import PlainView
from beastmode.cli.watching import Watching, failure_lines, to_look_at
from beastmode.cli.words import safe
from beastmode.compose.run.session import Live, View
from beastmode.runner.execute import Job
from beastmode.runner.states import AT_WORK, FINAL, TaskState

_MOST_ROWS = 8
_HEAD_ROWS = 6
_AT_WORK = (*AT_WORK, "recording")
_WIDE = 60
"""Columns from which a bar has room for its full length."""
_COLOURS: dict[str, str] = {
    "done": "green",
    "skipped": "dim",
    "at work": "cyan",
    "failed": "red",
    "needs_person": "magenta",
    "blocked": "yellow",
    "waiting": "yellow",
    "cancelled": "yellow",
}
"""States and steps in the order in which they are counted."""


@contextmanager
def view_for(stream: TextIO) -> Iterator[View]:
    """A live view where `stream` is a terminal that can move its cursor, plain lines elsewhere."""
    console = Console(file=stream, highlight=False, soft_wrap=not stream.isatty())
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield PlainView(console)
        return
    with RichLive(console=console, auto_refresh=False, transient=True) as rich:
        yield LiveView(rich)


class LiveView(Watching):
    """Phases, what runs, what waits and why, slots and window in use, and when it will end. What failed is printed
    above and stays."""

    def __init__(self, rich: RichLive) -> None:
        self._rich = rich

    def begin(self, live: Live) -> None:
        self._titles: list[str] = []
        self._sizes: list[int] = []
        self._phase_of: list[int] = []
        numbers: dict[tuple[str, ...], int] = {}
        for phases in live.opened.plan.phases:
            number = numbers.setdefault(phases, len(numbers))
            if number == len(self._titles):
                self._titles.append(safe(" > ".join(phases[-2:]) or "Tasks"))
                self._sizes.append(0)
            self._sizes[number] += 1
            self._phase_of.append(number)
        self._ended_of = [0] * len(self._titles)
        self._since: dict[int, float] = {}
        for task, state in live.opened.plan.states.items():
            self._ended_of[self._phase_of[task]] += state in FINAL
        super().begin(live)
        if look := to_look_at(live):
            self._rich.console.print(Text(safe(look), "dim"))

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        self._ended_of[self._phase_of[task]] += (state in FINAL) - (self.states.get(task) in FINAL)
        super().changed(task, state, job)
        if state in ("failed", "needs_person"):
            planned = self.live.opened.plan.tasks[task]
            head = Text.assemble((f"{state.replace('_', ' '):<8}", _COLOURS[state]), f" {safe(planned.id)}  ")
            self._rich.console.print(head.append(safe(planned.title)))
            for line in failure_lines(job):
                self._rich.console.print(Text(f"         {line}", "dim"))

    def look(self) -> None:
        self._rich.update(self.picture(self._rich.console), refresh=True)

    def picture(self, console: Console) -> RenderableType:
        """All of it, within the height of the terminal."""
        room = max(3, console.size.height - _HEAD_ROWS)
        share = min(_MOST_ROWS, room // 3)
        at_work, waiting = self._at_work(share), self._waiting(share)
        left = min(_MOST_ROWS, room - at_work.row_count - waiting.row_count)
        return Group(self._head(), self._phases(console.size.width, left), at_work, waiting)

    def _head(self) -> RenderableType:
        limits, still, opened = self.live.guard.limits, self.left(), self.live.opened
        slots, starts = limits.in_use()
        window = f"{starts} of {limits.rates[0].starts} starts in the window" if limits.rates else ""
        left = f", about {still.told(_clock)} left" if still else ""
        begun = _clock(time.monotonic() - self.began)
        lines = [
            Text(f"{safe(opened.roadmap.title or 'Run')}  r{opened.run}", "bold"),
            Text(f"{self.ended:,} of {self.total:,} ended in {begun}{left}"),
            self._counts(),
            Text(
                f"slots: {slots} of {limits.concurrency or 'no limit'}   rate: {window or 'no limit on starts'}"
            ),
        ]
        lines += [Text(self.stopping, "yellow")] if self.stopping else []
        table = Table.grid()
        table.add_column(no_wrap=True, overflow="ellipsis")
        for line in lines:
            table.add_row(line)
        return table

    def _counts(self) -> Text:
        """How many tasks are in which state; of those that are not ended, what they really do."""
        jobs = self.live.schedule.live.values()
        at_work = sum(job.step in _AT_WORK for job in jobs)
        counts: dict[str, int] = {state: self.counts[state] for state in FINAL}
        counts |= {"at work": at_work, "waiting": len(jobs) - at_work}
        counts["to do"] = self.total - self.ended - len(jobs)
        words = Text()
        for name in sorted(counts, key=[*_COLOURS, "to do"].index):
            if count := counts[name]:
                words.append(f"{count:,} {name.replace('_', ' ')}  ", _COLOURS.get(name, ""))
        return words

    def _phases(self, width: int, most: int) -> RenderableType:
        """Those around the first that has not ended."""
        table = _grid(0, 0, 0)
        unfinished = (i for i, size in enumerate(self._sizes) if self._ended_of[i] < size)
        current = next(unfinished, len(self._sizes))
        first = max(0, min(current - 2, len(self._titles) - most))
        for number in range(first, min(first + most, len(self._titles))):
            ended, size = self._ended_of[number], self._sizes[number]
            bar = ProgressBar(total=size, completed=ended, width=20 if width >= _WIDE else 8)
            table.add_row(Text(self._titles[number]), bar, f"{ended:,}/{size:,}")
        return table

    def _at_work(self, most: int) -> Table:
        table = _grid(9, 0, 4, 0)
        jobs = {i: job for i, job in self.live.schedule.live.items() if job.step in _AT_WORK}
        now = time.monotonic()
        self._since = {task: self._since.get(task, now) for task in jobs}
        for task, job in list(jobs.items())[: most if len(jobs) <= most else most - 1]:
            took = _clock(now - self._since[task])
            took += f", attempt {job.attempts}" if job.attempts > 1 else ""
            names = Text(safe(job.task.id)), Text(took, "dim"), Text(safe(job.task.title))
            table.add_row(Text(job.step, "cyan"), *names)
        if len(jobs) > most:
            table.add_row("", f"and {len(jobs) - most + 1:,} more")
        return table

    def _waiting(self, most: int) -> Table:
        table = _grid(9, 0, 0)
        for who, why in self.waits()[:most]:
            table.add_row(Text("waiting", "yellow"), Text(who), Text(why, "dim"))
        return table


def _grid(*least: int) -> Table:
    """A table whose rows stay one line each, however narrow the terminal.   least: widths that columns keep."""
    table = Table.grid(padding=(0, 1))
    for width in least:
        table.add_column(no_wrap=True, overflow="ellipsis", min_width=width)
    return table


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
