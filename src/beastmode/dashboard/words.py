"""Words and figures of the pages: what templates show numbers, times and states with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from markupsafe import Markup

from beastmode.failures.advice import spoken

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


def name_of(state: str) -> str:
    """A state or an outcome as people say it."""
    return _NAMES.get(state, state.replace("_", " "))


def mark_of(state: str) -> str:
    """A sign for a state, for those who do not see its colour."""
    return _MARKS.get(state, "·")


def length(seconds: float | None) -> str:
    """A length of time: 340 ms, 2.6 s, 13 min; "" where it is not known."""
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else spoken(seconds)


@lru_cache(maxsize=4096)
def moment(unix: float | None) -> str:
    """An instant as an element that the browser shows in its own zone; until then, and without scripts, in UTC."""
    if unix is None:
        return ""
    at = datetime.fromtimestamp(unix, UTC)
    # Put together by Markup it was a seventh of what fifty viewers cost; there is nothing to escape in a date.
    text = f'<time datetime="{at.isoformat(timespec="milliseconds")}">{at:%Y-%m-%d %H:%M:%S} UTC</time>'
    return Markup(text)  # noqa: S704


def amount(number: float | None) -> str:
    """A number in groups of three, from a million on in millions; "" where it is not known."""
    if number is None:
        return ""
    if abs(number) >= 1e6:
        return f"{number / 1e9:.2f} billion" if abs(number) >= 1e9 else f"{number / 1e6:.2f} million"
    return f"{number:,.0f}".replace(",", "\u202f")


def usd(amount: float | None) -> str:
    """Dollars, with as many digits as small sums need; "" where they are not known."""
    if amount is None:
        return ""
    return f"${amount:,.{2 if amount >= 1 or not amount else 4 if amount >= 0.01 else 6}f}"


def counts_in(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """What there is of each state: state, name, number; in one order, without zeros."""
    return [(state, name_of(state), counts[state]) for state in _ORDER if counts.get(state)]


def percent(part: float, whole: float, digits: int = 0) -> str:
    """A share, for people."""
    return f"{100 * part / whole if whole else 0:.{digits}f} %"


def number_in(text: str) -> int:
    """A number that stands in an address; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 15 else 0
