"""Playback: a model server that gives the recorded answers in answers/, and asks no model.

`answers/TASK.md` is given when a task is asked for first. Where `answers/TASK.2.md` exists, the first one is wrong:
its verification fails, and the second is given to the prompt that brings the output of that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beastmode.testing.model_server import ModelServer, Script

MODEL = "playback"
ANSWERS = Path(__file__).parent / "answers"
TASK = re.compile(r"This task is `([a-z0-9-]+)`")
AGAIN = "The attempt before did not succeed"


def playback_server() -> ModelServer:
    """A server that is not started yet. What it was asked stands in its `asked`."""
    return ModelServer(Script(models=(MODEL,), turn=answer_to))


def answer_to(_dialect: str, asked: Mapping[str, Any]) -> Sequence[str]:
    """The recorded answer to the task of a request, line by line; a sentence where there is none."""
    prompt = str(asked["messages"][-1]["content"]) if asked.get("messages") else json.dumps(asked)
    named = TASK.findall(prompt)
    if not named:
        return ("No task of Month 1 is named here.",)
    again = ANSWERS / f"{named[-1]}.2.md"
    path = again if AGAIN in prompt and again.exists() else ANSWERS / f"{named[-1]}.md"
    if not path.exists():
        return (f"No answer to {named[-1]} was recorded.",)
    return path.read_text(encoding="utf-8").splitlines(keepends=True)
