"""Playback: a model server that gives the recorded answers in answers/, and asks no model.

`TASK.md` is the answer to a task. Where there is a `TASK.wrong.md`, that one is given when the task is asked for the
first time, as a model may do; `TASK.mended.md` then answers the prompt that brings the output of the verification.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beastmode.runner.work import PLAYBACK as MODEL
from beastmode.testing.model_server import ModelServer, Script

ANSWERS = Path(__file__).parent / "answers"
TASK = re.compile(r"This task is `([a-z0-9-]+)`")
AGAIN = "The attempt before did not succeed"


class Playback:
    """Says what was recorded, by the task that a prompt names. Has a memory: of the tasks it was asked for."""

    def __init__(self) -> None:
        self._met: set[str] = set()

    def __call__(self, _dialect: str, asked: Mapping[str, Any]) -> Sequence[str]:
        """The answer to a request, line by line; a sentence where none was recorded."""
        prompt = str(asked["messages"][-1]["content"]) if asked.get("messages") else ""
        named = TASK.findall(prompt)
        if not named:
            return ("No task of Month 1 is named here.",)
        path = self._recorded(named[-1], again=AGAIN in prompt)
        if not path.exists():
            return (f"No answer to {named[-1]} was recorded.",)
        return path.read_text(encoding="utf-8").splitlines(keepends=True)

    def _recorded(self, task: str, *, again: bool) -> Path:
        special = ANSWERS / f"{task}.{'mended' if again else 'wrong'}.md"
        first = task not in self._met
        self._met.add(task)
        return special if special.exists() and (again or first) else ANSWERS / f"{task}.md"


def playback_server() -> ModelServer:
    """A server that is not started yet. What it was asked stands in its `asked`."""
    return ModelServer(Script(models=(MODEL,), turn=Playback()))
