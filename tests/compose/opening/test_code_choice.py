"""How a run writes code: what is said wins, the rest is found out, and what is missing is told with its flag."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from beastmode.compose.opening.code_choice import Chosen, choose, with_budget, writes_code
from beastmode.errors import BeastError
from beastmode.runner.code.coding import ModelServer
from beastmode.runner.roadmap import Roadmap, Task, TaskOptions
from beastmode.runner.work import Coding, Command
from beastmode.settings import Rate, RunSettings

CLAUDE: dict[str, Any] = {"agent": Coding(agent="claude")}
GREEN: dict[str, Any] = {"check": "make test"}
PAID = Task("a", Coding(budget_usd=1.0))


def chosen(
    top: Path,
    *tasks: Task,
    ready: Sequence[str] = (),
    settings: RunSettings | None = None,
    **said: Any,
) -> Chosen:
    roadmap = Roadmap(tasks or [Task("a")])
    return choose(roadmap, said, settings or RunSettings(), top=top, ready=lambda: ready)


def test_what_is_said_holds(tmp_path: Path) -> None:
    said = {**CLAUDE, **GREEN, "model": "m", "copy": (".env",), "upstream": "http://h", "task_budget": 2.0}
    held = chosen(tmp_path, settings=RunSettings(rates=(Rate(2, 1.0),)), **said)
    assert held.settings.work == Coding(agent="claude", model="m", copy=(".env",))
    assert held.settings.server == ModelServer("http://h", rates=(Rate(2, 1.0),))
    assert (held.settings.check, held.settings.task_budget_usd, held.notes) == ("make test", 2.0, ())


def test_the_one_agent_that_is_ready_and_the_check_of_the_repository_are_found_and_said(
    tmp_path: Path,
) -> None:
    (tmp_path / "Makefile").write_text("test:\n", encoding="ascii")
    found = chosen(tmp_path, ready=["codex"])
    assert (found.settings.work.agent, found.settings.check) == ("codex", "make test")
    assert [note.split()[0] for note in found.notes] == ["codex", "`make"]


@pytest.mark.parametrize(
    ("said", "tasks", "what"),
    [
        (GREEN, [], "no agent is ready on this machine"),
        (CLAUDE, [], "nothing would prove that 'a' is done\n"),
        (CLAUDE, [Task("a"), Task("b")], "nothing would prove that 'a' is done, nor 1 more"),
        ({**CLAUDE, "check": "none"}, [], "nothing would prove"),
        ({**CLAUDE, **GREEN, "merge": "none"}, [Task("a"), Task("b", needs=("a",))], "'b' needs 'a'"),
        ({**CLAUDE, **GREEN, "gateway": "none", "budget": 1.0}, [], "nobody keeps --budget"),
        ({**CLAUDE, **GREEN, "gateway": "http://g", "tokens": ()}, [], "--tokens would not hold"),
        ({**CLAUDE, **GREEN, "gateway": "http://g"}, [PAID], "'a': a gateway that runs already has limits"),
        ({**CLAUDE, **GREEN, "gateway": "none"}, [PAID], "'a': without a gateway nobody keeps a `budget`"),
        ({**CLAUDE, **GREEN, "gateway": "none", "upstream_key_env": "K"}, [], "keeps --upstream-key-env"),
        ({**CLAUDE, **GREEN, "gateway": "http://g", "rate": ()}, [], "--rate would not hold"),
        ({**GREEN, "agent": Coding(agent="generate")}, [], "no model server is named"),
        ({**CLAUDE, **GREEN, "prompt_template": Path("/nowhere")}, [], "/nowhere: it cannot be read"),
    ],
)
def test_what_is_missing_is_told(said: dict[str, Any], tasks: list[Task], what: str, tmp_path: Path) -> None:
    with pytest.raises(BeastError) as caught:
        chosen(tmp_path, *tasks, **said)
    assert what in str(caught.value)
    assert caught.value.tip


def test_a_gateway_that_runs_already_is_shown_its_key(tmp_path: Path) -> None:
    held = chosen(tmp_path, gateway="http://g", upstream_key_env="TEAM_KEY", **CLAUDE, **GREEN)
    assert held.settings.server == ModelServer(gateway="http://g", key_env="TEAM_KEY")


def test_several_agents_are_named_not_guessed_between(tmp_path: Path) -> None:
    with pytest.raises(BeastError, match="several agents are ready: claude, codex"):
        chosen(tmp_path, ready=["claude", "codex"], **GREEN)


def test_tasks_that_all_name_their_agent_and_their_proof_need_no_more(tmp_path: Path) -> None:
    options = TaskOptions(verify=Command(shell="true"))
    held = chosen(tmp_path, Task("a", Coding(agent="aider"), options=options))
    assert (held.settings.work, held.settings.check) == (Coding(), "")


def test_the_budget_is_20_usd_or_three_times_the_estimate(tmp_path: Path) -> None:
    held = chosen(tmp_path, **CLAUDE, **GREEN)
    assert with_budget(held, {}, 1.0).settings.budget_usd == 3.0
    assert with_budget(held, {}, 100.0).settings.budget_usd == 20.0
    assert (
        with_budget(
            chosen(tmp_path, **CLAUDE, **GREEN, budget=50.0), {"budget": 50.0}, 1.0
        ).settings.budget_usd
        == 50
    )
    assert chosen(tmp_path, **CLAUDE, **GREEN, budget=None).settings.budget_usd is None


@pytest.mark.parametrize(
    ("tasks", "said", "has_command", "writes"),
    [
        ([Task("a", ["make"])], {}, False, False),
        ([Task("a", ["make"])], CLAUDE, False, True),
        ([Task("a")], {}, True, False),
        ([Task("a")], {}, False, True),
        ([Task("a", Coding())], {}, True, True),
        ([Task("a", Coding(), state="done"), Task("b", ["make"])], {}, False, False),
        ([Task("a", options=TaskOptions(gate="only")), Task("b", ["make"])], {}, False, False),
    ],
)
def test_which_runs_write_code(tasks: list[Task], said: Any, has_command: bool, writes: bool) -> None:
    assert writes_code(Roadmap(tasks), said, has_command=has_command) is writes
