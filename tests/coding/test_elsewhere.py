"""`beast run` with an agent that does its work and something else elsewhere: its work counts, and the rest is told,
wherever people look, with commands that put it back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from beastmode.compose.ui.runs.reader import JournalRuns
from tests.coding.project import Project
from tests.repositories import git

WORKS = 'echo made >"$BEAST_ID.txt"; sh "$DEEDS/$BEAST_ID"'
COMMITS = "git switch -q -c feature-$BEAST_ID; git commit -q --allow-empty -m mine; git switch -q -"


def project_of(at: Path, **deeds: str) -> Project:
    """Of tasks that write a file each and then do this, in a shell."""
    agent = at / "agent.sh"
    agent.write_text(WORKS, encoding="utf-8")
    (at / "deeds").mkdir()
    for task, deed in deeds.items():
        (at / "deeds" / task).write_text(deed, encoding="utf-8")
    project = Project(at, agent=f"sh {agent} {{prompt_file}}")
    project.list_("tasks: [" + ", ".join(f"{{id: {task}, retries: 0}}" for task in deeds) + "]")
    project.set(DEEDS=str(at / "deeds"))
    return project


def beast(project: Project, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "beastmode", *words],
        cwd=project.top,
        env=project.environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_work_is_merged_and_what_was_done_elsewhere_is_told_everywhere(tmp_path: Path) -> None:
    project = project_of(tmp_path, a=COMMITS, b="true")
    before = git(project.top, "for-each-ref", "refs/heads/main", "refs/heads/feature-a")
    ran = project.run("--check", "true", "--gateway", "none", "--max-concurrency", "2")
    assert (ran.code, sorted(project.merged())) == (0, ["a", "b"]), ran.said
    assert "While a ran, something changed elsewhere: beast review r1 a" in ran.said
    assert [task.get("elsewhere", 0) for task in ran.summary["by_task"]] == [1, 0]
    told = "the branch feature-a was made, by its agent"
    assert f"elsewhere    a  {told}" in beast(project, "status")
    (found,) = json.loads(beast(project, "review", "r1", "a", "--json"))["elsewhere"]
    assert (found["told"], found["attempt"], found["by"]) == (told, 1, "agent")
    review, report = beast(project, "review", "r1", "a"), beast(project, "report")
    for command in (found["show"], found["back"]):
        assert command in review
        subprocess.run(command, shell=True, check=True, capture_output=True)
    assert told in report
    view = JournalRuns(project.top / ".beast").task("r1", "a")
    assert view is not None
    assert [one["told"] for one in view.attempts[0].elsewhere] == [told]
    assert git(project.top, "for-each-ref", "refs/heads/main", "refs/heads/feature-a") == before
    words = ("scripts/check_report.py", ".beast/journal.db", f"{ran.summary['report']}/report.json")
    checker, journal, told_in = Path(words[0]).absolute(), project.top / words[1], project.top / words[2]
    subprocess.run([sys.executable, checker, journal, told_in], check=True, capture_output=True)


def test_an_agent_that_only_worked_elsewhere_has_failed_and_is_told_where(tmp_path: Path) -> None:
    project = project_of(tmp_path, a=f"rm a.txt; {COMMITS}")
    ran = project.run("--check", "true", "--gateway", "none")
    assert (ran.code, project.merged()) == (1, []), ran.said
    assert "nothing changed in the worktree, but elsewhere it did meanwhile: the branch feature-a" in ran.said
    assert "feature-a was made" in beast(project, "review", "r1", "a")


@pytest.mark.parametrize("sandbox", ["none", "auto"])
def test_a_user_who_commits_while_it_runs_is_not_called_the_agent(tmp_path: Path, sandbox: str) -> None:
    wait = "echo begun >begun; until test -e enough; do sleep 0.05; done; rm begun enough"
    project = project_of(tmp_path, a=wait)
    flags = ("--check", "true", "--gateway", "none", "--sandbox", sandbox)
    with project.start(*flags) as runner:
        begun = wait_for(tmp_path, "begun")
        (project.top / "README").write_text("mine\n", encoding="utf-8")
        git(project.top, "commit", "--quiet", "--all", "--message", "By the user")
        begun.with_name("enough").touch()
        assert runner.wait(60) == 0, (tmp_path / "said").read_text("utf-8")
    (found,) = json.loads(beast(project, "review", "r1", "a", "--json"))["elsewhere"]
    assert (found["name"], found["by"]) == ("main", "unknown")
    assert found["told"].endswith("while it ran: by its agent, by another task, or by you")
    assert project.result()["README"] == "hello"


def wait_for(folder: Path, name: str) -> Path:
    """A file of that name in a worktree; its test has a timeout. Folders come and go while it looks."""
    while True:
        with suppress(FileNotFoundError):
            for path in (folder / "data").rglob(name):
                if ".spare" not in path.parts:
                    return path
        time.sleep(0.02)
