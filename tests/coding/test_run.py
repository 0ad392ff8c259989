"""A list done by agents, as a user starts it: worktrees, a gateway of the run's own, proof, one result branch."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL

import pytest

from beastmode.store.ledger.file import ledger_path
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread
from tests.coding.project import CHECK, Project, writes
from tests.processes import eventually
from tests.repositories import everything_of

CHECK_REPORT = Path(__file__).parents[2] / "scripts" / "check_report.py"
THREE = """
tasks:
  - {id: a, title: Make a}
  - {id: b, title: Make b, needs: [a], verify: "test -s a.txt"}
  - {id: c, title: Make c}
"""


def test_every_task_is_proven_and_merged_and_the_checkout_stays_as_it_is(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(THREE, **{name: writes(f"{name}.txt") for name in "abc"})
    before = everything_of(project.top)
    with in_thread(ModelServer()) as server:
        ran = project.run("--check", CHECK, "--upstream", server.url)
    assert ran.code == 0, ran.said
    assert {name for name in project.result() if name.endswith(".txt")} == {"a.txt", "b.txt", "c.txt"}
    assert sorted(project.merged()) == ["a", "b", "c"]
    assert "tasks.yaml" not in project.result()
    after = everything_of(project.top)
    assert after.pop("status") == before.pop("status") + "\n!! .beast/"
    assert after == before
    assert ran.summary["upstream"] == {
        "requests": 3, "refused": 0, "hits": 0, "tokens_in": 24, "tokens_out": 24, "cost_usd": 0.0, "unpriced": 3,
    }  # fmt: skip
    assert [(task["id"], task["state"], task["attempts"]) for task in ran.summary["by_task"]] == [
        ("a", "done", 1),
        ("b", "done", 1),
        ("c", "done", 1),
    ]
    assert ran.summary["by_task"][0]["branch"] == "beast/r1/task/a"


def test_the_same_list_again_is_answered_from_the_cache(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(THREE, **{name: writes(f"{name}.txt") for name in "abc"})
    with in_thread(ModelServer()) as server:
        flags = ("--check", CHECK, "--upstream", server.url)
        assert project.run(*flags).code == 0
        paid = server.paid
        ran = project.run(*flags, "--fresh")
        assert (ran.code, server.paid) == (0, paid), ran.said
    assert (ran.summary["upstream"]["hits"], ran.summary["upstream"]["requests"]) == (3, 3)
    trees = [project.git("rev-parse", f"beast/{run}/result^{{tree}}") for run in ("r1", "r2")]
    assert trees[0] == trees[1]


def test_a_red_verification_is_told_to_the_next_attempt_which_goes_on_from_there(tmp_path: Path) -> None:
    project = Project(tmp_path)
    verify = "grep -q right a.txt || { echo it is not right; exit 1; }"
    project.list_(
        f'tasks: [{{id: a, verify: "{verify}"}}]',
        a=[{"write": {"a.txt": "wrong\n"}}, {"append": {"a.txt": "right\n"}}],
    )
    with in_thread(ModelServer()) as server:
        ran = project.run("--upstream", server.url)
        told = [asked.body for asked in server.asked if asked.paid]
    assert (ran.code, ran.summary["attempts"]) == (0, 2), ran.said
    assert project.result()["a.txt"] == "wrong\nright"
    assert [b"The attempt before did not succeed" in body for body in told] == [False, True]


def test_a_liar_is_not_done(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a, retries: 0}]", a=[{"says": "All done, all tests green!"}])
    with in_thread(ModelServer()) as server:
        ran = project.run("--check", "true", "--upstream", server.url)
    assert (ran.code, ran.summary["tasks"]["failed"]) == (1, 1)
    assert "no_change" in ran.said
    assert project.merged() == []


def test_a_red_base_ends_it_before_anything_is_asked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a}]", a=writes("a.txt"))
    with in_thread(ModelServer()) as server:
        ran = project.run("--check", "echo broken; false", "--upstream", server.url)
        assert (ran.code, server.paid) == (2, 0)
    assert "is red before any task began" in ran.said
    assert "--allow-red-base" in ran.said


def test_work_that_conflicts_is_done_again_on_top_of_what_was_merged(tmp_path: Path) -> None:
    project = Project(tmp_path, {"one.txt": "base\n"})
    both = {"a": writes("one.txt", "from a\n"), "b": writes("one.txt", "from b\n", sleep=1.0)}
    project.list_("tasks: [{id: a}, {id: b}]", **both)
    with in_thread(ModelServer()) as server:
        ran = project.run("--check", CHECK, "--upstream", server.url, "--max-concurrency", "2")
    assert (ran.code, ran.summary["tasks"]["done"]) == (0, 2), (
        ran.said
    )  # b writes its line once more, on top of a
    assert project.result()["one.txt"] == "from b"
    assert project.merged() == ["a", "b"]


def test_one_task_is_tried_and_the_run_goes_on_with_the_others(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(THREE, **{name: writes(f"{name}.txt") for name in "abc"})
    with in_thread(ModelServer()) as server:
        flags = ("--check", CHECK, "--upstream", server.url)
        tried = project.run(*flags, command="try")
        assert (tried.code, project.merged()) == (0, ["a"]), tried.said
        assert "a took " in tried.said
        assert "The other 2 would take about " in tried.said
        ran = project.run(*flags)
    assert (ran.code, ran.summary["run_id"], sorted(project.merged())) == (0, "r1", ["a", "b", "c"]), ran.said


def test_a_task_that_has_used_up_its_budget_waits_and_the_others_go_on(tmp_path: Path) -> None:
    project = Project(tmp_path)
    steps = {"a": writes("a.txt", asks=60), "b": writes("b.txt", asks=1)}
    project.list_("tasks: [{id: a, budget: 0.003usd}, {id: b}]", **steps)
    script = Script(models=("gpt-5",))
    with in_thread(ModelServer(script)) as server:
        flags = (
            "--check",
            CHECK,
            "--upstream",
            server.url,
            "--rate",
            "none",
            "--upstream-concurrency",
            "none",
        )
        ran = project.run(*flags, "--max-concurrency", "1", MODEL="gpt-5")
        assert (ran.code, ran.summary["state"], ran.summary["reason"]) == (75, "held", "spent"), ran.said
        assert (ran.summary["tasks"]["done"], ran.summary["tasks"]["waiting"]) == (1, 1)
        assert "the budget of task a is used up" in ran.said


def test_a_verification_that_is_green_already_is_said_to_prove_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(
        "tasks: [{id: a, verify: 'true'}, {id: b, verify: [test, -s, '{id}.txt']}]",
        a=writes("a.txt"),
        b=writes("b.txt"),
    )
    with in_thread(ModelServer()) as server:
        ran = project.run("--upstream", server.url)
        again = project.run("--upstream", server.url)
    assert ran.code == 0, ran.said
    assert "The verify of a is green before any task began: it proves nothing." in ran.said
    assert "proves nothing" not in again.said


def test_a_run_whose_journal_is_gone_leaves_the_branches_of_those_before_alone(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a}]", a=writes("a.txt"))
    with in_thread(ModelServer()) as server:
        flags = ("--check", CHECK, "--upstream", server.url)
        assert project.run(*flags).summary["run_id"] == "r1"
        shutil.rmtree(project.top / ".beast")
        ran = project.run(*flags)
    assert (ran.code, ran.summary["run_id"], project.merged("r2")) == (0, "r2", ["a"]), ran.said


def test_the_default_budget_of_a_run_that_goes_on_counts_what_it_has_spent(tmp_path: Path) -> None:
    project = Project(tmp_path)
    steps = {name: writes(f"{name}.txt") for name in "abcdef"}
    project.list_("tasks: [{id: a}, {id: b}, {id: c}, {id: d}, {id: e}, {id: f}]", **steps)
    with in_thread(ModelServer(Script(models=("gpt-5",)))) as server:
        flags = ("--check", CHECK, "--upstream", server.url)
        first = project.run(*flags, "--only", "a,b,c,d,e", "--budget", "none", MODEL="gpt-5")
        assert first.summary["upstream"]["cost_usd"] > 0, first.said
        with closing(sqlite3.connect(project.top / ".beast" / "ledger.db")) as ledger, ledger:
            ledger.execute("UPDATE requests SET cost_usd = 1.0 WHERE task <> ''")  # as if they had been long
        ran = project.run(*flags)
    assert (ran.code, ran.summary["tasks"]["done"]) == (0, 6), ran.said


def ended_in(ledger: Path, task: str) -> int:
    """How many requests of a task have ended, as their ledger knows by now: an end is written with the next batch."""
    with closing(sqlite3.connect(ledger)) as db:
        of_task = "SELECT count(*) FROM requests WHERE outcome IS NOT NULL AND task = ?"
        [(ended,)] = db.execute(of_task, (task,))
    return int(ended)


def test_what_an_attempt_had_used_when_its_runner_was_killed_is_counted(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_("tasks: [{id: a}]", a=writes("a.txt", asks=2))
    hangs = [0.0, 60.0]  # the second request, of the runner that is killed
    script = Script(models=("gpt-5",), work_s=lambda asked: hangs.pop(0) if hangs else 0.0)
    with in_thread(ModelServer(script)) as server:
        flags = ("--check", CHECK, "--upstream", server.url)
        project.set(MODEL="gpt-5")
        with subprocess.Popen(
            project.command(*flags),
            cwd=project.top,
            env=project.environment(),
            stdout=DEVNULL,
            stderr=DEVNULL,
        ) as killed:
            eventually(lambda: server.paid == 2 and ended_in(ledger_path(project.top / ".beast"), "a") == 1)
            killed.kill()
        ran = project.run(*flags)
    assert (ran.code, ran.summary["attempts"]) == (0, 2), ran.said
    with closing(sqlite3.connect(project.top / ".beast" / "ledger.db")) as ledger:
        [(rows, usd)] = ledger.execute("SELECT count(*), sum(cost_usd) FROM requests WHERE task = 'a'")
    used = ran.summary["upstream"]
    assert (used["requests"], used["unpriced"]) == (rows, 1) == (4, 1)
    assert used["cost_usd"] == pytest.approx(usd)
    report = project.top / ".beast" / "runs" / "r1" / "report" / "report.json"
    journal = project.top / ".beast" / "journal.db"
    assert (
        subprocess.run(
            [sys.executable, CHECK_REPORT, journal, report], stdout=DEVNULL, check=False
        ).returncode
        == 0
    )
