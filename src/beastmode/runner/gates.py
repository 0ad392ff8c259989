"""Gates: tasks of which the list wants a person's word before they begin, or as all there is to do. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from beastmode.failures.failure import Failure
from beastmode.runner.roadmap import Gate, Task

AT_GATE = "gate"
"""The class of what a task waits with that has come to its gate."""


def failure_at(task: str, run: int) -> Failure:
    """Why a task does not begin, and the command that lets it."""
    tip = f"Look at what it needs, then: beast approve r{run} {shlex.quote(task)}"
    return Failure(AT_GATE, "the list wants a person's word here", False, tip)


def gates_of(tasks: Sequence[Task], passed: Collection[str]) -> dict[int, Gate]:
    """The gates that are closed yet, by the place of their tasks.   passed: tasks that may pass theirs."""
    return {
        place: task.options.gate
        for place, task in enumerate(tasks)
        if task.options.gate and task.id not in passed
    }
