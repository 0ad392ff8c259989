"""What an `auto` has found, from a journal told by hand, and the views of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beastmode import events
from beastmode.runner.progress import Progress
from beastmode.runner.report.content import report_of
from beastmode.runner.report.levels import MOST_CHANGES, level_now, levels
from beastmode.runner.report.markdown import markdown
from beastmode.runner.report.page import page
from beastmode.runner.summary import summarise
from tests.runner.story import Story


def found(story: Story, at: float, limit: int, why: str, upstream: str = "") -> None:
    story.now = at
    data: dict[str, Any] = {"reason": "auto", "why": why}
    story.add(
        events.LIMITS,
        data=data | ({"upstream": upstream, "at_once": limit} if upstream else {"concurrency": limit}),
    )


def told() -> Story:
    """Three at first, then five, then three; a model server went from three to one."""
    story = Story().session(3, at=10.0)
    story.events[-1].data["settings"]["auto"] = 32
    story.plan("a")
    found(story, 12.0, 5, "grows")
    found(story, 13.0, 1, "refused", "main")
    found(story, 14.0, 3, "refused")
    return story.attempt("a", 15.0, 16.0)


def test_each_limit_that_was_looked_for_is_told_over_time() -> None:
    tasks, server = levels(told().told())
    assert [(change["at_s"], change["limit"]) for change in tasks.pop("history")] == [(0, 3), (2, 5), (4, 3)]
    assert tasks == {
        "of": "tasks",
        "changes": 3,
        "first": 3,
        "lowest": 3,
        "highest": 5,
        "last": 3,
        "reasons": {"start": 1, "grows": 1, "refused": 1},
    }
    assert (server["of"], server["last"], server["reasons"]) == ("main", 1, {"refused": 1})


def test_a_number_that_a_person_gave_is_no_level() -> None:
    story = Story().session(3, at=10.0).plan("a")
    story.add(events.LIMITS, data={"concurrency": 1, "reason": "person"})
    assert level_now(Progress(1).apply_all(story.events)) == {}


def test_with_a_number_of_a_person_an_auto_of_tasks_holds_no_more() -> None:
    story = told()
    assert level_now(story.told()) == {"tasks": 3, "main": 1}
    story.add(events.LIMITS, data={"concurrency": 2, "asked": {"concurrency": 2}, "reason": "person"})
    assert level_now(story.told()) == {"main": 1}
    story.add(events.LIMITS, data={"concurrency": 2, "asked": {"concurrency": "auto:9"}, "reason": "person"})
    assert level_now(story.told())["tasks"] == 2
    found(story, 17.0, 4, "grows")
    assert level_now(story.told())["tasks"] == 4


def test_a_later_session_with_a_number_has_no_level() -> None:
    story = told().end("interrupted").session(3, at=20.0)
    assert level_now(story.told()) == {"main": 1}


def test_a_long_history_keeps_its_end_and_all_its_counts() -> None:
    story = told()
    for number in range(MOST_CHANGES + 50):
        found(story, 20.0 + number, 3 + number % 2, "grows")
    tasks = levels(Progress(1).apply_all(story.events))[0]
    assert len(tasks["history"]) == MOST_CHANGES
    assert tasks["changes"] == MOST_CHANGES + 53
    assert tasks["first"] == 3


def test_both_views_show_it_and_leave_it_out_where_there_is_none(empty_journal: Path) -> None:
    progress = told().told()
    report = report_of(progress, summarise(progress), empty_journal).as_json()
    for view in (markdown(report), page(report, "logs")):
        assert "Levels found" in view
        assert "Requests to main" in view
        assert "grows 1, refused 1" in view
    report["levels"] = []
    assert "Levels found" not in markdown(report) + page(report, "logs")
