"""The timeline of a run as shapes: a row for each task, a bar for each stretch of its time. Pure; the template only
draws."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from beastmode.dashboard.sources.runs import Stretch, Timeline, TimelineRow
from beastmode.dashboard.words import length, name_of

WIDTH = 100.0
"""Places are in per cent: the picture fits any width, and its text keeps its size."""
_THINNEST = 0.4
"""Narrower bars cannot be seen."""
_MOST_TICKS = 6
_NICE_S = (
    1e-3,
    2e-3,
    5e-3,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
)
_NOTHING_MORE = re.compile(r" 00 \w+$")
_HOURS = (1, 2, 3, 6, 12, 24, 48)

_OWN_LIMITS = ("rate", "slot")
"""Reasons of waits that have a colour of their own: the run's limits. All others come from the server or a person."""
LEGEND = {
    "ready": "its turn, in line",
    "rate": "held back by the rate",
    "slot": "no place free",
    "server": "held back by the server, or a person",
    "backoff": "before another attempt",
    "running": "at work",
    "done": "at work, done",
    "failed": "at work, failed or cut off",
    "verify": "being proven",
    "merge": "being merged",
}
"""The kinds of bars and what they mean, in the order of a task's life."""


@dataclass(frozen=True, slots=True)
class Bar:
    """x, width: of 0 … WIDTH.   kind: of LEGEND.   words: for a pointer that rests."""

    x: float
    width: float
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """x: of 0 … WIDTH.   words: the time since the run began."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A task and its bars, in their order."""

    task: str
    title: str
    state: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows in their order.   sessions, now: places on the axis.   kinds: of the bars, each with its words, in the order
    of the legend."""

    rows: Sequence[Row]
    ticks: Sequence[Tick]
    sessions: Sequence[float]
    now: float | None
    kinds: Sequence[tuple[str, str]]


def picture_of(timeline: Timeline) -> Picture:
    """All rows of a timeline."""
    scale = _Scale(timeline.begin_s, timeline.end_s)
    rows = [_row(scale, row) for row in timeline.rows]
    used = {bar.kind for row in rows for bar in row.bars}
    marks = ticks_s(timeline.begin_s, timeline.end_s)
    return Picture(
        rows,
        [Tick(scale.x(at_s), _tick(at_s)) for at_s in marks],
        [scale.x(at_s) for at_s in timeline.sessions_s if timeline.begin_s <= at_s <= timeline.end_s],
        None if timeline.now_s is None else scale.x(timeline.now_s),
        [(kind, words) for kind, words in LEGEND.items() if kind in used],
    )


def _tick(at_s: float) -> str:
    """`2 min`: there is no room for `2 min 00 s`."""
    return _NOTHING_MORE.sub("", length(at_s)) if at_s else "0"


def _row(scale: _Scale, row: TimelineRow) -> Row:
    shown = (stretch for stretch in row.stretches if stretch.to_s >= scale.begin_s)
    return Row(row.task, row.title, row.state, [_bar(scale, row.task, stretch) for stretch in shown])


def ticks_s(begin_s: float, end_s: float) -> list[float]:
    """Round instants from begin to end, few enough to be read."""
    span_s = end_s - begin_s
    if span_s <= 0:
        return [begin_s]
    wanted_s = span_s / _MOST_TICKS
    steps = (*_NICE_S, *(3600.0 * hours for hours in _HOURS))
    step_s = next((step for step in steps if step >= wanted_s), 86400.0 * math.ceil(wanted_s / 86400))
    return [count * step_s for count in range(math.ceil(begin_s / step_s), math.floor(end_s / step_s) + 1)]


@dataclass(frozen=True, slots=True)
class _Scale:
    begin_s: float
    end_s: float

    def x(self, at_s: float) -> float:
        share = (at_s - self.begin_s) / (self.end_s - self.begin_s) if self.end_s > self.begin_s else 0.0
        return round(min(1.0, max(0.0, share)) * WIDTH, 3)


def _bar(scale: _Scale, task: str, stretch: Stretch) -> Bar:
    begin, end = scale.x(stretch.from_s), scale.x(stretch.to_s)
    width = max(_THINNEST, end - begin)
    return Bar(round(min(begin, WIDTH - width), 3), round(width, 3), _kind(stretch), _words(task, stretch))


def _kind(stretch: Stretch) -> str:
    if stretch.step == "wait":
        return stretch.reason if stretch.reason in _OWN_LIMITS else "server"
    if stretch.step != "run":
        return stretch.step
    return "done" if stretch.reason == "done" else "failed" if stretch.reason else "running"


def _words(task: str, stretch: Stretch) -> str:
    """`build, attempt 2: held back by the rate, 1.2 s`."""
    took = length(max(0.0, stretch.to_s - stretch.from_s))
    if stretch.step == "run":
        what = name_of(stretch.reason) if stretch.reason else "at work"
    else:
        what = f"held back: {name_of(stretch.reason)}" if stretch.step == "wait" else LEGEND[stretch.step]
    return f"{task}, attempt {stretch.attempt}: {what}, {took}"
