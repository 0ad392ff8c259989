"""`beast plan --what-if`: the same list under other limits, each combination a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import product
from typing import Any

from beastmode.cli.columns import in_columns
from beastmode.errors import SettingError
from beastmode.failures.advice import spoken
from beastmode.runner.foreseeing.estimate import STEPS, Estimate, estimate
from beastmode.runner.foreseeing.foresight import Limits
from beastmode.runner.foreseeing.worlds import Case
from beastmode.settings import parse_concurrency, parse_count, parse_rates, parse_token_rates, understood

MOST_ROWS = 24
_FLAG = "--what-if"
_FORM = 'Write limits with what they might be, like --what-if "max-concurrency=5,10 rate=16/s".'
_STEPS_A_ROW = STEPS // 4

_LIMITS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "max-concurrency": ("at_once", parse_concurrency),
    "rate": ("rates", parse_rates),
    "upstream-concurrency": ("asking", parse_concurrency),
    "tokens": ("tokens", parse_token_rates),
    "check-concurrency": ("checks", lambda text: parse_count(text, 1)),
}
"""Which limit a name means, and how its values are understood: as those of the flag."""
_OF_CODE = ("upstream-concurrency", "tokens", "check-concurrency")


@dataclass(frozen=True, slots=True)
class Row:
    """One combination.   said: as it was written, by name."""

    said: Mapping[str, str]
    estimate: Estimate

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"limits": dict(self.said), "estimate": self.estimate.as_json()}


def combinations(text: str, *, code: bool) -> list[dict[str, str]]:
    """Every combination of the limits that a text names, as it was written.   code: whether the list writes some.
    Raises SettingError for a word that is not understood, and for too many combinations."""
    values: dict[str, list[str]] = {}
    for part in text.split():
        name, _, told = part.partition("=")
        if name not in _LIMITS:
            near = get_close_matches(name, _LIMITS, n=1)
            guess = f"Did you mean {near[0]}? " if near else ""
            raise _wrong(f"{name!r} is no limit", f"{guess}There are {', '.join(_LIMITS)}. {_FORM}")
        if name in values:
            raise _wrong(f"{name} is said twice", f"Write its values with commas: {name}=1,2.")
        if name in _OF_CODE and not code:
            raise _wrong(f"no task of this list writes code, so {name} holds nothing back", "Leave it out.")
        values[name] = list(filter(None, told.split(",")))
        if not values[name]:
            raise _wrong(f"{name} has no value", _FORM)
        for value in values[name]:
            understood(f"{_FLAG} {name}", value, _LIMITS[name][1])
    if not values:
        raise _wrong("it names no limit", _FORM)
    rows = [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
    if len(rows) > MOST_ROWS:
        raise _wrong(f"these are {len(rows)} combinations", f"Ask for at most {MOST_ROWS} at a time.")
    return rows


def _wrong(what: str, tip: str) -> SettingError:
    return SettingError(what, where=_FLAG, tip=tip)


def rows_of(case: Case, text: str) -> list[Row]:
    """The case under every combination of a text. Raises SettingError."""
    asked = combinations(text, code=bool(case.code))
    return [Row(said, estimate(case.under(_changed(case, said)), _STEPS_A_ROW)) for said in asked]


def _changed(case: Case, said: Mapping[str, str]) -> Limits:
    limits = case.limits
    for name, text in said.items():
        field, parse = _LIMITS[name]
        if field == "rates" and case.code and not case.limits.rates:
            field = "asking_rates"  # where a gateway paces agents, it is the model server's
        limits = replace(limits, **{field: parse(text)})
    return limits


def row_lines(today: Estimate, rows: Sequence[Row]) -> Iterator[str]:
    """A table: today's limits first, what each row takes, how much less that is."""
    names = list(rows[0].said)
    head = (*names, "takes", "from … to", "")
    cells = [head, (*("as it is" if not at else "" for at in range(len(names))), *_cells(today, today))]
    cells += [(*row.said.values(), *_cells(row.estimate, today)) for row in rows]
    yield from in_columns(cells)


def _cells(told: Estimate, today: Estimate) -> tuple[str, str, str]:
    seconds = told.seconds
    return spoken(seconds.median), f"{spoken(seconds.low)} … {spoken(seconds.high)}", _less(told, today)


def _less(told: Estimate, today: Estimate) -> str:
    if told is today or not today.seconds.median:
        return ""
    saved = 1 - told.seconds.median / today.seconds.median
    if abs(saved) < 0.015:
        return "no difference"
    return f"{abs(saved):.0%} {'less' if saved > 0 else 'more'}".replace("%", " %")
