"""The part of a run's dependency graph that is shown: all of a small one, of a large one what is around the tasks that
are at work, have failed or wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from beastmode.compose.ui_look import Look, some_of
from beastmode.dashboard.sources.runs import GraphPart
from beastmode.runner.progress import TaskView
from beastmode.runner.states import TaskState

MOST_NODES = 150
_NEAREST = 40
"""Neighbours of one task that are looked at: one that a thousand need must not fill the picture."""


def graph_of(look: Look, most: int = MOST_NODES) -> GraphPart:
    """Tasks in the order of the list, with the needs among them."""
    progress, needed_by = look.progress, look.fold.needed_by()
    tasks, order = (
        progress.tasks,
        progress.sessions[-1].started.data.get("order", "") if progress.sessions else "",
    )
    rule = "" if look.fold.by_needs else str(order)
    if not needed_by:
        return GraphPart([], [], 0, len(tasks), rule)
    tied = [view for view in tasks.values() if view.needs or view.id in needed_by]
    shown = tied if len(tied) <= most else _around(look, tied, most)
    ids = {view.id for view in shown}
    edges = [(need, view.id) for view in shown for need in view.needs if need in ids]
    lines = [look.line(view) for view in shown]
    return GraphPart(lines, edges, len(tied) - len(shown), len(tasks) - len(tied), rule)


def _around(look: Look, tied: Sequence[TaskView], most: int) -> list[TaskView]:
    """So many tasks: the ones that matter now, and their neighbours, the nearest first."""
    chosen: dict[str, None] = {}
    turn = deque(view.id for view in _that_matter(look, tied, most))
    while turn and len(chosen) < most:
        id_ = turn.popleft()
        if id_ not in chosen:
            chosen[id_] = None
            turn += islice(_neighbours(look, id_), _NEAREST)
    return [view for view in tied if view.id in chosen]


def _that_matter(look: Look, tied: Sequence[TaskView], most: int) -> Iterable[TaskView]:
    states: tuple[TaskState, ...] = ("running", "failed", "needs_person", "waiting", "blocked")
    some = [
        view
        for view in some_of(look.fold, states, most // 3)
        if view.needs or view.id in look.fold.needed_by()
    ]
    if some:
        return some
    return list(islice((view for view in tied if view.state == "pending"), 1)) or tied[-1:]


def _neighbours(look: Look, id_: str) -> Iterator[str]:
    tasks = look.progress.tasks
    yield from (need for need in tasks[id_].needs if need in tasks)
    yield from look.fold.needed_by().get(id_, ())
