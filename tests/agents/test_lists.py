"""Real lists, done by real agents, through all that can go wrong on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.agents.crowd import watching
from tests.agents.lists import CHECK, KIT_CLI, VERIFY, WINDOW_S, complaints, every_fifth, model, project_with
from tests.coding.project import Project
from tests.processes import belonging_to, eventually

BEARS = ("--max-concurrency", "4", "--rate", "4/s", "--upstream-concurrency", "2")
PROOF = ("--check", CHECK, "--verify", VERIFY, "--permissions", "all", "--model", "m-small")


def attempts_of(project: Project) -> dict[str, int]:
    """How often each task was begun, by the logs of its attempts."""
    begun = (log.stem.rpartition(".") for log in (project.top / ".beast/runs/r1/logs").glob("*.log"))
    counts: dict[str, int] = {}
    for task, _, number in begun:
        if number.isdigit():  # not those of its setup and its proofs, which are `task.1.check`
            counts[task] = max(counts.get(task, 0), int(number))
    return counts


@pytest.mark.parametrize("name", ["claude", "codex", "mini"])
def test_a_list_ends_well_whatever_happens_to_the_server_and_to_the_runner(name: str, tmp_path: Path) -> None:
    project = project_with(KIT_CLI, name, tmp_path)
    script = model(trouble=every_fifth, work_s=lambda asked: 0.2)
    with (
        in_thread(ModelServer(script)) as server,
        watching(tmp_path / "data" / "beast" / "worktrees") as crowd,
    ):
        flags = (*PROOF, *BEARS, "--upstream", server.url)
        killed = project.start(*flags, list_="tasks.md")
        eventually(lambda: server.paid >= 3, "the agents have begun", 120)
        server.go_down(10.0).result()
        eventually(project.merged, "a task is merged", 120)
        killed.kill()
        killed.wait()
        merged, begun = project.merged(), attempts_of(project)
        ran = project.run(*flags, list_="tasks.md", long_s=240)
    assert (ran.code, ran.summary["tasks"]["done"]) == (0, 5), ran.said
    assert sorted(project.merged()) == sorted(set(project.merged()))
    assert project.merged()[: len(merged)] == merged
    assert len([file for file in project.result() if file.startswith("made/")]) == 6
    assert {task: attempts_of(project)[task] for task in merged} == {task: begun[task] for task in merged}
    assert complaints(project) == []
    assert server.most_in_flight <= 2
    assert server.most_in_window(WINDOW_S) <= 4
    assert crowd.met == []
    assert 1 <= len(crowd.busiest) <= 4, crowd.busiest
    assert not belonging_to(tmp_path)
    hit = f"{server.paid} asked, {server.most_in_window(1.0)}/s, {server.most_in_flight} in flight"
    print(f"{name}: {len(merged)} merged at the kill, {sum(attempts_of(project).values())} attempts, {hit}")
