"""Rows of a report's tables: what each safeguard promises and what a run shows, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beastmode.events import BREAKER, PAUSED, PROBED
from beastmode.runner.report import tables
from beastmode.runner.report.content import report_of
from beastmode.runner.summary import summarise
from beastmode.settings import Rate
from tests.runner.story import Story, failure


def content(story: Story, journal: Path) -> dict[str, Any]:
    told = story.told()
    return report_of(told, summarise(told), journal).as_json()


def safety(story: Story, journal: Path) -> dict[str, tuple[str, str]]:
    """What is promised and what was seen, by the name of the safeguard."""
    return {name: (promised, seen) for name, promised, seen in tables.safety_rows(content(story, journal))}


def test_a_quiet_run_shows_that_nothing_had_to_be_held(empty_journal: Path) -> None:
    rows = safety(Story().session(3, Rate(8, 1.0)).plan("a").attempt("a", 0, 1).end(), empty_journal)
    assert rows["Tasks at once"] == ("at most 3", "at most 1")
    assert rows["Starts"] == ("at most 8 in any 1 s (kept for 1.05 s)", "at most 1")
    seen = [rows[name][1] for name in ("Health checks", "Breaker", "Limits changed", "Kills survived")]
    assert seen == ["none asked for", "never opened", "never", "no kill"]
    assert not [name for name in rows if name.startswith("Waited")]


def test_a_run_without_limits_says_so(empty_journal: Path) -> None:
    rows = safety(Story().session(None).plan("a").attempt("a", 0, 1).end(), empty_journal)
    assert rows["Tasks at once"][0] == "no limit"
    assert rows["Starts"] == ("no limit", "1 in all")


def test_a_hard_run_shows_what_held(empty_journal: Path) -> None:
    story = Story().session(3, Rate(8, 1.0)).add(PAUSED, data={"seconds": 2.0})
    story.add(PROBED, data={"left_us": 1, "ok": False}).add(PROBED, data={"left_us": 2, "ok": True})
    for state in ("open", "half_open", "open", "half_open", "closed"):
        story.add(BREAKER, data={"state": state})
    story.start("a", at=1.0, rate=0.5, slot=0.0001).session(3, at=60.0).stop("a", end="interrupted")
    rows = safety(
        story.start("a", 2, at=61.0, restart=2.0, rate=1.0).stop("a", 2, at=62.0).end(), empty_journal
    )
    assert rows["Health checks"][1] == "2, 1 failed"
    assert rows["Pauses asked for by the server"][1] == "1, 2 s in all"
    assert rows["Breaker"][1] == "opened once, 1 trial failed"
    assert rows["Kills survived"][1] == "1 kill; 1 attempt interrupted"
    assert rows["Waited for the rate"][1] == "1.5 s before 2 starts, longest 1 s"
    assert rows["Waited for what the runner before may have left"][1] == "2 s before 1 start"
    assert "Waited for a free slot" not in rows, "less than a millisecond is the time that asking takes"


@pytest.mark.parametrize(
    ("cost", "says"),
    [
        ({}, "—"),
        ({"cpu_s": 1.0}, "below the runner's 49 MiB"),
        ({"cpu_s": 1.0, "max_rss_kib": 204_800}, "200 MiB"),
    ],
)
def test_memory_that_cannot_be_told_apart_is_bounded(
    cost: dict[str, Any], says: str, empty_journal: Path
) -> None:
    story = Story().session().plan("a").attempt("a", 0, 1, **cost).end(max_rss_kib=50_000)
    rows = {name: value for name, value in tables.performance_rows(content(story, empty_journal))}  # noqa: C416
    assert rows["Tasks: most memory of one"] == says


def test_of_many_tasks_those_that_are_not_done_are_shown_first(empty_journal: Path) -> None:
    story = Story().session(None).plan(*(f"t{n}" for n in range(400)))
    for number in range(400):
        story.attempt(f"t{number}", 0, 1, end="failed" if number > 390 else "done", failure=failure())
    rows = tables.chosen_tasks(content(story.end("failed", 1), empty_journal))
    assert [row["task"] for row in rows[:9]] == [f"t{number}" for number in range(391, 400)]
    assert len(rows) == tables.MOST_TASKS
