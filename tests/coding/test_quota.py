"""A quota that is used up: waited for where it comes back in time, else the run ends and tells when."""

from __future__ import annotations

import time
from collections import deque
from itertools import pairwise
from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer, Refusal, Script
from beastmode.testing.threads import in_thread
from tests.coding.project import Project, writes

LIST = "tasks: [{id: a, retries: 0}, {id: b, retries: 0}]"
STEPS = {"a": writes("a.txt"), "b": writes("b.txt")}


def attempts(summary: dict[str, object]) -> list[tuple[str, str, int]]:
    return [(task["id"], task["state"], task["attempts"]) for task in summary["by_task"]]  # type: ignore[attr-defined]


def test_a_quota_that_comes_back_in_time_is_waited_for(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(LIST, **STEPS)
    with in_thread(ModelServer(Script(refusals=deque([Refusal(429, "3")])))) as server:
        ran = project.run("--check", "true", "--upstream", server.url)
        asked = [asked.at for asked in server.asked if asked.paid]
    assert (ran.code, attempts(ran.summary)) == (0, [("a", "done", 1), ("b", "done", 1)]), ran.said
    assert max(b - a for a, b in pairwise(asked)) >= 3.0
    assert len(asked) <= 5, "nobody asks in vain while the quota is used up"


def test_a_quota_that_comes_back_tomorrow_ends_the_run_with_the_time(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(LIST, **STEPS)
    with in_thread(ModelServer(Script(refusals=deque([Refusal(429, "72000")] * 99)))) as server:
        flags = ("--check", "true", "--upstream", server.url, "--max-wait", "1h")
        held = project.run(*flags)
        assert (held.code, held.summary["tasks"]["failed"]) == (75, 0), held.said
        assert abs(held.summary["until_unix"] - time.time() - 72_000) < 100
        assert server.paid <= 5
        server.script.refusals.clear()
        ran = project.run(*flags)
    assert (ran.code, ran.summary["tasks"]["done"]) == (0, 2), (
        ran.said
    )  # with retries: 0, so no try was used up
    assert sorted(project.merged()) == ["a", "b"]


@pytest.mark.slow
def test_a_server_that_is_down_holds_a_run_with_a_short_max_wait_no_longer(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(LIST, **STEPS)
    held = project.run("--check", "true", "--upstream", "http://127.0.0.1:9", "--max-wait", "20s", long_s=240)
    assert held.code == 75, held.said
    assert [state for _, state, _ in attempts(held.summary)] == ["waiting", "waiting"]
    assert "longer than --max-wait allows" in held.said
