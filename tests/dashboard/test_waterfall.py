"""The waterfall: pieces that follow each other and add up, whatever is known."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from beastmode.dashboard.waterfall import WIDTH, Waterfall, waterfall_of
from beastmode.store.ledger.entry import OUTCOMES
from tests.dashboard.reading import request_row

SECONDS = st.none() | st.floats(0, 1e6) | st.sampled_from([math.nan, math.inf, -1.0, 0.0])
ROWS = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from([None, *OUTCOMES]),
        "tries": st.integers(0, 5),
        "queue_s": SECONDS,
        "first_byte_s": SECONDS,
        "total_s": SECONDS,
    }
)


def kinds(**known: Any) -> list[tuple[str, float]]:
    return [(piece.kind, round(piece.seconds, 6)) for piece in waterfall_of(request_row(**known)).pieces]


def is_whole(fall: Waterfall) -> bool:
    at = 0.0
    for piece in fall.pieces:
        assert piece.seconds > 0
        assert piece.width >= 0
        assert math.isclose(piece.x, at, abs_tol=1e-6)
        at = piece.x + piece.width
    return math.isclose(at, WIDTH, abs_tol=1e-6)


@given(ROWS)
def test_the_pieces_follow_each_other_and_add_up(row: dict[str, Any]) -> None:
    fall = waterfall_of(row)
    if fall.pieces:
        assert is_whole(fall)
        assert math.isclose(sum(piece.seconds for piece in fall.pieces), fall.seconds, rel_tol=1e-9)
    else:
        assert fall.seconds == 0


def test_an_answer_waits_in_line_then_for_its_first_byte_then_streams() -> None:
    assert kinds(queue_s=0.5, first_byte_s=2.0, total_s=5.0) == [
        ("queue", 0.5),
        ("upstream", 1.5),
        ("stream", 3.0),
    ]


def test_what_never_left_never_was_upstream() -> None:
    assert kinds(outcome="rejected", tries=0, queue_s=30.0, first_byte_s=None, total_s=30.5) == [
        ("queue", 30.0),
        ("here", 0.5),
    ]
    assert kinds(outcome="hit", tries=0, queue_s=None, first_byte_s=0.1, total_s=0.2) == [("here", 0.2)]


def test_where_no_byte_came_it_says_so() -> None:
    (queue, upstream) = waterfall_of(request_row(outcome="failed", tries=3, first_byte_s=None)).pieces
    assert (queue.kind, upstream.words) == (
        "queue",
        "no byte of an answer, 3 tries and the pauses between them included",
    )


def test_one_in_flight_shows_what_is_known_so_far() -> None:
    assert kinds(outcome=None, queue_s=1.0, first_byte_s=None, total_s=None) == [("queue", 1.0)]
    assert kinds(outcome=None, queue_s=None, first_byte_s=None, total_s=None) == []
