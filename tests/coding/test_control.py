"""Control of a run of three real agents: what they leave, and what their model server is then spared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.coding.project import Project, Step, writes
from tests.processes import belonging_to, eventually

LIST = "tasks: [{id: a}, {id: b}, {id: c}, {id: d}]"
SLEEPS = {name: writes(f"{name}.txt", sleep=60) for name in "abcd"}


def say(project: Project, *arguments: str, code: int | None = 0) -> dict[str, Any]:
    """What a command prints as JSON.   code: that it ends with; None: any."""
    command = [sys.executable, "-m", "beastmode", *arguments, "--json"]
    done = subprocess.run(
        command, cwd=project.top, env=project.environment(), capture_output=True, text=True, timeout=60
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def states(project: Project) -> dict[str, str]:
    """Of each task; nothing before there is a run."""
    told = say(project, "status", code=None)
    return {task["id"]: task["state"] for task in told.get("task_list", ())}


def test_three_agents_are_held_to_one_and_cancelled_without_a_process_left(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(LIST, **SLEEPS)
    with in_thread(ModelServer()) as server:
        run = project.start("--check", "true", "--upstream", server.url)
        try:
            eventually(lambda: server.paid == 3, "three agents have asked")
            assert say(project, "limits", "--max-concurrency", "1", "--rate", "2/s")["when"] == "now"
            shown = say(project, "limits")
            assert (shown["concurrency"], shown["in_use"], shown["server"]["rates"][0]["starts"]) == (1, 3, 2)
            assert say(project, "cancel", "a")["when"] == "now"
            assert say(project, "cancel", "b")["when"] == "now"
            assert states(project) == {"a": "cancelled", "b": "cancelled", "c": "running", "d": "pending"}
            assert say(project, "cancel", "r1")["when"] == "now"
            assert run.wait(60) == 1
        finally:
            run.kill()
            run.wait()
        assert not belonging_to(project.at)
        assert server.paid == 3
    assert set(states(project).values()) == {"cancelled"}


def test_what_a_person_answers_is_told_to_the_next_attempt_of_an_agent(tmp_path: Path) -> None:
    project = Project(tmp_path, agent=f"cp {{prompt_file}} {tmp_path}/told")
    project.list_("tasks: [{id: a, retries: 0}]")
    flags = ("--no-proof", "--gateway", "none")
    assert project.run(*flags).code == 1, "it changes nothing"
    assert say(project, "answer", "a", "Mind the gap.")["when"] == "next"
    project.run(*flags)
    assert "Mind the gap." in (tmp_path / "told").read_text(encoding="utf-8")


def test_what_could_not_be_merged_is_done_again_while_the_run_is_at_work(tmp_path: Path) -> None:
    """As `beast review --redo` has it between two sessions: on the tip of the result, what was made is kept."""
    project = Project(tmp_path)
    insists: dict[str, list[Step]] = {
        task: [{"write": {"page": f"{task} {number}\n"}, "sleep": 1} for number in range(2)]
        + [{"append": {"page": f"{task}\n"}}]
        for task in "abc"
    }
    project.list_("tasks: [{id: a}, {id: b}, {id: c}, {id: slow}]", **insists, slow=writes("s", sleep=90))
    flags = ("--gateway", "none", "--check", "true", "--max-concurrency", "4", "--rate", "none")
    run = project.start(*flags)
    try:
        eventually(lambda: "needs_person" in states(project).values(), "one cannot be merged", 60.0)
        stuck = next(task for task, state in states(project).items() if state == "needs_person")
        error = say(project, "approve", stuck, code=2)["error"]
        assert "merge_conflict" in error["what"]
        assert f"beast review r1 {stuck}" in error["tip"]
        assert say(project, "retry", stuck)["when"] == "now"
        eventually(lambda: states(project)[stuck] == "done", "it is merged", 60.0)
        assert say(project, "cancel", "slow")["when"] == "now"
        assert run.wait(60) == 1
    finally:
        run.kill()
        run.wait()
    assert f"{stuck}\n" in project.result()["page"] + "\n"
    assert project.git("for-each-ref", f"refs/heads/beast/r1/kept/{stuck}")
