"""Allowances: read as they are written, and days and months that begin and end where the calendar says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import SettingError
from beastmode.store.allowance import (
    Allowance,
    Period,
    begins_unix,
    ends_unix,
    parse_allowances,
    period_name,
    written,
)

units, periods = st.sampled_from(["usd", "tokens", "requests"]), st.sampled_from(["day", "month"])
amounts = st.floats(1e-9, 1e12) | st.integers(1, 10**12)
allowances = st.lists(
    st.builds(Allowance, amounts, units, periods), unique_by=lambda one: (one.unit, one.period)
)


@given(allowances)
def test_what_is_written_is_read_again(some: list[Allowance]) -> None:
    assert parse_allowances(written(some)) == tuple(some)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("5usd/day", "5usd/day"),
        ("$5/day", "5usd/day"),
        ("2.50 USD / month", "2.5usd/month"),
        ("1 request/day,1token/month", "1requests/day,1tokens/month"),
        ("none", "none"),
    ],
)
def test_other_ways_to_write_it(text: str, means: str) -> None:
    assert written(parse_allowances(text)) == means


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5usd",
        "5eur/day",
        "5usd/week",
        "0usd/day",
        "0.0000000001usd/day",
        "9999999999999tokens/day",
        "-1usd/day",
        "1e3usd/day",
        "5usd/day,6usd/day",
        ",",
    ],
)
def test_what_is_no_budget_is_refused_with_advice(text: str) -> None:
    with pytest.raises(SettingError) as refused:
        parse_allowances(text)
    assert refused.value.tip


@given(st.floats(0, 4e9), periods)
def test_every_instant_is_in_the_period_that_bears_its_name(unix: float, period: Period) -> None:
    begins, ends = begins_unix(period, unix), ends_unix(period, unix)
    assert begins <= unix < ends
    assert period_name(period, begins) == period_name(period, unix) == period_name(period, ends - 1)
    assert period_name(period, ends) != period_name(period, unix)


def test_a_month_ends_at_midnight_of_the_first_in_utc() -> None:
    new_years_eve = datetime(2026, 12, 31, 23, 59, tzinfo=UTC).timestamp()
    assert ends_unix("month", new_years_eve) == ends_unix("day", new_years_eve) == new_years_eve + 60
    assert (period_name("day", new_years_eve), period_name("month", new_years_eve)) == (
        "2026-12-31",
        "2026-12",
    )
