"""Durations, rates and counts as people write them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import SettingError
from beastmode.settings import (
    Auto,
    Rate,
    RunSettings,
    TokenRate,
    parse_concurrency,
    parse_count,
    parse_duration,
    parse_rates,
    parse_timeout,
    parse_token_rates,
)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90", 90),
        (90, 90),
        (0.5, 0.5),
        ("0", 0),
        ("500ms", 0.5),
        ("30s", 30),
        ("10m", 600),
        ("10 min", 600),
        ("1h30m", 5400),
        (" 1H 30M ", 5400),
        ("1.5h", 5400),
        ("2d", 172_800),
    ],
)
def test_durations(written: object, seconds: float) -> None:
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    ["", "soon", "10 minutes", "1:30", "m", "1h30", "nan", "inf", "9" * 400, True, None, [1]],
)
def test_what_is_no_duration_is_refused_with_what_to_write(written: object) -> None:
    with pytest.raises(SettingError, match="is not a duration") as refused:
        parse_duration(written)
    assert "1h30m" in refused.value.tip


@pytest.mark.parametrize("written", ["-1", -1, -0.5, " -1e3"])
def test_a_duration_is_never_negative(written: object) -> None:
    with pytest.raises(SettingError, match=r"a duration of .* is negative") as refused:
        parse_duration(written)
    assert "1h30m" in refused.value.tip


def test_a_timeout_is_a_duration_of_more_than_nothing() -> None:
    assert parse_timeout("10m") == 600
    for wrong in ("0", "0s", 0, "-5", "soon"):
        with pytest.raises(SettingError):
            parse_timeout(wrong)


@pytest.mark.parametrize(
    ("written", "rates"),
    [
        ("8/s", [(8, 1)]),
        ("60/min", [(60, 60)]),
        ("500/h", [(500, 3600)]),
        ("17/2s", [(17, 2)]),
        ("0.5/s", [(1, 2)]),
        ("8/s, 500/h", [(8, 1), (500, 3600)]),
        (" 8 / Second ", [(8, 1)]),
        ("none", []),
        ("None", []),
    ],
)
def test_rates(written: str, rates: list[tuple[int, float]]) -> None:
    assert [(rate.starts, rate.span_s) for rate in parse_rates(written)] == rates


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("0/s", "would never start anything"),
        ("8/0s", "would never start anything"),
        ("99999999999999999999999999/s", "is no limit"),
        ("1/99999999999999h", "looks back further than a year"),
        ("0.0000000001/h", "looks back further than a year"),
        ("8.5/s", "not a whole number of starts"),
        ("8", "is not a rate"),
        ("8/s,", "is not a rate"),
        ("none, 8/s", "is not a rate"),
        ("-8/s", "is not a rate"),
        ("8/day", "is not a rate"),
        ("9" * 400 + "/s", "is not a rate"),
        (8, "is not a rate"),
    ],
)
def test_what_is_no_rate_is_refused_with_what_to_write(written: Any, what: str) -> None:
    with pytest.raises(SettingError, match=what) as refused:
        parse_rates(written)
    assert refused.value.tip


@pytest.mark.parametrize(
    ("written", "limits"),
    [
        ("200000/min", [(200_000, 60.0)]),
        ("200000/min, 5000000/h", [(200_000, 60.0), (5_000_000, 3600.0)]),
        (" 1000 / s ", [(1000, 1.0)]),
        ("none", []),
    ],
)
def test_token_rates(written: str, limits: list[tuple[int, float]]) -> None:
    assert [(rate.tokens, rate.span_s) for rate in parse_token_rates(written)] == limits


@pytest.mark.parametrize("written", ["0/min", "0.5/s", "1e6/min", "200k", "8.5/s", "", 5, "9" * 16 + "/s"])
def test_what_is_no_token_rate_is_refused_with_what_to_write(written: Any) -> None:
    with pytest.raises(SettingError) as refused:
        parse_token_rates(written)
    assert refused.value.tip


@given(st.integers(min_value=1, max_value=10**15), st.sampled_from([1.0, 2.0, 60.0, 3600.0]))
def test_a_token_rate_is_read_back_as_it_is_shown(tokens: int, span_s: float) -> None:
    rate = TokenRate(tokens, span_s)
    assert parse_token_rates(str(rate)) == (rate,)
    assert rate.padded_span_s == Rate(1, span_s).padded_span_s


@given(st.integers(min_value=1, max_value=10**6), st.sampled_from([1.0, 2.0, 60.0, 3600.0]))
def test_a_rate_is_read_back_as_it_is_shown_and_its_window_is_padded(starts: int, span_s: float) -> None:
    rate = Rate(starts, span_s)
    assert parse_rates(str(rate)) == (rate,)
    assert rate.padded_span_s == pytest.approx(max(span_s * 1.05, span_s + 0.05))


@pytest.mark.parametrize(("written", "number"), [("3", 3), (1, 1), ("none", None), ("None", None)])
def test_concurrency(written: object, number: int | None) -> None:
    assert parse_concurrency(written) == number


@pytest.mark.parametrize(("written", "most"), [("auto", 32), ("AUTO", 32), ("auto:16", 16), (" auto: 2 ", 2)])
def test_auto_is_at_most_a_number_and_begins_with_three(written: str, most: int) -> None:
    auto = parse_concurrency(written)
    assert isinstance(auto, Auto)
    assert (auto, auto.start) == (most, min(3, most))
    assert parse_concurrency(auto) is auto
    assert str(auto) == f"{most} (auto)"


@pytest.mark.parametrize(
    "written",
    ["0", "-1", 0, "x", "1.5", "", "auto:", "auto:0", "auto:x", "none:3", "automatic", True, "9" * 5000],
)
def test_what_is_no_concurrency_is_refused_with_what_to_write(written: object) -> None:
    with pytest.raises(SettingError) as refused:
        parse_concurrency(written)
    assert refused.value.tip


def understood(parse: Callable[[Any], Any], written: object) -> Any:
    """What a parser makes of it: a value, or its refusal."""
    try:
        return parse(written)
    except SettingError as error:
        return error


@given(st.one_of(st.integers(), st.text(max_size=12)))
def test_a_count_is_a_plain_whole_number_of_at_most_nine_digits(written: int | str) -> None:
    number = understood(lambda value: parse_count(value, 0), written)
    if isinstance(number, SettingError):
        assert "from 0" in number.tip or "up to 999,999,999" in number.tip
    else:
        assert 0 <= number < 10**9
        assert str(written).strip().zfill(9) == str(number).zfill(9)


@given(st.text(max_size=20))
def test_any_text_is_understood_or_refused_with_a_tip(written: str) -> None:
    for parse in (parse_duration, parse_timeout):
        seconds = understood(parse, written)
        assert seconds.tip if isinstance(seconds, SettingError) else 0 <= seconds < math.inf
    for other in (parse_rates, parse_concurrency):
        value = understood(other, written)
        assert not isinstance(value, SettingError) or value.tip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", 0),
        ("rates", (Rate(0, 1.0),)),
        ("timeout_s", 0),
        ("timeout_s", -1),
        ("retries", -1),
        ("max_wait_s", -1),
        ("linger_s", -1),
        ("log_limit_bytes", -1),
        ("max_attempts", 0),
        ("max_time_s", 0),
        ("durability", "some"),
        ("order", "random"),
    ],
)
def test_settings_of_a_program_are_checked_too(name: str, value: Any) -> None:
    with pytest.raises(SettingError) as refused:
        RunSettings(**{name: value})
    assert refused.value.where == name
    assert refused.value.tip
