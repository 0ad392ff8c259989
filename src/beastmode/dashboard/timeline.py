"""The timeline of a run as shapes: one row a task, one bar an attempt. Pure; the template only draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WIDTH, ROW = 1000.0, 18.0


@dataclass(frozen=True, slots=True)
class Bar:
    """x, width: of 0 … WIDTH.   kind: how the attempt ended, `running`, `wait`.   words: for a pointer that rests."""

    x: float
    width: float
    y: float
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """bars within WIDTH x height; rows: the id of each task, and where its middle is."""

    bars: list[Bar]
    rows: list[tuple[str, float]]
    height: float


def picture_of(timeline: Mapping[str, Any], most_rows: int = 60) -> Picture:
    """The last rows of a report's timeline."""
    rows, scale = timeline["rows"][-most_rows:], WIDTH / (timeline["length_s"] or 1.0)
    bars: list[Bar] = []
    for place, row in enumerate(rows):
        for bar in row["bars"]:
            begin, end, wait = (bar[name] * scale for name in ("from_s", "to_s", "wait_from_s"))
            if begin - wait >= 1:
                words = f"{row['task']}: waited {bar['from_s'] - bar['wait_from_s']:.1f} s"
                bars.append(Bar(round(wait, 1), round(begin - wait, 1), place * ROW, "wait", words))
            words = f"{row['task']}, attempt {bar['attempt']}: {bar['end']}, {bar['took_s']:.1f} s"
            bars.append(Bar(round(begin, 1), round(max(2.0, end - begin), 1), place * ROW, bar["end"], words))
    return Picture(bars, [(row["task"], place * ROW) for place, row in enumerate(rows)], len(rows) * ROW)
