"""A task that wrote code, as the dashboard reads it: its diff, its proof, what the list says, what it asked."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from beastmode.cli.app import answer
from beastmode.compose.ui.runs import diff as ui_diff
from beastmode.compose.ui.runs.reader import JournalRuns
from beastmode.dashboard.foreign_text import log_text
from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.coding.project import Project

LIST = """
tasks:
  - id: a
    title: Make a
    details: "Acceptance: a.txt has a line that is right."
    verify: "grep -q right a.txt || { echo it is not right; exit 1; }"
  - {id: liar, title: Make nothing, retries: 0, verify: "true"}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Of a run that is over: one task was merged at its second attempt, one has changed nothing."""
    project = Project(tmp_path_factory.mktemp("project"))
    steps = [{"write": {"a.txt": "wrong\n"}}, {"append": {"a.txt": "right\n"}}]
    project.list_(LIST, a=steps, liar=[{"says": "All done!"}])
    with in_thread(ModelServer()) as server:
        ran = project.run("--upstream", server.url)
    assert ran.code == 1, ran.said
    return project


def runs_of(project: Project) -> JournalRuns:
    return JournalRuns(project.top / ".beast")


def test_the_diff_is_what_was_merged(project: Project) -> None:
    diff = runs_of(project).diff("r1", "a")
    assert (diff.files, diff.merged, diff.cut, diff.why) == (
        [{"path": "a.txt", "added": 2, "removed": 0}],
        True,
        False,
        "",
    )
    assert diff.text.endswith("+wrong\n+right\n")


def elsewhere(project: Project, folder: Path) -> tuple[JournalRuns, str]:
    """The home as it is, but in another folder, from which no guess finds the repository; and its name there."""
    home = folder / "elsewhere" / ".beast"
    shutil.copytree(project.top / ".beast", home)
    return JournalRuns(home), str(home)


def test_a_run_says_which_repository_it_worked_on_so_that_its_diffs_are_found_from_anywhere(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runs, home = elsewhere(project, tmp_path)
    view = runs.run("r1")
    assert view
    assert view.repository == str(project.top)
    assert [file["path"] for file in runs.diff("r1", "a").files] == ["a.txt"]
    assert answer(["diff", "a", "--home", home]) == 0
    assert "+right" in capfd.readouterr().out
    assert answer(["review", "r1", "a", "--home", home]) == 0
    assert "a.txt" in capfd.readouterr().out


def test_of_a_repository_that_was_moved_that_is_said_unless_it_is_found_near(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs, _ = elsewhere(project, tmp_path)
    moved = project.top.rename(tmp_path / "moved")
    try:
        why = runs.diff("r1", "a").why
        assert "the repository that r1 worked on is not there any more" in why
        assert f"{project.top}" in why
        assert "go to where it lies now and give: beast diff a --run r1" in why
        monkeypatch.chdir(moved)
        assert runs.diff("r1", "a").why == ""
    finally:
        moved.rename(project.top)


def test_of_an_older_run_that_does_not_say_it_is_looked_for_near(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs, home = elsewhere(project, tmp_path)
    with closing(sqlite3.connect(f"{home}/journal.db")) as db:
        db.execute("UPDATE events SET data = replace(data, '\"repository\"', '\"unknown\"')")
        db.execute("UPDATE events SET data = replace(data, '/tasks.yaml', '/gone/tasks.yaml')")
        db.commit()
    assert "no checkout of git" in runs.diff("r1", "a").why
    monkeypatch.chdir(project.top)
    assert runs.diff("r1", "a").why == ""


def test_a_long_diff_ends_at_a_line_within_its_bound(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui_diff, "MOST_BYTES", 100)
    diff = runs_of(project).diff("r1", "a")
    assert diff.cut
    assert diff.text.endswith("\n")
    assert 0 < len(diff.text) <= 100


def test_where_nothing_was_written_or_the_repository_is_gone_it_says_why(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = runs_of(project)
    assert (runs.diff("r1", "liar").files, runs.diff("r1", "none").why) == ([], "There is no such task.")
    gone = tmp_path / "moved" / ".beast"
    gone.parent.mkdir()
    (project.top / ".beast").rename(gone)
    try:
        (project.top / ".git").rename(tmp_path / "git")
        assert "no checkout of git" in JournalRuns(gone).diff("r1", "a").why
    finally:
        (tmp_path / "git").rename(project.top / ".git")
        gone.rename(project.top / ".beast")


def test_each_attempt_says_how_it_spent_its_time_and_what_proved_it(project: Project) -> None:
    runs = runs_of(project)
    view = runs.task("r1", "a")
    assert view
    first, second = view.attempts
    assert (first.end, second.end) == ("retry", "done")
    assert first.verified_s is not None
    assert first.merged_s is None
    assert second.merged_s is not None
    assert first.failure
    assert first.failure["class"] == "verify_failed"
    printed = {part.part: log_text(part.data, part.cut) for part in runs.logs("r1", "a", 1)}
    assert printed["verify"] == "it is not right\n"
    assert view.usage["requests"] == 2


def test_its_place_in_the_list_and_what_the_list_says_of_it_are_told(project: Project) -> None:
    runs = runs_of(project)
    view = runs.task("r1", "a")
    assert view
    assert view.stands_in == f"{project.top / 'tasks.yaml'}:4"
    assert runs.said("r1", "a") == "Acceptance: a.txt has a line that is right."
    assert runs.said("r1", "liar") == ""
    list_ = project.top / "tasks.yaml"
    text = list_.read_text("utf-8")
    list_.write_text("no list: [", encoding="utf-8")
    try:
        assert runs.said("r1", "a") == ""
    finally:
        list_.write_text(text, encoding="utf-8")


def test_the_timeline_has_what_was_proven_and_merged(project: Project) -> None:
    view = runs_of(project).run("r1")
    assert view
    waits = ("ready", "wait", "backoff")
    (row,) = (row for row in view.timeline.rows if row.task == "a")
    assert [part.step for part in row.stretches if part.step not in waits] == [
        "run",
        "verify",
        "run",
        "verify",
        "merge",
    ]
