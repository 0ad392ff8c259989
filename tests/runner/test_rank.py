"""Who goes first where several could."""

from __future__ import annotations

from beastmode.runner.graph import graph_of
from beastmode.runner.rank import rank_of
from beastmode.runner.roadmap import Roadmap, Task, TaskOptions


def order(*tasks: Task) -> list[str]:
    """Ids in the order in which they would start."""
    rank = rank_of(graph_of(Roadmap(tasks)), tasks)
    return (
        [task.id for task in tasks]
        if rank is None
        else [tasks[rank.index(place)].id for place in range(len(tasks))]
    )


def test_a_flat_list_needs_no_rank_and_keeps_its_order() -> None:
    tasks = [Task("a"), Task("b")]
    assert rank_of(graph_of(Roadmap(tasks)), tasks) is None


def test_the_longest_chain_behind_a_task_puts_it_first() -> None:
    assert order(Task("a"), Task("b"), Task("c", needs=("b",)), Task("d", needs=("c",))) == [
        "b",
        "c",
        "a",
        "d",
    ]


def test_priority_wins_over_chains_and_the_file_decides_the_rest() -> None:
    urgent = Task("z", options=TaskOptions(priority=1))
    assert order(Task("a"), Task("b"), Task("c", needs=("b",)), urgent) == ["z", "b", "a", "c"]
