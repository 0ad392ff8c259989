"""Rank: which of the tasks that are ready starts first. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from beastmode.runner.graph import Graph
from beastmode.runner.roadmap import Task


def rank_of(graph: Graph, tasks: Sequence[Task]) -> list[int] | None:
    """Place of each task in the line: priority first, then the longest chain behind it, then the order of the file.

    None where that is the order of the file for all, so that a million tasks without needs cost nothing.
    """
    if graph.nodes == graph.size and not any(task.needs or task.options.priority for task in tasks):
        return None
    lengths = graph.lengths()
    order = sorted(range(graph.size), key=lambda i: (-tasks[i].options.priority, -lengths[i], i))
    return inverse(order)


def inverse(rank: Sequence[int]) -> list[int]:
    """The task at each place, of the places of all tasks; and the other way round."""
    tasks = [0] * len(rank)
    for task, place in enumerate(rank):
        tasks[place] = task
    return tasks
