"""The timeline of a report as a picture: SVG that needs no script and fits any width."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from beastmode.amounts import counted, duration, took
from beastmode.runner.report import words

Plain = Mapping[str, Any]

MOST_TICKS = 5
_NICE = (1, 2, 5, 10)
_MOST_OPEN = 40
"""Rows that a reader scrolls past without minding. More are folded, below a curve of all of them."""
_FEW = 12
"""Up to so many rows show by themselves how many were at work."""
_LEAST_WAIT_S = 0.001

LEGEND = {
    "wait": "waiting before a start",
    "done": "done",
    "retry": "failed, tried again",
    "failed": "failed",
    "waiting": "throttled",
    "interrupted": "interrupted",
    "cancelled": "cancelled",
    "running": "running",
}


def picture(report: Plain) -> str:
    """The legend, how many attempts were at work over time, and a row of bars for each task below one time axis.

    Bars are placed in per cent, so that they fit any width while the text keeps its size.
    """
    line = report["timeline"]
    length_s = max(line["length_s"], 0.001)
    grid, axis = _grid(line, length_s, "22"), _axis(length_s)
    rows = "".join(_row(row, length_s, grid) for row in line["rows"])
    curve = _busy(line["busy"], report["safety"]["concurrency_limit"], _grid(line, length_s, "100%"))
    head = f'<p class="soft">{_said(report)}</p>{_legend(line["rows"])}'
    if len(line["rows"]) <= _FEW:
        return f'{head}<ul class="rows">{axis}\n{rows}</ul>'
    if len(line["rows"]) <= _MOST_OPEN:
        return f'{head}<ul class="rows">{axis}{curve}\n{rows}</ul>'
    folded = f"<details><summary>A row for each of {counted(len(line['rows']), 'task')}</summary>"
    return f'{head}<ul class="rows">{axis}{curve}</ul>{folded}<ul class="rows">{axis}\n{rows}</ul></details>'


def _said(report: Plain) -> str:
    said = "Time since the run began."
    if len(report["sessions"]) > 1:
        said += " Dashed: a new session; the time between two sessions is left out."
    left_out = report["timeline"]["rows_left_out"]
    if left_out:
        shown = counted(len(report["timeline"]["rows"]), "task")
        said += f" Drawn are {shown}: those that failed, then those that took part last; {left_out:,} more are not."
    return said


def ticks_of(length_s: float) -> list[float]:
    """Round instants for a time axis, from 0, at most MOST_TICKS + 1."""
    rough = length_s / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(nice for nice in _NICE if nice * power >= rough * (1 - 1e-9))
    return [count * step for count in range(math.floor(length_s / step + 1e-9) + 1)]


def _grid(line: Plain, length_s: float, bottom: str) -> str:
    """Marks of the axis and of sessions behind a row, a little longer than the row, so that rows join them."""
    marks = [("tick", tick) for tick in ticks_of(length_s)]
    marks += [("session", begin) for begin in line["sessions_begin_s"][1:]]
    places = ((kind, f"{100 * at_s / length_s:.3f}%") for kind, at_s in marks)
    return "".join(f'<line class="{kind}" x1="{x}" x2="{x}" y1="-6" y2="{bottom}"/>' for kind, x in places)


def _axis(length_s: float) -> str:
    texts = []
    for tick in ticks_of(length_s):
        at = 100 * tick / length_s
        anchor = "start" if at < 4 else "end" if at > 96 else "middle"
        texts.append(f'<text x="{at:.3f}%" y="12" text-anchor="{anchor}">{duration(tick)}</text>')
    return f'<li class="axis" aria-hidden="true"><span></span><svg>{"".join(texts)}</svg><span></span></li>'


def _legend(rows: Sequence[Plain]) -> str:
    ends = {bar["end"] for row in rows for bar in row["bars"]} | {"wait"}
    items = (
        f'<li><svg aria-hidden="true">{bar(end, 0, 100, what)}</svg>{escape(what)}</li>'
        for end, what in LEGEND.items()
        if end in ends
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _busy(busy: Sequence[float], limit: int | None, grid: str) -> str:
    """A curve of how many attempts were at work, up to the limit where there is one."""
    if not busy:
        return ""
    top = max([limit or 0, *map(math.ceil, busy), 1])
    steps = " ".join(f"V{100 - 100 * count / top:.1f} H{at}" for at, count in enumerate(busy, 1))
    said = f"limit {limit:,}" if limit else f"at most {top:,} on average"
    label = f"Attempts at work over time, {said}"
    return (
        '<li class="busy"><span class="name"><b>At work</b></span>'
        f'<svg role="img" aria-label="{escape(label)}">{grid}'
        f'<svg viewBox="0 0 {len(busy)} 100" preserveAspectRatio="none"><path d="M0,100 {steps} V100 Z"/></svg>'
        f'</svg><span class="soft">{escape(said)}</span></li>\n'
    )


def curve(level: Plain, length_s: float) -> str:
    """How many at once an `auto` allowed, over time."""
    top, long_s = max(level["highest"], 1), max(length_s, 0.001)
    points = [(1000 * min(1.0, change["at_s"] / long_s), change["limit"]) for change in level["history"]]
    steps = " ".join(f"H{at:.1f} V{100 - 100 * limit / top:.1f}" for at, limit in points)
    of = "tasks" if level["of"] == "tasks" else f"requests to {level['of']}"
    label = f"How many {of} at once were allowed over time, at most {top:,}"
    return (
        f'<li class="busy"><span class="name"><b>{escape(of)}</b></span>'
        f'<svg role="img" aria-label="{escape(label)}">'
        f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none"><path d="M0,100 {steps} H1000 V100 Z"/></svg>'
        f'</svg><span class="soft">at most {top:,}</span></li>\n'
    )


def _row(row: Plain, length_s: float, grid: str) -> str:
    bars = "".join(_attempt(bar, length_s) for bar in row["bars"])
    last = row["bars"][-1]
    count = len(row["bars"]) + row["bars_left_out"]
    result = f"{last['end']}, {took(last['took_s'])}"
    result += f", attempt {last['attempt']}" if count > 1 else ""
    title = f" {row['title']}" if row["title"] not in ("", row["task"]) else ""
    label = f"{row['task']}{title}: {result}, from {duration(last['from_s'])} on"
    return (
        f'<li><span class="name" title="{escape(words.named(row))}"><bdi><b>{escape(row["task"])}</b>'
        f'<span class="soft">{escape(title)}</span></bdi></span>'
        f'<svg role="img" aria-label="{escape(label)}">{grid}{bars}</svg>'
        f'<span class="soft">{escape(result)}</span></li>\n'
    )


def _attempt(of: Plain, length_s: float) -> str:
    scale = 100 / length_s
    wait_s, took_s = of["from_s"] - of["wait_from_s"], of["took_s"]
    title = f"attempt {of['attempt']}: {LEGEND.get(of['end'], of['end'])} after {took(took_s)}"
    drawn = bar(of["end"], of["from_s"] * scale, took_s * scale, title, "12", "2")
    if wait_s < _LEAST_WAIT_S:
        return drawn
    return bar("wait", of["wait_from_s"] * scale, wait_s * scale, _waited(of, wait_s), "4", "6") + drawn


def _waited(of: Plain, wait_s: float) -> str:
    """How long, and for what. What no limit explains is the backoff after the attempt before."""
    reasons = [f"{words.reason_words(reason)} {duration(s)}" for reason, s in of["waits"].items()]
    backoff_s = wait_s - sum(of["waits"].values())
    if backoff_s >= 0.01 and of["attempt"] > 1:
        reasons.append(f"backoff {duration(backoff_s)}")
    return f"waited {duration(wait_s)}" + (f": {', '.join(reasons)}" if reasons else "")


def bar(kind: str, at: float, width: float, title: str, height: str = "100%", y: str = "0") -> str:
    """A piece of a row, placed in per cent of its width.   kind: names its colour.   title: shown on hovering."""
    return (
        f'<rect class="{escape(kind)}-bar" x="{at:.3f}%" y="{y}" width="{width:.3f}%" height="{height}">'
        f"<title>{escape(title)}</title></rect>"
    )
