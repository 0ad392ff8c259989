"""Figures as people read them."""

from __future__ import annotations

import pytest

from beastmode.runner.report import words
from beastmode.runner.summary import TASK_COUNTS, summarise
from tests.runner.story import UNIX_S, Story


@pytest.mark.parametrize(
    ("per_s", "says"),
    [(None, "—"), (0.0, "—"), (25.6, "25.60 tasks/s"), (0.5, "30.00 tasks/min"), (0.004, "14.40 tasks/h")],
)
def test_throughput_is_told_in_a_unit_one_can_picture(per_s: float | None, says: str) -> None:
    assert words.throughput(per_s) == says


def test_memory_and_what_was_left_out() -> None:
    assert [words.memory(kib) for kib in (None, 0, 58_000, 3_000_000)] == ["—", "—", "57 MiB", "2.9 GiB"]
    assert words.left_out(0, "task") == ""
    assert words.left_out(1, "task") == "… and 1 more task: see report.json."


def test_a_period_says_the_day_once() -> None:
    begin, same, later = (words.utc(UNIX_S + s) for s in (0, 60, 86_400))
    assert words.period(None, None) == "not started"
    assert words.period(begin, None) == "since 2027-01-15 08:00:00 UTC"
    assert words.period(begin, same) == "2027-01-15 08:00:00 to 08:01:00 UTC"
    assert words.period(begin, later) == "2027-01-15 08:00:00 to 2027-01-16 08:00:00 UTC"


def counts(**given: int) -> dict[str, int]:
    return dict.fromkeys(TASK_COUNTS, 0) | given


def test_how_many_are_done_leaves_what_was_skipped_out_of_all() -> None:
    assert words.how_many_done(counts(total=7, done=6, skipped=1)) == "6 of 6 tasks done (1 skipped)"
    said = words.how_many_done(counts(total=9, done=1, failed=2, needs_person=1, waiting=5))
    assert said == "1 of 9 tasks done (2 failed, 1 needs a person, 5 still to do)"
    said = words.how_many_done(counts(total=9, done=7, needs_person=2))
    assert said == "7 of 9 tasks done (2 need a person)"


@pytest.mark.parametrize(
    ("story", "says"),
    [
        (
            Story().session().plan("a").end("held", 75, until_unix=UNIX_S),
            "nothing was started. Held back until 2027",
        ),
        (
            Story().session().plan("a").attempt("a", 1, 2).end("interrupted", 130),
            "Interrupted: the same command",
        ),
        (Story().session().plan("a").attempt("a", 1, 2).end("error", 74), "journal or its disk failed"),
        (Story().session().plan("a").start("a", at=1), "still at work"),
    ],
    ids=["held", "interrupted", "error", "running"],
)
def test_the_headline_says_what_holds_it_up(story: Story, says: str) -> None:
    assert says in words.headline(summarise(story.told()), None)


def test_the_headline_tells_limits_as_they_were_held() -> None:
    story = Story().session().plan("a", "b").attempt("a", 0, 2).attempt("b", 0, 3.2).end()
    said = words.headline(summarise(story.told()), None)
    assert said == "2 of 2 tasks done in 3.2 s, never more than 2 at once."
