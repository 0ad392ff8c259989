"""Tasks that are below other tasks, as phases: one that has some below it is the last task of a phase of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from beastmode.runner.roadmap import Phase, Task

MOST_LEVELS = 50
"""Phases inside each other: a chain of thousands is no grouping, and would end Python's recursion."""


def grouped(tasks: Sequence[Task], above: Mapping[str, str]) -> list[Phase | Task]:
    """The tasks in their order, those that are below another in its phase.   above: the task that each is below of;
    circles and what lies too deep count as being below nothing."""
    phases = {name: Phase("") for name in above.values()}
    roots: list[Phase | Task] = []
    for task in tasks:
        parent = above.get(task.id, "")
        inside = phases[parent].children if parent and _is_grounded(task.id, above) else roots
        phase = phases.get(task.id)
        if phase is not None:
            phase.title, phase.line = task.title or task.id, task.line
        inside.append(task if phase is None else phase)
    for task in tasks:
        if task.id in phases:
            phases[task.id].children.append(task)
    return roots


def _is_grounded(name: str, above: Mapping[str, str]) -> bool:
    """Whether the way up from a task ends, before it is too long."""
    for _ in range(MOST_LEVELS):
        if name not in above:
            return True
        name = above[name]
    return False
