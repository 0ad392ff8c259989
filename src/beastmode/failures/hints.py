"""Hints: how long the other side asks to wait, from its headers. Nonsense counts as no hint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC

MOST_S = 365 * 86400.0
"""A year. What asks for more is broken, or a time of day misread as a wait."""


def retry_after(headers: Mapping[str, str], *, now_unix: float) -> float | None:
    """Seconds to wait, 0 < s <= a year, as `retry-after-ms` or `retry-after` state it; None where none is.

    headers: their names in any case.   now_unix: what an HTTP date is compared with; a date that has passed,
    zero, negative numbers, NaN and more than a year are no hint.
    """
    found = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(found.get("retry-after-ms", ""))
    if milliseconds is not None and (sane := _sane(milliseconds / 1000)) is not None:
        return sane
    value = found.get("retry-after", "").strip()
    seconds = _number(value)
    return _sane(_until_date(value, now_unix) if seconds is None else seconds)


def _number(value: str) -> float | None:
    try:
        return float(value[:64])
    except ValueError:
        return None


def _until_date(value: str, now_unix: float) -> float:
    from email.utils import parsedate_to_datetime  # costs 10 ms to load, and dates are rare

    try:
        date = parsedate_to_datetime(value[:64])
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now_unix
    except (ValueError, TypeError, IndexError, OverflowError):
        return math.nan


def _sane(seconds: float) -> float | None:
    return seconds if 0 < seconds <= MOST_S else None
