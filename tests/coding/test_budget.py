"""Sixteen agents that want 20 USD of answers, and a budget of 1 USD."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.testing.threads import in_thread
from tests.coding.project import Project, writes
from tests.compose.coding.gateways import Bill

TASKS, ASKS, EACH_USD = 16, 25, 0.05


@pytest.mark.slow
def test_what_is_spent_stays_within_the_budget_and_a_higher_one_completes_the_run(tmp_path: Path) -> None:
    project = Project(tmp_path, model="gpt-5")
    names = [f"t{number}" for number in range(TASKS)]
    tasks = ", ".join(f"{{id: {name}, retries: 0}}" for name in names)
    project.list_(
        f"tasks: [{tasks}]",
        **{name: writes(f"{name}.txt", asks=ASKS, max_tokens=30_000) for name in names},
    )
    with in_thread(Bill(EACH_USD)) as server:
        free = ("--rate", "none", "--upstream-concurrency", "none")
        flags = ("--check", "true", "--upstream", server.url, "--max-concurrency", "16", *free)
        held = project.run(*flags, "--budget", "1usd")
        spent = server.usd
        assert (held.code, held.summary["tasks"]["failed"]) == (75, 0), held.said
        assert 0.5 < spent <= 1.0 + EACH_USD
        assert held.summary["upstream"]["cost_usd"] == pytest.approx(spent, abs=0.01)
        assert "--budget" in held.said
        ran = project.run(*flags, "--budget", "30usd")
    assert (ran.code, ran.summary["tasks"]["done"]) == (0, TASKS), ran.said
    assert sorted(project.merged()) == sorted(names)
    assert server.usd <= TASKS * ASKS * EACH_USD + EACH_USD, "what was paid for once is not paid for again"
    print(f"spent {spent:.2f} of 1 USD, then {server.usd:.2f} in all")
