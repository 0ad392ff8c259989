"""Tasks of one run that get in each other's way, from `beast run` to a person's word."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.coding.project import CHECK, Project, Ran, Step
from tests.processes import eventually
from tests.repositories import git

FREE = ("--gateway", "none", "--check", CHECK, "--max-concurrency", "3", "--rate", "none")


def adds(task: str) -> list[Step]:
    """At first in everybody's way, then at the end of what is there."""
    return [{"write": {"page": f"{task}\n"}, "sleep": 1}, {"append": {"page": f"{task}\n"}}]


def insists(task: str) -> list[Step]:
    """In everybody's way, however often."""
    return [{"write": {"page": f"{task} {number}\n"}, "sleep": 1} for number in range(3)]


def beast(project: Project, *arguments: str) -> Ran:
    command = [sys.executable, "-m", "beastmode", *arguments, "--json"]
    ended = subprocess.run(
        command, cwd=project.top, env=project.environment(), capture_output=True, text=True, timeout=60
    )
    return Ran(ended.returncode, ended.stderr, json.loads(ended.stdout))


def by_state(ran: Ran) -> dict[str, list[dict[str, Any]]]:
    states: dict[str, list[dict[str, Any]]] = {}
    for task in ran.summary["by_task"]:
        states.setdefault(task["state"], []).append(task)
    return states


def test_of_two_that_conflict_the_second_is_done_again_on_what_the_first_left(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a}, {id: b}]", a=adds("a"), b=adds("b"))
    ran = project.run(*FREE)
    assert ran.code == 0, ran.said
    assert sorted(project.result()["page"].split()) == ["a", "b"]
    assert sorted(task["attempts"] for task in ran.summary["by_task"]) == [1, 2]
    again = max(ran.summary["by_task"], key=lambda task: task["attempts"])["id"]
    assert project.git("show", f"beast/r1/kept/{again}/1:page") == again


def test_a_task_that_was_sent_back_is_told_why_also_after_a_kill(tmp_path: Path) -> None:
    project = Project(tmp_path)
    b: list[Step] = [{"write": {"page": "b\n"}, "sleep": 1}, {"sleep": 60}, {"append": {"page": "b\n"}}]
    project.list_("tasks: [{id: a}, {id: b}]", a=[{"write": {"page": "a\n"}}], b=b)
    with in_thread(ModelServer()) as server:
        flags = ("--check", CHECK, "--upstream", server.url, "--max-concurrency", "2", "--rate", "none")
        with project.start(*flags) as first:
            eventually(lambda: server.paid == 3, "the second attempt at b has begun")
            first.kill()
        assert project.run(*flags).code == 0
        prompts = [json.loads(asked.body)["messages"][0]["content"] for asked in server.asked if asked.paid]
    assert "was changed by a" in prompts[-1]
    assert prompts[-1] == prompts[-2]


def test_tasks_that_say_that_they_touch_the_same_never_conflict(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a, touches: page}, {id: b, touches: page}]", a=adds("a"), b=[adds("b")[1]])
    ran = project.run(*FREE)
    assert (ran.code, project.result()["page"]) == (0, "a\nb"), ran.said
    assert [task["attempts"] for task in ran.summary["by_task"]] == [1, 1]


def test_what_conflicts_twice_waits_for_a_person_who_resolves_and_takes_it(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a}, {id: b}, {id: c}]", **{task: insists(task) for task in "abc"})
    ran = project.run(*FREE)
    states = by_state(ran)
    assert (ran.code, len(states["done"]), len(states["needs_person"])) == (1, 2, 1), ran.said
    stuck = states["needs_person"][0]["id"]
    assert "merge_conflict: " in ran.said.partition(f"needs_person {stuck}")[2]
    assert beast(project, "review").summary["needs_person"][0]["task"] == stuck
    refused = beast(project, "review", "r1", stuck, "--accept")
    assert (refused.code, "git merge beast/r1/result" in refused.said) == (2, True)
    path = Path(refused.said.split("cd ")[1].split(" &&")[0])
    with pytest.raises(
        subprocess.CalledProcessError
    ):  # the conflict; a machine may have no identity of its own
        git(path, "merge", "beast/r1/result")
    (path / "page").write_text("all of us\n", encoding="ascii")
    git(path, "commit", "--all", "--quiet", "--message", "Resolved")
    assert beast(project, "review", "r1", stuck, "--accept").summary["state"] == "done"
    assert project.result()["page"] == "all of us"
    assert project.merged()[-1] == stuck
    again = project.run(*FREE)
    assert (again.code, again.summary["tasks"]["done"], again.summary["attempts"]) == (
        0,
        3,
        ran.summary["attempts"],
    )


def test_one_is_done_again_with_a_person_s_note_in_its_prompt(tmp_path: Path) -> None:
    project = Project(tmp_path)
    steps = [{"write": {"page": text}} for text in ("one\n", "both\n")]
    project.list_("tasks: [{id: a, verify: 'test \"$(cat page)\" = both'}]", a=steps)
    with in_thread(ModelServer()) as server:
        flags = ("--upstream", server.url, "--check", "none", "--retries", "0")
        assert project.run(*flags).code == 1
        assert beast(project, "review", "r1", "a", "--redo", "Greet both.").summary["note"] == "Greet both."
        ran = project.run(*flags)
        told = [asked.body for asked in server.asked if asked.paid]
    assert (ran.code, project.result()["page"]) == (0, "both"), ran.said
    assert [b"Greet both." in body for body in told] == [False, True]
