"""Tasks that are below other tasks, as phases: one that has some below it is the last task of a phase of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from beastmode.runner.formats.record_text import cleaned
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


def in_phases(children: Sequence[Phase | Task], inside: Mapping[str, Sequence[str]]) -> list[Phase | Task]:
    """The same below phases of these titles, the outermost first; each is made where the first of its tasks stands.
    inside: by the id of a task, or of the last one of a phase."""
    roots: list[Phase | Task] = []
    phases: dict[tuple[str, ...], Phase] = {}
    for child in children:
        last = child if isinstance(child, Task) else child.children[-1]
        place, below = roots, tuple[str, ...]()
        for name in inside.get(last.id, ()) if isinstance(last, Task) else ():
            below = (*below, name)
            if below not in phases:
                phases[below] = Phase(cleaned(name))
                place.append(phases[below])
            place = phases[below].children
        place.append(child)
    return roots


def _is_grounded(name: str, above: Mapping[str, str]) -> bool:
    """Whether the way up from a task ends, before it is too long."""
    for _ in range(MOST_LEVELS):
        if name not in above:
            return True
        name = above[name]
    return False
