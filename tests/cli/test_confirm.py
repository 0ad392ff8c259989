"""Before agents begin: what will be done, for how much, and a moment to stop it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from beastmode.cli.confirm import confirm
from beastmode.compose.opening.code import Code
from beastmode.compose.opening.code_choice import Chosen
from beastmode.errors import PreconditionError
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.runner.code.git import Git
from beastmode.runner.code.repository import Repository
from beastmode.runner.foreseeing.estimate import Estimate, Spread
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from beastmode.settings import RunSettings

TASKS = [Task("a"), Task("b", Coding(agent="codex"))]
ATTEMPTS = Spread(2, 2, 3)
TOLD = Estimate(
    2, Spread(60, 300, 3000), ATTEMPTS, "a guess", usd=Spread(0.2, 1, 5), requests=Spread(4, 40, 90)
)


def code(server: ModelServer | None, **more: object) -> Code:
    settings = CodingSettings(work=Coding(agent="claude"), server=server, budget_usd=3.0, **more)  # type: ignore[arg-type]
    folder = Path.cwd()
    repository = Repository(folder, Git(folder), "", "c0ffee" * 6, "main", folder, ("A note.",))
    return Code(Chosen(settings, ("found",)), repository, TOLD)


def said(capsys: pytest.CaptureFixture[str], told: Code, *, yes: bool = True) -> list[str]:
    confirm(told, TASKS, RunSettings(), yes=yes)
    return capsys.readouterr().err.splitlines()


def test_ten_lines_say_what_will_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, code(ModelServer("http://h/v1"), check="make test", task_budget_usd=1.0))
    assert lines[0].startswith(
        "2 tasks by claude, codex, at most 2 at once: about 5 min (60 s to 50 min) and 1.00 USD (0.20 USD to 5.00 USD) "
        "(a guess)"
    )
    assert lines[1:] == [
        "  model server: http://h/v1 (8/s, 3 in flight); budget: 3 USD, 1 USD a task",
        "  proof: check `make test`; 0 of 2 have a verify",
        "  from main; merged one by one, never into yours",
        "  found",
        "  A note.",
    ]


def test_what_nobody_keeps_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, code(None, no_proof=True, merge="none"))
    assert "nobody paces it; budget: none is kept" in lines[1]
    assert "the agents' word is all there is" in lines[2]
    assert "each task keeps its branch" in lines[3]


def test_without_a_terminal_it_begins_only_where_somebody_said_yes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(PreconditionError, match="--yes"):
        said(capsys, code(ModelServer()), yes=False)


def test_on_a_terminal_there_are_five_seconds_to_stop_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    waited: list[float] = []
    confirm(code(ModelServer()), TASKS, RunSettings(), yes=False, pause=waited.append)
    assert waited == [1.0] * 5
    assert "Begins in 5 s; Ctrl-C stops it." in capsys.readouterr().err
