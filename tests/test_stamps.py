"""Moments and spans of time as programs read them."""

from __future__ import annotations

from beastmode.stamps import milliseconds, rfc3339


def test_a_moment_is_told_to_the_millisecond_and_in_utc() -> None:
    assert rfc3339(0.0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(1_795_667_400.125) == "2026-11-26T04:30:00.125Z"
    assert rfc3339(None) is None


def test_a_span_is_told_in_milliseconds() -> None:
    assert milliseconds(0.0123456) == 12.346
    assert milliseconds(0.0) == 0.0
    assert milliseconds(None) is None
