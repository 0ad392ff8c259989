"""Hints: how long the other side asks to wait, by headers, fields or words. Nonsense counts as no hint."""

from __future__ import annotations

import re
from collections.abc import Mapping

from beastmode.failures.durations import from_number, instant, number, sane, spelled, wait_of
from beastmode.failures.phrases import holds

_AFTER = re.compile(
    r"(?:\bagain|\bretry(?!ing)|retry[-_ ]after|\bwait|\bresets?|\bregain|\bavailable|\brenews?|delay)"
    r"([^.!?;\d]{0,34})(?=\d)"
)
_LINKS = frozenset(
    (
        "",
        "in",
        "after",
        "at",
        "on",
        "for",
        "until",
        "about",
        "approximately",
        "least",
        "seconds",
        "resets",
        "reset",
    )
)
"""The word before a number that makes it a wait, behind one such as "again" or "reset"."""
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))? ?(am|pm)(?: \(([a-z_]{2,20}(?:/[a-z_]{2,20}){0,2})\))?")
_MONTH = re.compile(
    r"\b(?:at|on|until|resets?|after) (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} "
    r"(\d{1,2})(?:st|nd|rd|th)?,? (\d{4})"
    r"(?:,?(?: at)? (\d{1,2}):(\d\d) ?(am|pm)?)?"
)
_BARE = re.compile(
    r"\d{1,13}(?:\.\d{1,9})?(?=[\s\"'.,;)\]}]|$)(?! (?:attempt|retr|tr(?:y|ies)|time|more|request|token))"
)
_WAITED = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})? ?(?:ms|s|seconds|minutes)) (?:wait|delay|cool-?down)\b")
_BAR = re.compile(r"limit reached\|(\d{10})(?!\d)")
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_HINTING = ("again", "retry", "wait", "reset", "regain", "available", "delay", "renew")
_STATED = (
    "retrydelay",
    "retry_delay",
    "resets_in_seconds",
    "retry_after_seconds",
    "retryafterseconds",
    "resets_at",
    "resetsat",
    "reset_at",
    "reset_time",
    "retry_after",
    "retryafter",
    "estimated_time",
)
"""Fields that state a wait, the surest first: what counts from now before what counts from an epoch."""
_RESETS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining-tokens", "x-rate-limit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
    ("x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"),
    ("x-ratelimit-remaining-req-minute", "x-ratelimit-reset-req-minute"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
"""What is left, and when it is refilled. Only what is used up says when to come back."""


def retry_after(headers: Mapping[str, str], *, now_unix: float) -> float | None:
    """Seconds to wait, 0 < s <= a year, as `retry-after-ms` or `retry-after` state it; None where none is.

    headers: their names in any case.   now_unix: what an HTTP date is compared with; a date that has passed,
    zero, negative numbers, NaN and more than a year are no hint.
    """
    return in_headers({name.lower(): value for name, value in headers.items()}, now_unix=now_unix)


def in_headers(headers: Mapping[str, str], *, now_unix: float) -> float | None:
    """Like `retry_after`, for names in lower case."""
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = number(headers.get(name, ""))
        found = None if milliseconds is None else sane(milliseconds / 1000)
        if found is not None:
            return found
    value = headers.get("retry-after", "")
    return wait_of(value, now_unix=now_unix) if value else None


def resets(headers: Mapping[str, str], *, now_unix: float) -> float | None:
    """Seconds until the last of the used-up limits in rate headers is refilled; None where none is used up.

    headers: names in lower case. A limit counts as used up where 0 is left of it, or where only its reset is sent.
    """
    if not any("limit" in name or "codex" in name for name in headers):
        return None
    waits = [_plan(headers, now_unix)]
    for left, reset in _RESETS:
        remaining = number(headers.get(left, "0"))
        if reset in headers and remaining is not None and remaining == 0:
            waits.append(wait_of(headers[reset], now_unix=now_unix))
    return max((wait for wait in waits if wait is not None), default=None)


def _plan(headers: Mapping[str, str], now_unix: float) -> float | None:
    """The limits of subscriptions: Claude's unified one, the windows of Codex."""
    if headers.get("anthropic-ratelimit-unified-status", "rejected") == "rejected":
        found = wait_of(headers.get("anthropic-ratelimit-unified-reset", ""), now_unix=now_unix)
        if found is not None:
            return found
    waits = []
    for window in ("primary", "secondary"):
        used = number(headers.get(f"x-codex-{window}-used-percent", ""))
        if used is not None and used >= 100:
            waits += [
                wait_of(headers.get(f"x-codex-{window}-reset-{form}", ""), now_unix=now_unix)
                for form in ("after-seconds", "at")
            ][:1]
    return max((wait for wait in waits if wait is not None), default=None)


def in_fields(values: Mapping[str, str], *, now_unix: float) -> float | None:
    """Seconds stated by a named field of a body: RetryInfo, resets_in_seconds, resets_at, retry_after(_ms)."""
    for name in _STATED:
        if name in values:
            found = wait_of(values[name], now_unix=now_unix)
            if found is not None:
                return found
    milliseconds = number(values.get("retry_after_ms", ""))
    return None if milliseconds is None else sane(milliseconds / 1000)


def in_words(text: str, *, now_unix: float) -> float | None:
    """Seconds stated by a sentence.   text: lower case, single spaces. The first that makes sense counts."""
    if "limit reached|" in text:
        return _after_bar(text, now_unix)
    if not holds(text, _HINTING):
        return None
    for match in _AFTER.finditer(text):
        between = match[1].strip(" :='\"~([*-`").rsplit(" ", 1)[-1]
        if between in _LINKS:
            found = _at(text, match.end(), now_unix, after=match[0])
            if found is not None:
                return found
    waited = _WAITED.search(text)
    if waited:
        return wait_of(waited[1], now_unix=now_unix)
    month = _MONTH.search(text)
    return _until_month(month, now_unix) if month else None


def _after_bar(text: str, now_unix: float) -> float | None:
    """Claude Code writes the epoch of the reset behind a bar: `usage limit reached|1760000400`."""
    match = _BAR.search(text)
    return sane(float(match[1]) - now_unix) if match else None


def _at(text: str, start: int, now_unix: float, *, after: str) -> float | None:
    """The wait that begins at `start`.   after: the words that lead to it."""
    duration = spelled(text, start)
    if duration is not None:
        return sane(duration[0])
    rest = text[start : start + 64]
    clock = _CLOCK.match(rest)
    if clock:
        return _until_clock(clock, now_unix)
    if len(rest) > 9 and rest[4] == "-":
        until = instant(rest, now_unix=now_unix)
        return None if until is None else sane(until)
    bare = _BARE.match(rest)
    if bare and after.startswith("retry") and ("after" in after or "seconds" in after):
        return sane(from_number(float(bare[0]), now_unix=now_unix))
    return None


def _until_clock(match: re.Match[str], now_unix: float) -> float | None:
    """Until the next time of that name on the clock, in the zone named; in UTC where none is."""
    from datetime import UTC, datetime, timedelta, tzinfo  # with zoneinfo: a rare form
    from zoneinfo import ZoneInfo

    hour, minute = int(match[1]) % 12 + (12 if match[3] == "pm" else 0), int(match[2] or 0)
    zone: tzinfo = UTC
    try:
        if match[4]:
            zone = ZoneInfo("/".join(part.title() for part in match[4].split("/")))
        now = datetime.fromtimestamp(now_unix, zone)
        then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except (ValueError, OverflowError, OSError, KeyError):
        return None
    return sane(((then if then > now else then + timedelta(days=1)) - now).total_seconds())


def _until_month(match: re.Match[str], now_unix: float) -> float | None:
    from datetime import UTC, datetime

    hour = int(match[4] or 0)
    if match[6]:
        hour = hour % 12 + (12 if match[6] == "pm" else 0)
    try:
        month = _MONTHS.index(match[1]) // 3 + 1
        then = datetime(int(match[3]), month, int(match[2]), hour, int(match[5] or 0), tzinfo=UTC)
    except ValueError:
        return None
    return sane(then.timestamp() - now_unix)
