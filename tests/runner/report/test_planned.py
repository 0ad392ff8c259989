"""Plan against actual: what each session was to take when it began, and what it has taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beastmode.events import ESTIMATED
from beastmode.runner.report import tables
from beastmode.runner.report.content import report_of
from beastmode.runner.report.markdown import markdown
from beastmode.runner.report.page import page
from beastmode.runner.report.planned import plan_lines
from beastmode.runner.summary import summarise
from tests.runner.story import Story

SPREADS = {
    "seconds": {"low": 2.0, "median": 4.0, "high": 8.0},
    "attempts": {"low": 2.0, "median": 2.0, "high": 3.0},
    "usd": {"low": 0.1, "median": 0.2, "high": 0.3},
}
USAGE = {"requests": 3, "tokens_in": 10, "tokens_out": 5, "cost_usd": 0.2}


def planned(story: Story) -> Story:
    return story.add(ESTIMATED, data={"tasks": 2, "source": "from tasks", "guessed": 0.0, **SPREADS}).plan(
        "a", "b"
    )


def content(story: Story, journal: Path) -> dict[str, Any]:
    told = story.told()
    return report_of(told, summarise(told), journal).as_json()


WHOLE = planned(Story().session()).attempt("a", 1, 3, usage=USAGE).attempt("b", 2, 6, usage=USAGE).end()


def test_each_figure_stands_beside_what_it_became() -> None:
    (line,) = plan_lines(WHOLE.told())
    assert (line["tasks"], line["tasks_ended"], line["source"]) == (2, 2, "from tasks")
    assert line["figures"]["seconds"] == {**SPREADS["seconds"], "actual": 5.0, "within": True}
    assert line["figures"]["usd"] == {**SPREADS["usd"], "actual": 0.4, "within": False}
    assert set(line["figures"]) == {"seconds", "attempts", "usd"}, "nothing was foreseen of requests"


def test_a_session_that_did_not_come_to_its_end_is_not_judged_and_the_next_has_its_own_plan() -> None:
    story = planned(Story().session()).attempt("a", 1, 3).end("interrupted", 130)
    story = planned(story.session(at=100.0)).attempt("b", 101, 110).end()
    first, second = plan_lines(story.told())
    assert (first["figures"]["seconds"]["within"], first["tasks_ended"]) == (None, 1)
    assert (second["session"], second["figures"]["seconds"]["actual"]) == (2, 9.0)
    assert second["figures"]["seconds"]["within"] is False


def test_the_table_says_it_in_words(empty_journal: Path) -> None:
    head, rows = tables.plan_table(content(WHOLE, empty_journal))
    assert head[1] == "Foreseen (nine runs in ten)"
    assert list(rows) == [
        ("Tasks", "2", "2 ended", "from tasks"),
        ("Time", "4 s (2 s to 8 s)", "5 s", "within"),
        ("Attempts", "2 (2 to 3)", "2", "within"),
        ("Cost, USD", "0.20 (0.10 to 0.30)", "0.40", "above"),
    ]


def test_a_run_of_before_there_were_plans_has_no_such_part(empty_journal: Path) -> None:
    """Journals of earlier versions have no such event."""
    old = content(Story().session().plan("a").attempt("a", 0, 1).end(), empty_journal)
    assert old["plan"] == []
    assert "Plan and actual" not in markdown(old) + page(old, "logs")
    new = content(WHOLE, empty_journal)
    assert "Plan and actual" in markdown(new)
    assert "Plan and actual" in page(new, "logs")
