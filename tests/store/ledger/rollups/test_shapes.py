"""What failures say, without what differs in each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.store.ledger.rollups.shapes import MASK, MOST_CHARACTERS, Who, shape_of
from beastmode.store.ledger.texts import holds, text_of, words_of


@pytest.mark.parametrize(
    ("cause", "shape"),
    [
        ("the connection was reset", "the connection was reset"),
        ("HTTP 529 after 3.5 s (req_011CS)", "HTTP # after # s (#)"),
        ('{"error": "limit: 40, used=41"}', '{"error": "limit: #, used=#"}'),
        ("gpt-4o is not there", "# is not there"),
        ("", ""),
    ],
)
def test_words_with_digits_do_not_make_failures_differ(cause: str, shape: str) -> None:
    assert shape_of("c", cause, "") == ("c", shape, "")


@given(st.text(max_size=2 * MOST_CHARACTERS), st.text())
def test_shapes_are_bounded_whatever_is_said(cause: str, tip: str) -> None:
    shape = shape_of("c", cause, tip)
    assert len(shape.cause) <= MOST_CHARACTERS + len(MASK)
    assert shape_of(*shape) == shape


def test_who_was_hit_is_bounded_and_nobody_is_named_twice() -> None:
    who = Who()
    for n in range(50):
        who.note([("r1", f"t{n}"), ("r1", "t0")], [f"k{n}", "k0"], ["", "u"], ["m"])
    assert (len(who.tasks), len(who.keys), who.upstreams, who.models) == (20, 10, ["u"], ["m"])


@pytest.mark.parametrize(
    ("typed", "is_there"),
    [("RATE limit", True), ("imi", True), ("Übung", True), ("rate % limit", False), ("", True), ('"', False)],
)
def test_all_words_have_to_be_there_in_whatever_case(typed: str, is_there: bool) -> None:
    assert holds(words_of(typed), text_of("rate_limit", "Limit of the ÜBUNG", "Wait.")) == is_there
