"""The content of a report: plain JSON, bounded, from the journal alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError, ReportError
from beastmode.events import BREAKER, LIMITS, PAUSED, PROBED
from beastmode.runner.report.content import report_of
from beastmode.runner.report.evidence import performance, safety
from beastmode.runner.report.files import check_folder, write_report
from beastmode.runner.report.tasks import MOST_TASKS, dogfooding
from beastmode.runner.summary import summarise
from beastmode.settings import Rate
from tests.runner.story import Story, failure


def test_safety_figures_come_from_what_was_recorded() -> None:
    story = Story().session(3, Rate(8, 1.0), Rate(60, 60.0)).plan("a", "b")
    story.add(PROBED, data={"left_us": 1, "ok": False}).add(PROBED, data={"left_us": 2, "ok": True})
    story.add(PAUSED, data={"seconds": 2.5}).add(LIMITS, data={"concurrency": 2})
    for state in ("open", "half_open", "open", "half_open", "closed"):
        story.add(BREAKER, data={"state": state})
    story.start("a", at=1.5, rate=0.25).stop("a", at=2.0, end="waiting", left=1.5)
    story.start("a", 2, at=3.0, rate=0.75, slot=0.5).stop("a", 2, at=4.0, end="retry", left=3.0)
    story.start("b", at=4.0).session(3, Rate(8, 1.0), at=60.0).stop("b", end="interrupted")
    seen = safety(story.end(at=61.0).told())
    assert seen | {"rates": []} == {
        "concurrency_limit": 3,
        "most_in_flight": 1,
        "starts": 5,
        "most_starts_in_window": 2,
        "rates": [],
        "over_limits": 0,
        "attempts": 3,
        "attempts_by_end": {"interrupted": 1, "retry": 1, "waiting": 1},
        "retries": 1,
        "retries_limit": 2,
        "throttles": 1,
        "attempts_interrupted": 1,
        "waits": {
            "rate": {"starts": 2, "wait_s": 1.0, "longest_wait_s": 0.75},
            "slot": {"starts": 1, "wait_s": 0.5, "longest_wait_s": 0.5},
        },
        "sessions": 2,
        "kills_survived": 1,
        "health_checks": 2,
        "health_checks_failed": 1,
        "pauses": 1,
        "pause_s": 2.5,
        "breaker_trips": 1,
        "breaker_trials_failed": 1,
        "limits_changes": 1,
    }
    assert seen["rates"] == [
        {"starts": 8, "span_s": 1.0, "kept_span_s": 1.05, "most_starts": 2},
        {"starts": 60, "span_s": 60.0, "kept_span_s": 63.0, "most_starts": 5},
    ]


def test_performance_is_told_of_tasks_that_ended_and_with_what_they_cost() -> None:
    story = Story().session(2).plan("a", "b", "c").attempt("a", 0, 1, cpu_s=0.5, max_rss_kib=900)
    story.attempt("b", 0, 3, cpu_s=0.25).attempt("c", 1, 2, end="failed", failure=failure())
    told = story.end("failed", 1, cpu_s=0.1, max_rss_kib=50_000).told()
    assert performance(told, summarise(told)) == {
        "tasks_measured": 3,
        "task_mean_s": 1.667,
        "task_p50_s": 1.0,
        "task_p95_s": 3.0,
        "task_longest_s": 3.0,
        "makespan_s": 3.0,
        "lower_bound_s": 3.0,
        "efficiency": 1.0,
        "throughput_per_s": 0.666667,
        "runner_cpu_s": 0.1,
        "runner_max_rss_kib": 50_000,
        "tasks_cpu_s": 0.75,
        "tasks_max_rss_kib": 900,
    }


def test_a_run_that_started_nothing_has_no_figures_to_divide() -> None:
    told = Story().session().plan("a").end("held", 75).told()
    of = performance(told, summarise(told))
    assert (of["tasks_measured"], of["task_mean_s"], of["efficiency"], of["throughput_per_s"]) == (
        0,
        None,
        None,
        None,
    )


def test_dogfooding_counts_categories_by_their_usual_names_and_kinds_as_they_were() -> None:
    story = (
        Story()
        .session()
        .plan(
            *"abcde",
            a={"category": "Tests"},
            b={"category": "documentation", "kind": "python"},
            c={"category": "improvement", "kind": "generate"},
            d={"category": "chore"},
            e={"category": "optimisation"},
        )
    )
    for task in "abcd":
        story.attempt(task, 0, 1)
    of = dogfooding(story.told())
    assert {name: (count["total"], count["done"]) for name, count in of["categories"].items()} == {
        "improvement": (1, 1),
        "optimization": (1, 0),
        "test": (1, 1),
        "docs": (1, 1),
        "others": (1, 1),
    }
    assert (of["done"], of["done_by_generate"]) == (4, 1)
    assert of["kinds"] == {"command": 2, "generate": 1, "python": 1}


def test_what_was_played_back_is_told_apart_from_what_a_model_wrote() -> None:
    story = Story().session().plan(*"abc", **{task: {"kind": "generate"} for task in "abc"})
    for task, model in (("a", "m-large"), ("b", "playback"), ("c", "playback")):
        story.attempt(task, 0, 1, branch=f"beast/r1/task/{task}", model=model)
    of = dogfooding(story.told())
    assert (of["done_by_generate"], of["done_by_playback"]) == (1, 2)


def test_a_report_of_a_hundred_thousand_tasks_is_bounded_and_its_failures_are_not(
    empty_journal: Path,
) -> None:
    story = Story().session(None)
    for first in range(0, 100_000, 1000):
        story.plan(*(f"t{number}" for number in range(first, first + 1000)))
    for number in range(0, 100_000, 5):
        end = "failed" if number % 50 == 0 else "done"
        story.attempt(f"t{number}", number, number + 1, end=end, failure=failure())
    told = story.end("failed", 1).told()
    report = report_of(told, summarise(told), empty_journal)
    assert (len(report.tasks), report.tasks_left_out) == (MOST_TASKS, 90_000)
    assert "done" not in {row["state"] for row in report.tasks}, "what is not done comes first"
    assert report.failures[0]["count"] == len(report.failures[0]["tasks"]) == 2000
    assert len(json.dumps(report.as_json())) < 5_000_000


def test_the_three_files_are_written_whole_and_say_the_same(empty_journal: Path, tmp_path: Path) -> None:
    told = Story(title="Month 1").session().plan("a").attempt("a", 0, 1).end(at=1.0).told()
    write_report(told, summarise(told), empty_journal, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    content = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert content["run"]["started_utc"] == "2027-01-15 08:00:00 UTC"
    assert content["headline"] == "1 of 1 task done in 1 s, never more than 1 at once."
    for name in ("report.html", "report.md"):
        assert content["headline"] in (tmp_path / "out" / name).read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(
    empty_journal: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    told = Story().session().end().told()
    with pytest.raises(ReportError, match="beast report r1 --out"):
        write_report(told, summarise(told), empty_journal, tmp_path / "file")


def test_a_folder_is_checked_before_a_run_begins_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_folder(tmp_path / "new" / "deep")
    check_folder(Path("relative-and-not-there"))
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(PreconditionError, match="--report"):
            check_folder(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_sessions_tell_how_each_turn_ended(empty_journal: Path) -> None:
    story = Story().session(at=0.0).plan("a").start("a", at=1.0).session(at=60.0).stop("a", end="interrupted")
    told = story.attempt("a", 61, 62, 2).end(at=63.0).told()
    lines = report_of(told, summarise(told), empty_journal).sessions
    assert [(line["state"], line["length_s"], line["attempts"]) for line in lines] == [
        ("killed", 1.0, 1),
        ("done", 3.0, 1),
    ]
