"""The part of a run's dependency graph that is shown: all of a small one, of a large one what is around the tasks that
are at work, have failed or wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from beastmode.compose.ui.runs.look import Look, some_of
from beastmode.dashboard.sources.runs import GraphPart
from beastmode.runner.states import AT_WORK, TaskState

MOST_NODES = 150
_NEAREST = 40
"""Neighbours of one task that are looked at: one that a thousand need must not fill the picture."""


def graph_of(look: Look, most: int = MOST_NODES) -> GraphPart:
    """Tasks in the order of the list, with the needs among them."""
    progress, tied = look.progress, look.fold.tied()
    order = progress.sessions[-1].started.data.get("order", "") if progress.sessions else ""
    ids = list(tied) if len(tied) <= most else _around(look, tied, most)
    shown, known = [progress.tasks[id_] for id_ in ids], set(ids)
    edges = [(need, view.id) for view in shown for need in view.needs if need in known]
    return GraphPart(
        [look.line(view) for view in shown],
        edges,
        len(tied) - len(shown),
        len(progress.tasks) - len(tied),
        "" if look.fold.by_needs else str(order),
    )


def _around(look: Look, tied: Mapping[str, int], most: int) -> list[str]:
    """So many tasks: the ones that matter now, and their neighbours, the nearest first."""
    chosen: dict[str, None] = {}
    turn = deque(_that_matter(look, tied, most))
    while turn and len(chosen) < most:
        id_ = turn.popleft()
        if id_ not in chosen:
            chosen[id_] = None
            turn += islice(_neighbours(look, id_), _NEAREST)
    return sorted(chosen, key=tied.__getitem__)


def _that_matter(look: Look, tied: Mapping[str, int], most: int) -> Iterable[str]:
    """Of tasks at work, failed or waiting as many as leave room for what is around them; else the first to do."""
    states: tuple[TaskState, ...] = (*AT_WORK, "failed", "needs_person", "waiting", "blocked")
    some = [view.id for view in some_of(look.fold, states, most) if view.id in tied][: most // 3]
    tasks = look.progress.tasks
    return some or list(islice((id_ for id_ in tied if tasks[id_].state == "pending"), 1)) or list(tied)[-1:]


def _neighbours(look: Look, id_: str) -> Iterator[str]:
    tasks = look.progress.tasks
    yield from (need for need in tasks[id_].needs if need in tasks)
    yield from look.fold.needed_by().get(id_, ())
