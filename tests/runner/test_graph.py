"""What may start at once, when all of it is asked for."""

from __future__ import annotations

from beastmode.runner.graph import Graph, graph_of
from beastmode.runner.roadmap import Phase, Roadmap, Task


def test_tasks_that_wait_for_nothing_come_in_the_order_of_the_file() -> None:
    roadmap = Roadmap([Task("a"), Task("b", needs=("a",)), Task("c")])
    assert list(graph_of(roadmap).start()) == [0, 2]


def test_a_joint_that_waits_for_nothing_is_passed() -> None:
    graph = Graph(2, 4, [(2, 3), (3, 1)])
    assert list(graph.start()) == [0, 1]


def test_an_empty_phase_lets_the_next_one_start() -> None:
    roadmap = Roadmap([Phase("empty"), Phase("full", [Task("a")])], order="sequence")
    assert list(graph_of(roadmap).start()) == [0]


def test_phases_that_wait_for_each_other_start_one_by_one() -> None:
    weeks: list[Phase | Task] = [Phase(f"Week {w}", [Task(f"{w}a"), Task(f"{w}b")]) for w in (1, 2)]
    graph = graph_of(Roadmap(weeks, order="sequence"))
    assert list(graph.start()) == [0, 1]
    assert graph.done(0) == []
    assert graph.done(1) == [2, 3]
