"""Figures in words: money, shares and amounts are told in one way on every page."""

from __future__ import annotations

import pytest

from beastmode.dashboard.words import amount, cost, number_in, percent, usd


@pytest.mark.parametrize(
    ("dollars", "told"),
    [
        (None, ""),
        (0.0, "$0.00"),
        (0.000012, "$0.000012"),
        (0.0123, "$0.0123"),
        (0.5, "$0.50"),
        (1.0, "$1.00"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_has_as_many_digits_as_it_needs(dollars: float | None, told: str) -> None:
    assert usd(dollars) == told


def test_what_has_no_price_was_not_for_nothing() -> None:
    assert [cost(*given) for given in ((1.5, 0), (1.5, 1), (0.0, 2), (0.0, 0))] == [
        "$1.50",
        "$1.50 and 1 request without a price",
        "no price for 2 requests",
        "$0.00",
    ]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (None, ""),
        (999, "999"),
        (1930, "1,930"),
        (1_234_567, "1.23 million"),
        (2.5e9, "2.50 billion"),
    ],
)
def test_amounts_are_in_groups_of_three_and_then_in_millions(number: float | None, told: str) -> None:
    assert amount(number) == told


def test_a_share_of_nothing_is_not_told() -> None:
    assert (percent(1, 3), percent(3, 3), percent(0, 0)) == ("33.3 %", "100 %", "—")


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("", 0), ("-7", 0), ("٣", 0), ("9" * 15, 0)])
def test_only_a_number_in_an_address_is_one(text: str, number: int) -> None:
    assert number_in(text) == number
