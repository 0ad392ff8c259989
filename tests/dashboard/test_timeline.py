"""The timeline as shapes: whatever the times, every bar lies within the picture, in the order of its task's life."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.dashboard.sources.runs import Step, Stretch, Timeline, TimelineRow
from beastmode.dashboard.timeline import WIDTH, picture_of, ticks_s

STEPS: tuple[Step, ...] = ("ready", "wait", "backoff", "run", "verify", "merge")


@st.composite
def rows(draw: st.DrawFn) -> TimelineRow:
    """Stretches one after the other, some of no length."""
    at_s, stretches = draw(st.floats(0, 1e5)), []
    for number, long_s in enumerate(draw(st.lists(st.floats(0, 1e4), max_size=8))):
        stretches.append(
            Stretch(draw(st.sampled_from(STEPS)), at_s, at_s + long_s, number, draw(st.text(max_size=3)))
        )
        at_s += long_s
    return TimelineRow("t", "title", "done", stretches)


def timeline(some: list[TimelineRow], now_s: float | None = None, begin_s: float = 0.0) -> Timeline:
    end_s = max((part.to_s for row in some for part in row.stretches), default=0.0)
    return Timeline(some, begin_s, end_s, now_s, [end_s / 2], 0, True)


@given(st.lists(rows(), max_size=5), st.floats(0, 1))
def test_bars_are_within_the_picture_and_in_their_order(some: list[TimelineRow], share: float) -> None:
    whole = timeline(some)
    picture = picture_of(timeline(some, whole.end_s, share * whole.end_s))
    for row in picture.rows:
        for bar in row.bars:
            assert bar.x >= 0
            assert bar.width > 0
            assert bar.x + bar.width <= WIDTH + 1e-3
        assert [bar.x for bar in row.bars] == sorted(bar.x for bar in row.bars)
    assert [row.task for row in picture.rows] == [row.task for row in some]
    assert picture.now is not None
    assert all(0 <= mark <= WIDTH for mark in (*picture.sessions, picture.now))


@given(st.floats(0, 1e8), st.floats(0, 1e8))
def test_the_axis_has_few_round_marks_between_its_ends(one: float, other: float) -> None:
    begin_s, end_s = sorted((one, other))
    marks = ticks_s(begin_s, end_s)
    assert len(marks) <= 8
    assert marks == sorted(marks)
    assert all(begin_s - 1e-9 <= mark <= end_s * (1 + 1e-9) for mark in marks)


def test_a_bar_says_what_it_was_and_for_what_it_waited() -> None:
    stretches = [Stretch("wait", 0, 1, 1, "rate"), Stretch("run", 1, 3, 1, "retry"), Stretch("run", 3, 4, 2)]
    picture = picture_of(timeline([TimelineRow("a", "", "running", stretches)]))
    assert [bar.kind for bar in picture.rows[0].bars] == ["rate", "failed", "running"]
    assert picture.rows[0].bars[0].words == "a, attempt 1: held back: rate, 1 s"
    assert [kind for kind, _ in picture.kinds] == ["rate", "running", "failed"]


def test_the_run_s_own_limits_have_their_colours_and_all_else_is_the_server_s() -> None:
    reasons = ("rate", "slot", "unhealthy", "quota_exhausted", "paused")
    stretches = [Stretch("wait", at, at + 1, 1, reason) for at, reason in enumerate(reasons)]
    (row,) = picture_of(timeline([TimelineRow("a", "", "waiting", stretches)])).rows
    assert [bar.kind for bar in row.bars] == ["rate", "slot", "server", "server", "server"]


def test_where_only_the_end_is_shown_what_was_before_is_not_drawn() -> None:
    row = TimelineRow("a", "", "done", [Stretch("run", 0, 1, 1, "done"), Stretch("run", 90, 100, 2, "done")])
    bars = picture_of(timeline([row], begin_s=80.0)).rows[0].bars
    assert [(bar.x, bar.width) for bar in bars] == [(50.0, 50.0)]
