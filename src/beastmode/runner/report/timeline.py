"""When everything was: bars for a picture, and how many attempts were at work over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from beastmode.runner.progress import Progress
from beastmode.runner.report.tasks import cut
from beastmode.runner.views import AttemptView

Plain = dict[str, Any]

MOST_ROWS, MOST_BARS = 300, 40
"""Tasks in the timeline, and attempts drawn for each: a page with a million shapes does not open."""
STRETCHES = 120
"""Stretches of time for which `busy` tells how many attempts were at work."""


def timeline(progress: Progress) -> Plain:
    """Times in seconds with a runner at work: the time between sessions is left out.

    rows: tasks in the order of their first start; of more than MOST_ROWS, those that failed, then those that took
    part last.   busy: attempts at work on average, for each of STRETCHES equal stretches.
    """
    axis = Axis(progress)
    of_task: dict[str, list[AttemptView]] = defaultdict(list)
    for attempt in progress.attempts:
        of_task[attempt.task].append(attempt)
    chosen = _chosen(progress, of_task)
    rows = [_row(progress, task, of_task[task], axis) for task in of_task if task in chosen]
    spans = [axis.span(attempt) for attempt in progress.attempts]
    return {
        "length_s": round(axis.length_us / 1e6, 3),
        "sessions_begin_s": [round(begin / 1e6, 3) for begin in axis.begins_us],
        "rows": rows,
        "rows_left_out": len(of_task) - len(rows),
        "busy": [round(count, 3) for count in busy(spans, axis.length_us, STRETCHES)],
    }


class Axis:
    """Places instants of all sessions on one line of time with a runner at work, in microseconds from 0."""

    def __init__(self, progress: Progress) -> None:
        self.begins_us: list[int] = []
        self.length_us = 0
        self._offsets, self._lasts = dict[int, int](), dict[int, int]()
        for session in progress.sessions:
            self.begins_us.append(self.length_us)
            self._offsets[session.number] = self.length_us - session.started.mono_us
            self._lasts[session.number] = session.last_us
            self.length_us += session.last_us - session.started.mono_us

    def place(self, session: int, mono_us: int) -> int:
        return max(0, mono_us + self._offsets[session])

    def span(self, attempt: AttemptView) -> tuple[int, int]:
        """From its real start to its recorded end, or to its runner's last word."""
        begin = attempt.admitted_us if attempt.left_us is None else attempt.left_us
        end = self._lasts[attempt.session] if attempt.ended_us is None else attempt.ended_us
        return self.place(attempt.session, begin), self.place(attempt.session, max(begin, end))


def _chosen(progress: Progress, of_task: dict[str, list[AttemptView]]) -> set[str]:
    def weight(task: str) -> tuple[bool, int]:
        view = progress.tasks.get(task)
        failed = view is not None and view.state in ("failed", "needs_person")
        return failed, of_task[task][-1].started_unix_us

    return set(sorted(of_task, key=weight)[-MOST_ROWS:])


def _row(progress: Progress, task: str, attempts: list[AttemptView], axis: Axis) -> Plain:
    bars, ended_us = list[Plain](), dict[int, int]()
    for attempt in attempts:
        begin, end = axis.span(attempt)
        admitted = axis.place(attempt.session, attempt.admitted_us)
        waited_us = round(sum(attempt.waited_s.values()) * 1e6)
        wait = ended_us.get(attempt.session, max(0, admitted - waited_us))
        stamps = {"wait_from_s": min(wait, begin), "from_s": begin, "to_s": end}
        bar: Plain = {name: round(us / 1e6, 3) for name, us in stamps.items()}
        bar["took_s"] = round((end - begin) / 1e6, 3)
        bar["waits"] = {reason: round(s, 3) for reason, s in attempt.waited_s.items() if s >= 0.001}
        bars.append(bar | {"attempt": attempt.number, "end": attempt.end or "running"})
        ended_us[attempt.session] = end
    title = progress.tasks[task].title if task in progress.tasks else ""
    left_out = max(0, len(bars) - MOST_BARS)
    return {"task": task, "title": cut(title), "bars": bars[-MOST_BARS:], "bars_left_out": left_out}


def busy(spans: Iterable[tuple[int, int]], length: int, stretches: int) -> list[float]:
    """How many spans cover each of `stretches` equal parts of 0 … length, on average over the part."""
    if not length:
        return []
    width = length / stretches
    part, whole = [0.0] * stretches, [0] * (stretches + 1)
    for begin, end in spans:
        first, last = min(int(begin / width), stretches - 1), min(int(end / width), stretches - 1)
        if first == last:
            part[first] += (end - begin) / width
            continue
        part[first] += first + 1 - begin / width
        part[last] += end / width - last
        whole[first + 1] += 1
        whole[last] -= 1
    return [some + all_ for some, all_ in zip(part, accumulate(whole), strict=False)]
