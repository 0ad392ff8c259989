"""Amounts as people read them: what is something is never told as nothing, and more never as less."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.amounts import amount, brief, counted, duration, percent, size, took, usd

UNITS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
UNITS |= {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "million": 1e6, "billion": 1e9, "%": 0.01}


def size_of(number: float) -> str:
    """Bytes are whole; what is begun counts."""
    return size(math.ceil(number))


WORDS: dict[Callable[[float], str], float] = {
    amount: 1e13,
    percent: 1.5,
    duration: 1e8,
    brief: 1e4,
    size_of: 1e15,
    usd: 1e7,
}
"""What tells an amount, and up to what it is asked here."""
NEAR = st.sampled_from([1e-6, 1e-3, 0.01, 0.1, 1.0, 10.0, 60.0, 1e3, 3600.0, 172800.0, 1e6, 1e9, 1e12])
"""Where units step, and digits."""


def told(text: str) -> float:
    """The number that a text tells; what is less than another lies half way to it."""
    parts = re.findall(r"([\d.,]+)(?: (\S+))?", text)
    number = sum(float(digits.replace(",", "")) * UNITS.get(unit, 1.0) for digits, unit in parts)
    return number / 2 if text.startswith("<") else number


def amounts(most: float) -> st.SearchStrategy[float]:
    """From nothing up, and close to where something steps."""
    beside = st.builds(lambda step, by: step * (1 + by), NEAR, st.floats(-0.06, 0.06))
    return st.one_of(st.floats(0, most), st.floats(0, 1), beside, NEAR).map(lambda number: min(number, most))


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
@given(data=st.data())
def test_more_is_never_told_as_less_and_something_never_as_nothing(
    words: Callable[[float], str], data: st.DataObject
) -> None:
    less, more = sorted(data.draw(st.tuples(amounts(WORDS[words]), amounts(WORDS[words]))))
    assert told(words(less)) <= told(words(more)) * (1 + 1e-9)
    assert (told(words(less)) > 0) == (less > 0)


@pytest.mark.parametrize("words", [duration, brief, size_of, amount], ids=lambda words: words.__name__)
@given(data=st.data())
def test_a_unit_steps_where_the_next_one_begins(words: Callable[[float], str], data: st.DataObject) -> None:
    text = words(data.draw(amounts(WORDS[words])))
    assert not re.search(r"\b1000(\.0+)? |\b60(\.0+)? (s|min)\b|\b24 h\b.*d", text), text


@given(st.integers(1, 10**9), st.data())
def test_only_all_is_a_hundred_per_cent(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole) | st.just(whole - 1) | st.just(1))
    assert (percent(part / whole) == "100 %") == (part == whole)
    assert (percent(part / whole) == "0 %") == (part == 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (counted(1, "task"), "1 task"),
        (counted(12_000, "task"), "12,000 tasks"),
        (counted(1.0, "request"), "1 request"),
        (counted(2, "class", "classes"), "2 classes"),
        (amount(1930), "1,930"),
        (amount(999_999_999), "1.00 billion"),
        (amount(0.5), "< 1"),
        (percent(999_999 / 1_000_000), "99.9 %"),
        (percent(1.0000001), "100.1 %"),
        (percent(None), "—"),
        (duration(0.0005), "1 ms"),
        (duration(0.9996), "1 s"),
        (duration(3599.6), "1 h 00 min"),
        (took(0), "< 1 ms"),
        (brief(0.4e-6), "0.4 µs"),
        (brief(1e-8), "< 0.1 µs"),
        (brief(0.9996), "1 s"),
        (size(999_960), "1 MB"),
        (size(1023), "1 kB"),
        (usd(0.0), "$0.00"),
        (usd(0.00004), "$0.00004"),
        (usd(0.5), "$0.50"),
        (usd(0.0123), "$0.0123"),
        (usd(1e-9), "< $0.000001"),
        (usd(1e-9, sign=""), "< 0.000001"),
        (usd(0.99997), "$1.00"),
        (usd(1234.5), "$1,234.50"),
    ],
)
def test_amounts(words: str, says: str) -> None:
    assert words == says


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (None, "—"),
        (0, "0 s"),
        (0.0004, "< 1 ms"),
        (0.04, "40 ms"),
        (0.0996, "0.1 s"),
        (2.4, "2.4 s"),
        (9.996, "10 s"),
        (59.96, "1 min 00 s"),
        (192, "3 min 12 s"),
        (3720, "1 h 02 min"),
        (2880 * 60, "2 d 00 h"),
        (183_600, "2 d 03 h"),
    ],
)
def test_seconds(seconds: float | None, says: str) -> None:
    assert duration(seconds) == says


@given(st.floats(0, 1e8))
def test_a_duration_always_has_a_unit_and_is_never_off_by_more_than_it_shows(seconds: float) -> None:
    text = duration(seconds)
    parts = re.findall(r"([\d.]+) (ms|s|min|h|d)\b", text)
    assert parts, text
    told = sum(float(number) * UNITS[unit] for number, unit in parts)
    assert abs(told - seconds) <= max(
        0.001, 0.06 * seconds if seconds < 1 else 0.05, UNITS[parts[-1][1]] * (len(parts) > 1)
    )


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (None, "—"),
        (0, "0 %"),
        (1, "100 %"),
        (0.99999, "99.9 %"),
        (0.00001, "0.1 %"),
        (0.385, "38.5 %"),
        (1.2, "120.0 %"),
    ],
)
def test_shares_are_never_rounded_to_all_or_nothing(share: float | None, says: str) -> None:
    assert percent(share) == says
