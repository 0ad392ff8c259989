"""When everything was: one axis over all sessions, bounded rows, and how busy it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.report.timeline import MOST_BARS, MOST_ROWS, busy, timeline
from tests.runner.story import Story, failure


def test_a_bar_begins_at_the_real_start_and_its_wait_where_the_attempt_before_ended() -> None:
    story = (
        Story()
        .session(at=10.0)
        .plan("a")
        .start("a", at=12.0, rate=1.5)
        .stop("a", at=13.0, end="retry", left=12.1)
    )
    story.start("a", 2, at=15.0, slot=0.5, retries=0.0001).stop("a", 2, at=16.0, left=15.0)
    first, second = timeline(story.told())["rows"][0]["bars"]
    assert (first["wait_from_s"], first["from_s"], first["to_s"], first["took_s"]) == (0.5, 2.1, 3.0, 0.9)
    assert (second["wait_from_s"], second["from_s"], second["end"]) == (3.0, 5.0, "done")
    assert second["waits"] == {"slot": 0.5}


def test_the_time_between_sessions_is_left_out() -> None:
    story = Story().session(at=0.0).attempt("a", 1, 2).end(at=3.0).session(at=1000.0)
    line = timeline(story.attempt("b", 1001, 1002).end(at=1002.5).told())
    assert (line["sessions_begin_s"], line["length_s"]) == ([0.0, 3.0], 5.5)
    assert line["rows"][1]["bars"][0]["from_s"] == 4.0


def test_what_still_runs_or_was_cut_off_reaches_to_the_last_word() -> None:
    story = Story().session(at=0.0).start("a", at=1.0).attempt("b", 1.0, 4.0)
    bar = timeline(story.told())["rows"][0]["bars"][0]
    assert (bar["end"], bar["to_s"]) == ("running", 4.0)
    story.session(at=500.0).stop("a", end="interrupted")
    bar = timeline(story.told())["rows"][0]["bars"][0]
    assert (bar["end"], bar["to_s"]) == ("interrupted", 4.0)


def test_many_tasks_leave_the_failed_and_the_last_and_many_attempts_the_last() -> None:
    story = Story().session()
    for number in range(MOST_ROWS + 50):
        end = "failed" if number == 3 else "done"
        story.attempt(f"t{number}", number, number + 1, end=end, failure=failure())
    line = timeline(story.told())
    names = [row["task"] for row in line["rows"]]
    assert (len(names), line["rows_left_out"], names[0]) == (MOST_ROWS, 50, "t3")
    assert names[1:] == [f"t{number}" for number in range(51, MOST_ROWS + 50)], "in the order of their starts"
    story = Story().session()
    for number in range(1, MOST_BARS + 8):
        story.attempt("a", number, number + 0.5, number, end="waiting")
    row = timeline(story.told())["rows"][0]
    assert (len(row["bars"]), row["bars_left_out"], row["bars"][0]["attempt"]) == (MOST_BARS, 7, 8)


SPANS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted).map(tuple), max_size=20)


@given(SPANS, st.integers(1, 50))
def test_busy_is_the_work_of_each_stretch_over_its_width(
    spans: list[tuple[int, int]], stretches: int
) -> None:
    width = 1000 / stretches
    found = busy(spans, 1000, stretches)
    for at, count in enumerate(found):
        work = sum(max(0.0, min(end, (at + 1) * width) - max(begin, at * width)) for begin, end in spans)
        assert abs(count - work / width) < 1e-6
    assert len(found) == stretches
    assert abs(sum(found) * width - sum(end - begin for begin, end in spans)) < 1e-6


def test_without_time_there_is_nothing_to_tell() -> None:
    assert busy([], 0, 10) == []
    assert timeline(Story().told())["rows"] == []
