"""Durations and instants as servers write them, made seconds. Nonsense is None.

Seconds with or without a unit, Go (`6m0s`, `12ms`, `114h18m0s`), protobuf (`26s`), words (`5 days 22 hours`), HTTP
dates, RFC 3339, epoch seconds and milliseconds, ISO dates.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

MOST_S = 365 * 86400.0
"""A year. What asks for more is broken, or a time of day misread as a wait."""
_EPOCH_FROM = 1_000_000_000.0
"""2001. A smaller number is a wait; a larger one would be a wait of more than 31 years, so it is an instant."""

_UNITS_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
_WORDS = {
    **_UNITS_S,
    **dict.fromkeys(("msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("day", "days"), 86400.0),
    **dict.fromkeys(("week", "weeks"), 604800.0),
}
_UNIT = "|".join(sorted(_WORDS, key=len, reverse=True))
_PART = re.compile(rf"[ ,]{{0,3}}(?:and )?([0-9]{{1,12}}(?:\.[0-9]{{1,12}})?) ?({_UNIT})(?![a-zµ])")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?(?:e[+-]?[0-9]{1,3})?$")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[t ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(z|utc|gmt|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE | re.ASCII,
)


def sane(seconds: float) -> float | None:
    """The wait, where it is one: 0 < s <= a year. NaN is none."""
    return seconds if 0 < seconds <= MOST_S else None


def number(value: str) -> float | None:
    """A finite number, or None. No underscores, no words such as `inf`."""
    text = value.strip().lower()
    if len(text) > 40 or not _NUMBER.match(text):
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def spelled(text: str, start: int = 0) -> tuple[float, int] | None:
    """Seconds of the duration with units that begins at `start` of a lower-case text, and where it ends."""
    total, at, seen = 0.0, start, False
    for _ in range(6):
        part = _PART.match(text, at)
        if part is None:
            break
        total += float(part[1]) * _WORDS[part[2]]
        at, seen = part.end(), True
    return (total, at) if seen else None


def instant(text: str, *, now_unix: float) -> float | None:
    """Seconds from `now_unix` to a date or time in `text`: RFC 3339, an ISO date, an HTTP date. UTC unless it says."""
    found = _ISO.search(text[:200])
    if found:
        return _until_iso(found[1], found[2] or "00:00", found[3] or "", now_unix)
    return _until_http_date(text, now_unix)


def wait_of(value: str, *, now_unix: float) -> float | None:
    """Seconds of a header or field in any form of the module's docstring, sane; a bare number is seconds."""
    text = value.strip().lower()[:80]
    bare = number(text)
    if bare is not None:
        return sane(from_number(bare, now_unix=now_unix))
    duration = spelled(text)
    if duration is not None:
        return sane(duration[0])
    until = instant(value.strip()[:80], now_unix=now_unix)
    return None if until is None else sane(until)


def from_number(value: float, *, now_unix: float) -> float:
    """Seconds to wait, of a number that is a wait, epoch seconds or epoch milliseconds. May be negative."""
    if value >= _EPOCH_FROM * 1000:
        return value / 1000 - now_unix
    return value - now_unix if value >= _EPOCH_FROM else value


def _until_iso(date: str, clock: str, zone: str, now_unix: float) -> float | None:
    zone = "+00:00" if zone.lower() in ("", "z", "utc", "gmt") else zone
    whole, _, fraction = clock.partition(".")
    try:
        at = datetime.fromisoformat(f"{date}T{whole}{zone}")
        return at.timestamp() + float(f"0.{fraction or 0}") - now_unix
    except (ValueError, OverflowError):
        return None


def _until_http_date(text: str, now_unix: float) -> float | None:
    if not any(letter.isalpha() for letter in text[:12]) or ":" not in text:
        return None
    from email.utils import parsedate_to_datetime  # costs 10 ms to load, and dates are rare

    try:
        date = parsedate_to_datetime(text[:64])
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now_unix
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
