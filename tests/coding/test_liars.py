"""Agents that say what is not so: nothing of theirs is merged. What they print is recorded of the real programs."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.coding.project import Project, writes
from tests.runner.agents.test_said import SAID


def liar(name: str, recorded: str, at: Path) -> dict[str, str]:
    """A program of that name, first on PATH, that leaves a file, prints what was recorded, and exits with 0."""
    folder = at / "bin"
    folder.mkdir()
    script = folder / name
    lines = ["#!/bin/sh", "echo half >half.txt", f"cat {shlex.quote(str(SAID / recorded))}", "exit 0", ""]
    script.write_text("\n".join(lines), encoding="utf-8")
    script.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("name", "recorded", "class_"),
    [
        ("claude", "claude-wrong-key.txt", "auth"),
        ("claude", "claude-refused-for-good.txt", "bad_request"),
        ("aider", "aider-wrong-key.txt", "auth"),
        ("codex", "codex-wrong-key.txt", "auth"),
    ],
)
def test_success_with_an_error_in_it_is_not_done(
    name: str, recorded: str, class_: str, tmp_path: Path
) -> None:
    """It has changed something, the check is green, its exit code is 0; and yet it says that it has failed."""
    project = Project(tmp_path, agent=name, env=liar(name, recorded, tmp_path))
    project.list_("tasks: [{id: a}]")
    with in_thread(ModelServer()) as server:
        ran = project.run("--check", "true", "--upstream", server.url, "--model", "m-small")
    assert (ran.code, ran.summary["tasks"]["failed"], ran.summary["attempts"]) == (1, 1, 1), ran.said
    assert class_ in ran.said
    assert project.merged() == []


def test_one_that_exits_with_0_and_has_changed_nothing_is_not_done_however_often(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a, retries: 1}, {id: b}]", a=[{"says": "All tests pass!"}], b=writes("b.txt"))
    with in_thread(ModelServer()) as server:
        ran = project.run("--check", "true", "--upstream", server.url)
    states = {task["id"]: (task["state"], task["attempts"]) for task in ran.summary["by_task"]}
    assert (ran.code, states) == (1, {"a": ("failed", 2), "b": ("done", 1)}), ran.said
    assert project.merged() == ["b"]
