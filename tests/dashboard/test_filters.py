"""Filters: an address and what it asks for are the same thing said twice."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.dashboard.filters import MOST_CHARS, chips_of, query_of, sought_of
from beastmode.store.ledger.sought import Sought

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=MOST_CHARS).map(str.strip)
SOUGHT = st.builds(
    Sought,
    gone_wrong=st.booleans(),
    class_=TEXTS,
    upstream=TEXTS,
    model=TEXTS,
    key=TEXTS,
    run=TEXTS,
    task=TEXTS,
    cache=st.sampled_from(["", "hit", "miss"]),
    slower_than_s=st.none() | st.floats(1e-6, 1e9).map(lambda seconds: float(f"{seconds:.15g}")),
    text=TEXTS,
    before=TEXTS,
)


def read(query: str) -> Sought:
    return sought_of(
        dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True, strict_parsing=bool(query)))
    )


@given(SOUGHT)
def test_what_an_address_asks_for_is_what_it_was_made_from(sought: Sought) -> None:
    assert read(query_of(sought)) == sought
    assert query_of(read(query_of(sought))) == query_of(sought)


@given(SOUGHT)
def test_each_chip_takes_one_filter_away_and_begins_at_the_newest(sought: Sought) -> None:
    chips = chips_of(sought)
    newest = replace(sought, before="")
    for chip in chips:
        left = read(chip.without)
        assert left != newest
        assert len(chips_of(left)) == len(chips) - 1
        assert left.before == ""
    assert bool(chips) == (newest != Sought())


@given(
    st.dictionaries(
        st.sampled_from(["failed", "class", "cache", "slower", "words", "x"]), st.text(max_size=40)
    )
)
def test_nothing_in_an_address_makes_a_page_impossible(asked: dict[str, str]) -> None:
    sought = sought_of(asked)
    assert sought.slower_than_s is None or 0 < sought.slower_than_s < float("inf")
    chips_of(sought)


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-1", "0", "1e999", "1" * 50])
def test_what_is_no_length_of_time_counts_as_not_said(text: str) -> None:
    assert sought_of({"slower": text}).slower_than_s is None


def test_a_comma_is_a_point_to_half_of_the_world() -> None:
    assert sought_of({"slower": "2,5"}).slower_than_s == 2.5
