"""Series: figures over time as the charts and their table show them. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from beastmode.dashboard.sources.stats import Figures, StatsReader
from beastmode.store.ledger.entry import GONE_WRONG

Steps = Sequence[tuple[float, Figures]]


@dataclass(frozen=True, slots=True)
class Span:
    """How far back, and in what steps.   words: behind `the last`."""

    name: str
    words: str
    length_s: float
    step_s: float


SPANS: Mapping[str, Span] = {
    "1h": Span("1h", "hour", 3600.0, 60.0),
    "24h": Span("24h", "24 hours", 86400.0, 900.0),
    "7d": Span("7d", "7 days", 7 * 86400.0, 7200.0),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart.   colour: the name of a colour of the style sheet.   dash: for those who do not tell by
    colour.   values: one a step; None where there is none."""

    name: str
    colour: str
    dash: Sequence[int]
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """unit: `rate`, `time` or `usd`."""

    title: str
    unit: str
    times: Sequence[float]
    lines: Sequence[Line]

    def as_json(self) -> str:
        """For the script that draws it."""
        lines = [
            {"name": one.name, "colour": one.colour, "dash": list(one.dash), "values": list(one.values)}
            for one in self.lines
        ]
        return json.dumps({"unit": self.unit, "times": list(self.times), "lines": lines})


def steps_of(stats: StatsReader, span: Span, now_unix: float) -> Steps:
    """The steps of a span, whole ones but for the last, in which it is now."""
    until = now_unix // span.step_s * span.step_s + span.step_s
    return stats.series(until - span.length_s, until, span.step_s)


def charts_of(steps: Steps, step_s: float, now_unix: float) -> list[Chart]:
    """Requests by how they ended, how long they took, what they cost."""
    times = [begin for begin, _ in steps]
    return [
        Chart("Requests a second", "rate", times, _rates(steps, step_s, now_unix)),
        Chart("How long they took", "time", times, _lengths(steps)),
        Chart("What they cost", "usd", times, _costs(steps)),
    ]


def _rates(steps: Steps, step_s: float, now_unix: float) -> list[Line]:
    def rate(name: str, colour: str, dash: Sequence[int], *outcomes: str) -> Line:
        values = [one.ended(*outcomes) / _elapsed_s(begin, step_s, now_unix) for begin, one in steps]
        return Line(name, colour, dash, [_rounded(value) for value in values])

    return [
        rate("answered", "done", (), "upstream_ok"),
        rate("from the cache", "waiting", (8, 3), "hit", "shared"),
        rate("went wrong", "failed", (3, 3), *GONE_WRONG),
        rate("client left", "cancelled", (1, 3), "cancelled"),
    ]


def _lengths(steps: Steps) -> list[Line]:
    return [
        _line(steps, "half of them", "done", (), lambda one: one.p50_s),
        _line(steps, "95 %", "retry", (8, 3), lambda one: one.p95_s),
        _line(steps, "99 %", "failed", (3, 3), lambda one: one.p99_s),
    ]


def _costs(steps: Steps) -> list[Line]:
    return [
        _line(steps, "cost", "person", (), lambda one: one.cost_usd),
        _line(steps, "saved by the cache", "done", (8, 3), lambda one: one.saved_usd),
    ]


def _line(
    steps: Steps, name: str, colour: str, dash: Sequence[int], value: Callable[[Figures], float | None]
) -> Line:
    return Line(name, colour, dash, [_rounded(value(figures)) for _, figures in steps])


def _elapsed_s(begin: float, step_s: float, now_unix: float) -> float:
    """Of a step that is not over, what has passed of it."""
    return min(step_s, max(1.0, now_unix - begin))


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
