"""Words and figures of the pages: what templates show numbers, times and states with. `beastmode.amounts` has those
that reports say, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from markupsafe import Markup

from beastmode import amounts

T = TypeVar("T")
_NAMES = {
    "needs_person": "needs a person",
    "upstream_ok": "answered",
    "hit": "from the cache",
    "shared": "shared",
    "pending": "to do",
}
_MARKS = {
    **{
        "done": "✓",
        "failed": "✗",
        "running": "▶",
        "verifying": "▶",
        "merging": "▶",
        "waiting": "…",
        "ready": "○",
    },
    **{"needs_person": "?", "blocked": "⊘", "interrupted": "!", "cancelled": "⊗", "skipped": "»"},
}
_ORDER = (
    *(
        "done",
        "running",
        "verifying",
        "merging",
        "waiting",
        "needs_person",
        "failed",
        "blocked",
        "interrupted",
    ),
    *("cancelled", "ready", "pending", "skipped"),
)


def _known(words: Callable[[T], str]) -> Callable[[T | None], str]:
    return lambda number: "" if number is None else words(number)


amount, size, usd = _known(amounts.amount), _known(amounts.size), _known(amounts.usd)
length, brief = _known(amounts.duration), _known(amounts.brief)
"""An empty cell for what is not known."""


def name_of(state: str) -> str:
    """A state or an outcome as people say it."""
    return _NAMES.get(state, state.replace("_", " "))


def mark_of(state: str) -> str:
    """A sign for a state, for those who do not see its colour."""
    return _MARKS.get(state, "·")


@lru_cache(maxsize=4096)
def moment(unix: float | None) -> str:
    """An instant as an element that the browser shows in its own zone; until then, and without scripts, in UTC."""
    if unix is None:
        return ""
    at = datetime.fromtimestamp(unix, UTC)
    # Put together by Markup it was a seventh of what fifty viewers cost; there is nothing to escape in a date.
    text = f'<time datetime="{at.isoformat(timespec="milliseconds")}">{at:%Y-%m-%d %H:%M:%S} UTC</time>'
    return Markup(text)  # noqa: S704


def cost(dollars: float, unpriced: float) -> str:
    """What requests have cost, of which `unpriced` have no price: nobody knows then that it was nothing."""
    if not unpriced:
        return usd(dollars)
    without = amounts.counted(unpriced, "request")
    return f"{usd(dollars)} and {without} without a price" if dollars else f"no price for {without}"


def counts_in(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """What there is of each state: state, name, number; in one order, without zeros."""
    return [(state, name_of(state), counts[state]) for state in _ORDER if counts.get(state)]


def percent(part: float, whole: float) -> str:
    """A share, for people; `—` of nothing."""
    return amounts.percent(part / whole if whole else None)


def number_in(text: str) -> int:
    """A number that stands in an address; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 15 else 0
