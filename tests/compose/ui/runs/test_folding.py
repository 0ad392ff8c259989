"""A fold's sums are what counting all of its tasks would give, whatever was recorded and however it was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode import events
from beastmode.compose.ui.runs.folding import Fold, phase_of
from beastmode.events import Event
from tests.compose.ui.runs.looking import look_at
from tests.runner.story import Story, failure

TASKS = ("a", "b", "c", "d")
ENDS = ("done", "retry", "waiting", "failed", "needs_person", "interrupted", "cancelled")


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Of a runner, of people, of a list that changes: in any order."""
    story = (
        Story().session().plan(*TASKS, a={"phases": ["one"]}, b={"phases": ["one"]}, c={"phases": ["two"]})
    )
    for number in range(draw(st.integers(0, 25))):
        task, story.now = draw(st.sampled_from(TASKS)), float(number)
        what = draw(st.integers(0, 9))
        if what < 5:
            story.attempt(task, number, number + 0.5, number + 1, end=draw(st.sampled_from(ENDS)))
        elif what == 5:
            story.add(events.RESET, task, data={"reason": "changed"})
        elif what == 6:
            story.add(events.CANCELLED, draw(st.sampled_from((task, ""))))
        elif what == 7:
            story.end("failed", 1, blocked={task: "a"}).session()
        elif what == 8:
            story.add(events.PLANNED, data={"tasks": [{"id": task, "phases": ["three"]}], "gone": [TASKS[0]]})
        else:
            story.start(task, number + 1)
    return story


@given(stories(), st.integers(1, 7))
def test_the_sums_are_those_of_all_tasks(story: Story, at_once: int) -> None:
    fold = Fold(1)
    for first in range(0, len(story.events), at_once):
        fold.read_on(story.events[first : first + at_once])
        views = list(fold.progress.tasks.values())
        assert +fold.counts == Counter(view.state for view in views)
        assert {name: +counts for name, counts in fold.phases.items() if +counts} == {
            phase: Counter(view.state for view in views if phase_of(view) == phase)
            for phase in {phase_of(view) for view in views}
        }
        for state, some in fold.notable.items():
            assert set(some) == {view.id for view in views if view.state == state}


def test_what_was_read_before_a_fault_is_counted() -> None:
    def broken() -> Iterator[Event]:
        yield from Story().session().plan("a", "b").attempt("a", 1, 2).events
        raise OSError("the disk is gone")

    fold = Fold(1)
    with pytest.raises(OSError, match="gone"):
        fold.read_on(broken())
    assert +fold.counts == Counter(done=1, pending=1)


def test_what_was_spent_is_added_up_and_what_has_no_price_is_counted() -> None:
    story = Story().session().plan("a")
    story.attempt("a", 1, 2, 1, end="retry", usage={"cost_usd": 0.5, "unpriced": 0})
    story.attempt("a", 3, 4, 2, usage={"cost_usd": 0.25, "unpriced": 3})
    line = look_at(story).run_line()
    assert (line.cost_usd, line.unpriced) == (0.75, 3)
    assert look_at(Story().session().plan("a").attempt("a", 1, 2)).run_line().cost_usd is None


def test_what_a_killed_runner_had_at_work_is_not_at_work_any_more() -> None:
    story = Story().session().plan("a", "b").start("a", at=1)
    assert look_at(story).run_line().counts == {"total": 2, "running": 1, "pending": 1}
    killed = look_at(story, by="")
    assert (killed.state, killed.run_line().counts) == (
        "killed",
        {"total": 2, "interrupted": 1, "pending": 1},
    )
    assert [row.id for row in killed.page("interrupted", "", -1, 9).rows] == ["a"]


def test_tasks_come_page_by_page_by_state_and_phase() -> None:
    names = [f"t{number}" for number in range(10)]
    more = {name: {"phases": ["even" if int(name[1:]) % 2 == 0 else "odd"]} for name in names}
    story = Story().session().plan(*names, **more)
    for name in names[:6]:
        story.attempt(name, 1, 2, end="failed", failure=failure())
    look = look_at(story)
    seen, after = list[str](), -1
    while True:
        page = look.page("failed", "even", after, 2)
        seen += [row.id for row in page.rows]
        assert page.total == 3
        if page.next_after is None:
            break
        after = page.next_after
    assert seen == ["t0", "t2", "t4"]
