"""Starts and attempts in flight against the limits of their time."""

from __future__ import annotations

from beastmode.events import LIMITS
from beastmode.runner.adherence import adherence_of
from beastmode.runner.measures import lower_bound_s
from beastmode.runner.plain_limits import plain_rates
from beastmode.settings import Rate
from tests.runner.story import Story

SLOW, FAST = Rate(1, 1.0), Rate(4, 1.0)


def lowered(story: Story, at: float, **data: object) -> Story:
    story.now = at
    return story.add(LIMITS, data=data)


def test_a_lowered_limit_is_not_broken_by_what_was_at_work_before() -> None:
    story = Story().session(3).start("a", at=1.0).start("b", at=1.0).start("c", at=1.0)
    lowered(story, 2.0, concurrency=1).stop("a", at=3.0).stop("b", at=3.0).stop("c", at=4.0)
    kept = adherence_of(story.attempt("d", 4.0, 5.0).told())
    assert (kept.concurrency, kept.over) == (3, 0)


def test_a_start_beyond_a_lowered_limit_is_counted() -> None:
    story = Story().session(3).start("a", at=1.0).start("b", at=1.0)
    lowered(story, 2.0, concurrency=1).stop("a", at=3.0).start("c", at=3.5).stop("b", at=4.0)
    assert adherence_of(story.stop("c", at=5.0).told()).over == 1


def test_each_rate_is_held_by_the_starts_that_were_made_under_it() -> None:
    story = Story().session(None, FAST)
    for number in range(4):
        story.attempt(f"a{number}", 1.0 + number / 10, 1.05 + number / 10)
    lowered(story, 2.0, rates=plain_rates([SLOW])).attempt("b", 2.4, 2.5).attempt("c", 3.5, 3.6)
    kept = adherence_of(story.told())
    assert [(seen.rate, seen.most_starts) for seen in kept.rates] == [(FAST, 4), (SLOW, 1)]
    assert kept.over == 0
    assert adherence_of(story.attempt("d", 3.9, 4.0).told()).over == 1


def test_what_was_admitted_before_a_rate_was_lowered_may_leave_after() -> None:
    story = Story().session(None, FAST).attempt("a", 1.0, 1.1).start("b", at=1.2)
    lowered(story, 1.3, rates=plain_rates([SLOW])).stop("b", at=2.0, left=1.4)
    assert adherence_of(story.told()).over == 0


def test_stamps_of_different_boots_are_not_compared() -> None:
    story = (
        Story().session(1, SLOW, boot="one").attempt("a", 5.0, 5.1).end().session(1, SLOW, boot="two", at=5.0)
    )
    assert adherence_of(story.attempt("b", 5.2, 5.3).told()).over == 0


def test_the_lower_bound_goes_by_the_limits_that_allowed_most() -> None:
    story = Story().session(1).attempt("a", 0.0, 4.0)
    assert lower_bound_s(story.told()) == 4.0
    lowered(story, 4.0, concurrency=2).start("b", at=4.0).attempt("c", 4.0, 8.0).stop("b", at=8.0, left=4.0)
    assert lower_bound_s(story.told()) == 6.0
