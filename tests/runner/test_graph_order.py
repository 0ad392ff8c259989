"""The numbers of a graph are those of the tasks in the file, also where the order puts later lines first."""

from __future__ import annotations

from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Phase, Roadmap, Task


def test_tasks_behind_phases_keep_their_numbers_and_come_first() -> None:
    roadmap = Roadmap([Phase("Week 1", [Task("late")]), Task("early")], order="phases")
    ids = [task.id for task in roadmap.tasks()]
    graph = graph_of(roadmap)
    assert [[ids[number] for number in wave] for wave in graph.waves()] == [["early"], ["late"]]
    assert [ids[number] for number in graph.critical_path()] == ["early", "late"]


def test_needs_are_found_by_the_same_numbers() -> None:
    roadmap = Roadmap([Phase("Week 1", [Task("b", needs=("a",)), Task("c")]), Task("a")], order="phases")
    ids = [task.id for task in roadmap.tasks()]
    graph = graph_of(roadmap)
    assert [ids[number] for number in graph.start()] == ["a"]
    assert sorted(ids[number] for number in graph.done(ids.index("a"))) == ["b", "c"]
