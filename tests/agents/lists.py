"""Real lists for real agents: a project of a user with one, and a model that makes a file for each task."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from beastmode.failures.answers import Dialect
from beastmode.testing.agent_turns import Call, Turn, runs
from beastmode.testing.model_server import Refusal, Script
from tests.agents.agents import CLAUDE, CODEX, at_hand
from tests.coding.project import Project
from tests.runner.formats.test_corpus import CORPUS

LISTS = CORPUS / "files"
KIT_CLI = "markdown__Aaronontheweb+kit-cli__docs__IMPLEMENTATION_ROADMAP.md"
"""Five tasks that are not done, one after the other in the file, all at once by its order."""
MONTH_5 = "markdown__repairman29+BEAST-MODE__docs__MONTH5_WEEK1_START.md"
"""Sixteen tasks, in four phases."""
EMAIL_AGENT = "markdown__3015pavan+eresult_agent__docs__IMPLEMENTATION_ROADMAP.md"
"""Forty-seven tasks."""
VERIFY = 'grep -q "^$BEAST_ID$" "made/$BEAST_ID.txt"'
CHECK = 'for file in made/*; do test -s "$file" || exit 1; done'
WINDOW_S = 0.75
"""In which the starts of a second are counted: where agents start on a few cores, the delay on the way to the server
varies by more than the pad of the limit, and the promise is no wider (docs/safeguards.md)."""
_NAMED = re.compile(r"This task is `([^`]+)`")
_MINI_COMPLAINS = re.compile(
    r"RateLimit|overloaded|\b(429|500|502|503|529)\b|Connection ?[Ee]rror|retry", re.IGNORECASE
)


def project_with(list_: str, agent: str, at: Path) -> Project:
    """A project whose list is a real one. Where the lists or the agent are missing the test is skipped; where CI is
    true, that is an error."""
    if not LISTS.exists():
        missing = "the lists of other projects are not here"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    path = f"{at_hand(agent)}:{os.environ['PATH']}"
    project = Project(at, {"made/README": "Here is what tasks make.\n"}, agent, {"PATH": path})
    shutil.copyfile(LISTS / list_, project.top / "tasks.md")
    return project


def makes_a_file(dialect: Dialect, asked: Mapping[str, Any]) -> Call | None:
    """What the model wants: a file for the task that the prompt names."""
    named = _NAMED.search(str(asked))
    return runs(f"echo {named[1]} > made/{named[1]}.txt")(dialect, asked) if named else None


def works_on_it(dialect: Dialect, asked: Mapping[str, Any]) -> Call | None:
    """The same, after looking around twice."""
    named = _NAMED.search(str(asked))
    return (
        runs("ls", "git status", f"echo {named[1]} > made/{named[1]}.txt")(dialect, asked) if named else None
    )


def every_fifth(number: int) -> Refusal | None:
    """A fifth of all answers fails: by the server, by its load, by its connection."""
    return (Refusal(500), Refusal(529), Refusal(0))[number // 5 % 3] if number % 5 == 0 else None


def model(turn: Turn = makes_a_file, **about: Any) -> Script:
    return Script(models=("m-small",), turn=turn, **about)


def complaints(project: Project, run: str = "r1") -> list[str]:
    """What the agents of a run printed of trouble with their model."""
    logs = sorted((project.top / ".beast" / "runs" / run / "logs").glob("*.log"))
    assert logs
    lines = [line for log in logs for line in log.read_text("utf-8", errors="replace").splitlines()]
    known = {agent.command: agent for agent in (CLAUDE, CODEX)}.get(project.agent)
    if known is None:
        return [line for line in lines if _MINI_COMPLAINS.search(line)]
    return [line for line in lines if line.startswith('{"') and known.is_complaint(json_of(line))]


def json_of(line: str) -> dict[str, Any]:
    """A line of an agent; one that was killed may have ended in the middle of it."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
