"""Many real agents at once against a server that bears little: each waits for its turn, and none knows of it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.agents.lists import CHECK, MONTH_5, VERIFY, complaints, model, project_with, works_on_it
from tests.processes import belonging_to

WORK_S = 0.3
PROOF = (
    "--check",
    CHECK,
    "--verify",
    VERIFY,
    "--permissions",
    "all",
    "--model",
    "m-small",
    "--order",
    "needs",
)
FEW = "create-fine-tuning-service,implement-stacking-ensemble,add-meta-learning-capabilities"


@pytest.mark.parametrize(("name", "only"), [("codex", ""), ("claude", FEW)], ids=["codex-16", "claude-3"])
def test_all_end_well_none_is_refused_and_the_list_again_asks_nothing(
    name: str, only: str, tmp_path: Path
) -> None:
    """Codex takes 0.5 s of CPU a task, Claude Code 3 s: so the sixteen are of Codex. The rate is looked at over ten
    seconds: where sixteen start on two cores, the delay on the way to the server varies by more than the pad of one."""
    project = project_with(MONTH_5, name, tmp_path)
    tasks = 3 if only else 16
    with in_thread(ModelServer(model(works_on_it, work_s=lambda asked: WORK_S))) as server:
        flags = (*PROOF, *(("--only", only) if only else ()), "--upstream", server.url)
        limits = ("--max-concurrency", "16", "--rate", "2/s", "--upstream-concurrency", "2")
        ran = project.run(*flags, *limits, list_="tasks.md", long_s=280)
        assert (ran.code, ran.summary["tasks"]["done"], ran.summary["attempts"]) == (0, tasks, tasks), (
            ran.said
        )
        assert ran.summary["upstream"]["refused"] == 0
        assert (server.most_in_flight <= 2, server.most_in_window(10.0) <= 20) == (True, True)
        paid, asked = server.paid, [one.at for one in server.asked if one.paid]
        again = project.run(*flags, *limits, "--fresh", list_="tasks.md", long_s=280)
        assert (again.code, server.paid) == (0, paid), again.said
    assert again.summary["upstream"]["hits"] == again.summary["upstream"]["requests"] == paid
    assert complaints(project) == []
    assert not belonging_to(tmp_path)
    bound_s = (math.ceil(paid / 2) - 1) * 1.05 + WORK_S
    took_s = asked[-1] + WORK_S - asked[0]
    print(f"at most {server.most_in_window(1.0)} in 1 s, {server.most_in_flight} in flight, none refused")
    print(f"{name}: {paid} requests, {took_s:.1f} s from the first to the last; bound {bound_s:.1f} s")
    print(f"makespan {ran.summary['makespan_s']} s, again {again.summary['makespan_s']} s")
