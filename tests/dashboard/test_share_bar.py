"""The bar of tasks by state fills its width, and hides nothing however small."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from beastmode.dashboard.share_bar import WIDTH, pieces_of

STATES = ("done", "failed", "running", "waiting", "needs_person", "pending", "blocked", "interrupted")


@given(st.dictionaries(st.sampled_from(STATES), st.integers(0, 10**6)))
def test_the_pieces_lie_side_by_side_and_fill_the_bar(counts: dict[str, int]) -> None:
    pieces = pieces_of({"total": sum(counts.values()), **counts})
    assert {piece.state for piece in pieces} == {state for state, count in counts.items() if count}
    for one, other in pairwise(pieces):
        assert abs(one.x + one.width - other.x) < 0.01
    if pieces:
        assert pieces[0].x == 0
        assert abs(pieces[-1].x + pieces[-1].width - WIDTH) < 0.01


def test_one_of_a_million_is_seen() -> None:
    (done, failed) = pieces_of({"done": 999_999, "failed": 1})
    assert (done.words, failed.words) == ("999,999 done", "1 failed")
    assert failed.width > 0.5
