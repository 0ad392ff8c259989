"""An agent that is not on this machine ends a run before anything of it begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.compose.opening.code_choice import Chosen
from beastmode.compose.opening.missing_agents import see_agents
from beastmode.errors import PreconditionError
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.roadmap import Task
from beastmode.runner.work import GENERATE, Coding

See = Callable[[Coding], None]


@pytest.fixture
def see(tmp_path: Path) -> See:
    """On a machine that has Claude Code and nothing else."""
    (tmp_path / "claude").write_text("#!/bin/sh\n", encoding="ascii")
    (tmp_path / "claude").chmod(0o755)
    run = Chosen(CodingSettings(work=Coding(agent="claude")))
    return lambda work: see_agents([Task("a", work)], run, {"PATH": str(tmp_path)})


def test_one_that_is_missing_is_named_with_those_that_are_there(see: See) -> None:
    with pytest.raises(PreconditionError, match="the agent 'codex' is not on PATH") as refused:
        see(Coding(agent="codex"))
    assert refused.value.tip == "Install it: npm install -g @openai/codex. There is: claude."


@pytest.mark.parametrize(
    "work",
    [
        Coding(),
        Coding(agent=GENERATE),
        Coding(command=("tools/agent", "{prompt}")),
        Coding(command=("sh", "{prompt}"), env={"PATH": "/bin:/usr/bin"}),
    ],
)
def test_what_is_there_or_may_be_in_the_worktree_is_let_pass(see: See, work: Coding) -> None:
    see(work)


def test_a_command_of_ones_own_is_looked_for_too(see: See) -> None:
    with pytest.raises(PreconditionError, match="'my-agent' is not on PATH"):
        see(Coding(command=("my-agent", "{prompt}")))
