"""Stamps: moments and spans of time as programs read them, in JSON of every kind."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(unix: float | None) -> str | None:
    """A moment in UTC, `2026-11-26T04:30:00.125Z`; None for None.   unix: s."""
    if unix is None:
        return None
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(span_s: float | None) -> float | None:
    """A span in milliseconds, to the microsecond; None for None."""
    return None if span_s is None else round(span_s * 1000, 3)
