"""Runs as the dashboard reads them: of real runs, also while they are at work, and of long ones."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from beastmode import Roadmap, Task, run
from beastmode.compose.ui import asking as ui_asking
from beastmode.compose.ui.asking import JournalControl
from beastmode.compose.ui.runs import reader as runs_reader
from beastmode.compose.ui.runs.folding import Fold
from beastmode.compose.ui.runs.reader import JournalRuns
from beastmode.dashboard.foreign_text import log_text
from beastmode.dashboard.sources.faults import BeingReadError
from beastmode.errors import JournalError
from beastmode.runner.home import journal_path
from beastmode.runner.lock import RunLock
from beastmode.runner.roadmap import TaskOptions
from beastmode.runner.work import Command
from tests.compose.ui.runs.looking import by_needs, record
from tests.processes import eventually
from tests.runner.story import Story, failure

ROADMAP = "tasks: [{id: %s, command: ['true']}]\n"


def work_text(runs: JournalRuns, task: str, attempt: int = 1) -> str:
    return "".join(log_text(part.data, part.cut) for part in runs.logs("r1", task, attempt))


def test_a_real_run_is_told_whole(tmp_path: Path) -> None:
    options = TaskOptions(verify=Command(("sh", "-c", "echo from the verification; exit 4")))
    tasks = [Task("a", ["true"]), Task("b", ["echo", "from b"], needs=("a",), options=options)]
    run(Roadmap(tasks, title="Real"), home=tmp_path, retries=0)
    runs = JournalRuns(tmp_path)
    view = runs.run("r1")
    assert view
    assert view.figures
    assert (view.line.state, view.line.counts) == ("failed", {"total": 2, "done": 1, "failed": 1})
    assert view.graph.edges == [("a", "b")]
    assert [row.task for row in view.timeline.rows] == ["a", "b"]
    assert view.figures.failures[0].class_ == "verify_failed"
    task = runs.task("r1", "b")
    assert task
    assert [(near.id, near.state) for near in task.needs] == [("a", "done")]
    assert [part.part for part in runs.logs("r1", "b", 1)] == ["work", "verify"]
    assert work_text(runs, "b") == "from b\nfrom the verification\n"
    assert b"".join(runs.raw("r1", "b", 1, "verify") or []) == b"from the verification\n"
    assert runs.raw("r1", "b", 1, "../../journal") is None


def test_a_run_at_work_is_shown_as_it_goes_its_log_as_it_grows(tmp_path: Path) -> None:
    go, printed = tmp_path / "go", tmp_path / "more"
    waits = f"until [ -e {printed} ]; do sleep 0.02; done; echo two; until [ -e {go} ]; do sleep 0.02; done"
    tasks = [Task("a", Command(shell=f"echo one; {waits}")), Task("b", ["true"], needs=("a",))]
    worker = threading.Thread(target=run, args=(Roadmap(tasks),), kwargs={"home": tmp_path / "home"})
    worker.start()
    try:
        runs = JournalRuns(tmp_path / "home")
        eventually(lambda: "one" in work_text(runs, "a"))
        view, task = runs.run("r1"), runs.task("r1", "a")
        assert view
        assert task
        assert (view.line.state, task.at_work, bool(view.by)) == ("running", 1, True)
        assert view.line.counts == {"total": 2, "running": 1, "pending": 1}
        before, quiet = runs.logs_version(), runs.version()
        printed.touch()
        eventually(lambda: runs.logs_version() != before)
        assert runs.version() == quiet
        eventually(lambda: work_text(runs, "a") == "one\ntwo\n")
    finally:
        printed.touch()
        go.touch()
        worker.join()
    view = runs.run("r1")
    assert view
    assert (view.line.state, view.by, view.left) == ("done", "", "")


def told(home: Path) -> Story:
    """A run whose runner is at work, as far as anybody can see, while `RunLock` is held."""
    story = Story().session().plan("a", "b").attempt("a", 1, 2).start("b", at=3)
    record(home, by_needs(story).events)
    return story


def test_a_runner_that_is_gone_is_seen_without_a_word_of_it(tmp_path: Path) -> None:
    told(tmp_path)
    runs, lock = JournalRuns(tmp_path), RunLock(tmp_path, "/lists/list.yaml")
    lock.name_run("r1")
    assert [line.state for line in runs.latest(9)] == ["running"]
    lock.release()
    assert [line.state for line in runs.latest(9)] == ["killed"]
    page = runs.tasks("r1", "interrupted", "", -1, 9)
    assert page
    assert [row.id for row in page.rows] == ["b"]


def test_what_is_proven_or_merged_is_counted_and_found_as_such_until_its_runner_is_killed(
    tmp_path: Path,
) -> None:
    story = Story().session().plan("a", "b", "c", "d", d={"needs": ["a", "b", "c"]})
    story.start("a", at=1).start("b", at=2).start("c", at=3)
    story.step("a", "verifying", at=4).step("b", "verifying", at=5).step("b", "merging", at=6)
    record(tmp_path, by_needs(story).events)
    runs, lock = JournalRuns(tmp_path), RunLock(tmp_path, "/lists/list.yaml")
    lock.name_run("r1")
    states = {"a": "verifying", "b": "merging", "c": "running", "d": "pending"}
    assert stands(runs) == (states, {"total": 4} | dict.fromkeys(states.values(), 1))
    assert {state: found(runs, state) for state in states.values()} == {s: [t] for t, s in states.items()}
    lock.release()
    states = {**dict.fromkeys("abc", "interrupted"), "d": "pending"}
    assert stands(runs) == (states, {"total": 4, "interrupted": 3, "pending": 1})
    assert (found(runs, "interrupted"), found(runs, "verifying")) == (["a", "b", "c"], [])


def stands(runs: JournalRuns) -> tuple[dict[str, str], dict[str, int]]:
    """The state of each task, which is the same wherever it is shown, and how many there are of each."""
    view, page = runs.run("r1"), runs.tasks("r1", "", "", -1, 9)
    assert view
    assert page
    states = {row.id: row.state for row in page.rows}
    assert states == {line.id: line.state for line in view.graph.tasks}
    assert states == {task: one.line.state for task in states if (one := runs.task("r1", task))}
    assert {row.task: row.state for row in view.timeline.rows}.items() <= states.items()
    assert [line.counts for line in view.phases] == [view.line.counts]
    return states, dict(view.line.counts)


def found(runs: JournalRuns, state: str) -> list[str]:
    page = runs.tasks("r1", state, "", -1, 9)
    assert page
    return [row.id for row in page.rows]


def test_how_long_it_will_take_is_told_where_it_was_foreseen(tmp_path: Path) -> None:
    spread = {"low": 10.0, "median": 20.0, "high": 40.0}
    for guessed, left in ((0.0, True), (1.0, False)):
        story = Story().session()
        told = {"tasks": 2, "seconds": spread, "attempts": spread, "source": "from here", "guessed": guessed}
        story.add("estimated", data=told).plan("a", "b").attempt("a", 1, 2)
        home = tmp_path / str(guessed)
        record(home, story.events)
        lock = RunLock(home, "/lists/list.yaml")
        view = JournalRuns(home).run("r1")
        lock.release()
        assert view
        assert bool(view.left) is left


def test_lines_are_kept_and_only_runs_that_go_on_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_reader, "_MOST_KEPT", 5)
    stories = [
        Story(title=f"run {number}").session().plan("a").attempt("a", 1, 2).end() for number in range(30)
    ]
    record(tmp_path, *(story.events for story in stories))
    runs, read = JournalRuns(tmp_path), list[int]()
    really = runs._read_on

    def counted(fold: Fold) -> None:
        read.append(fold.progress.run)
        really(fold)

    monkeypatch.setattr(runs, "_read_on", counted)
    first = runs.latest(50)
    assert [line.title for line in first] == [f"run {number}" for number in range(29, -1, -1)]
    assert len(read) == 30
    assert runs.latest(50) == first
    assert len(read) == 30
    assert [line.name for line in runs.latest(2, before=10)] == ["r9", "r8"]


def test_a_long_run_is_read_in_the_background_and_told_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_reader, "_LONG", 3)
    story = (
        Story(title="Long")
        .session()
        .plan("a")
        .attempt("a", 1, 2, end="failed", failure=failure())
        .end("failed", 1)
    )
    record(tmp_path, story.events)
    runs = JournalRuns(tmp_path)
    version = runs.version()
    with pytest.raises(BeingReadError):
        runs.run("r1")
    eventually(lambda: runs.version() != version)
    view = runs.run("r1")
    assert view
    assert (view.line.title, view.line.state) == ("Long", "failed")


def test_a_long_run_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_reader, "_LONG", 3)
    record(tmp_path, Story().session().plan("a").attempt("a", 1, 2).end().events)
    with closing(sqlite3.connect(journal_path(tmp_path))) as db:
        db.execute("UPDATE events SET data = 'no json' WHERE seq = 3")
        db.commit()
    runs = JournalRuns(tmp_path)
    version = runs.version()
    with pytest.raises(BeingReadError):
        runs.run("r1")
    eventually(lambda: runs.version() != version)
    with pytest.raises(JournalError):
        runs.run("r1")


def test_the_list_of_runs_does_not_wait_for_a_long_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_reader, "_LONG", 3)
    record(tmp_path, Story(title="Long").session().plan("a").attempt("a", 1, 2).end().events)
    runs = JournalRuns(tmp_path)
    (line,) = runs.latest(9)
    assert (line.title, line.state) == ("Long", "being_read")
    eventually(lambda: [line.state for line in runs.latest(9)] == ["done"])


@pytest.mark.parametrize("name", ["r9", "x", "", "r-1", "r1e3", "r" + "9" * 40, "r\uff11"])
def test_a_run_that_is_not_there_is_none(tmp_path: Path, name: str) -> None:
    record(tmp_path, Story().session().plan("a").events)
    runs = JournalRuns(tmp_path)
    assert runs.run(name) is None
    assert runs.tasks(name, "", "", -1, 9) is None
    assert runs.task(name, "a") is None
    assert runs.raw(name, "a", 1, "work") is None
    assert list(runs.logs(name, "a", 1)) == []


def test_where_nothing_has_run_there_is_nothing(tmp_path: Path) -> None:
    runs = JournalRuns(tmp_path / "none")
    assert (runs.version(), list(runs.latest(9)), runs.run("r1")) == ("none.0", [], None)


def test_a_journal_that_is_just_being_made_is_read_once_it_is(tmp_path: Path) -> None:
    journal_path(tmp_path).touch()
    runs = JournalRuns(tmp_path)
    assert (list(runs.latest(9)), runs.run("r1")) == ([], None)
    record(tmp_path, Story().session().plan("a").events)
    assert [line.name for line in runs.latest(9)] == ["r1"]


def run_there(home: Path, name: str) -> None:
    """`beast run` of a list of its own: a process that closes the journal at its end."""
    path = home.parent / f"{name}.yaml"
    path.write_text(ROADMAP % name, encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "run", str(path), "--home", str(home)]
    subprocess.run(command, check=True, capture_output=True)


def test_whoever_looks_keeps_its_hold_on_the_file_when_others_close_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run_there(home, "first")
    runs = JournalRuns(home)
    seen = runs.version()  # opened before anything else: SQLite's locks are those of the whole process
    assert len(runs.latest(9)) == 1
    for number, name in enumerate(("second", "third", "fourth"), 2):
        run_there(home, name)
        assert runs.version() != seen
        seen = runs.version()
        assert len(runs.latest(9)) == number
        JournalControl(home, runs).ask(f"r{number}", "", "pause", {})
        assert runs.version() != seen
        assert list(home.glob("journal.db-wal"))


@pytest.mark.parametrize("many", [0, 10**9])
def test_of_a_long_run_the_same_is_offered_as_of_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(ui_asking, "_MANY", many)
    at_work = Story().session().plan("a", "b").attempt("a", 1, 2, end="failed", failure=failure())
    over = Story().session().plan("a").attempt("a", 1, 2).end()
    paused = Story().session().plan("a")
    told = {"control": 1, "action": "pause", "acts": True, "effect": "paused"}
    paused.add("controlled", data=told)
    record(tmp_path, at_work.events, over.events, paused.events)
    control = JournalControl(tmp_path, JournalRuns(tmp_path))
    assert [list(control.offers(run, "")) for run in ("r1", "r2", "r3")] == [
        ["retry", "cancel", "limits"],  # nobody is at work on it
        ["limits"],
        ["resume", "cancel", "limits"],
    ]


def test_a_journal_that_was_begun_anew_is_shown_and_not_the_old_one(tmp_path: Path) -> None:
    run(Roadmap([Task("old", ["false"])], title="Old"), home=tmp_path, retries=0)
    runs = JournalRuns(tmp_path)
    before = runs.version()
    assert [line.title for line in runs.latest(9)] == ["Old"]
    for file in tmp_path.glob("journal.db*"):
        file.unlink()
    assert runs.latest(9) == []
    run(Roadmap([Task("new", ["true"])], title="New"), home=tmp_path)
    assert runs.version() != before
    assert [(line.title, line.state) for line in runs.latest(9)] == [("New", "done")]
    view = runs.run("r1")
    assert view
    assert view.line.counts["done"] == 1
