"""The graph against a naive model: who waits for whom, pair by pair."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.graph import Graph, graph_of
from beastmode.runner.roadmap import Phase, Roadmap, Task
from beastmode.settings import Order

ORDERS: tuple[Order, ...] = ("needs", "sequence", "phases")


@st.composite
def roadmaps(draw: st.DrawFn) -> Roadmap:
    """Nested phases of every order, empty ones too; each task may need any that stand before it."""
    number = itertools.count()
    before: list[str] = []

    def task() -> Task:
        needs = draw(st.lists(st.sampled_from(before), max_size=2)) if before else []
        made = Task(f"t{next(number)}", needs=tuple(needs), parallel=draw(st.booleans()))
        before.append(made.id)
        return made

    def children(depth: int) -> list[Phase | Task]:
        made: list[Phase | Task] = []
        for _ in range(draw(st.integers(0, 4))):
            if depth and draw(st.booleans()):
                made.append(Phase("p", children(depth - 1), draw(st.sampled_from(ORDERS))))
            else:
                made.append(task())
        return made

    top = children(2)
    return Roadmap([*top, task()], order=draw(st.sampled_from(ORDERS)))


@dataclass
class Model:
    """For every pair of tasks whether the second waits for the first, by the words of `Phase.order` alone."""

    roadmap: Roadmap
    override: Order | None = None
    pairs: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ids = [task.id for task in self.roadmap.tasks()]
        self._contain(self.roadmap.children, self.roadmap.order)
        for index, task in enumerate(self.roadmap.tasks()):
            self.pairs |= {(self.ids.index(need), index) for need in task.needs}

    def _contain(self, children: Sequence[Phase | Task], order: Order) -> None:
        for (i, one), (j, other) in itertools.permutations(list(enumerate(children)), 2):
            if self._waits(children, i, j, self.override or order):
                self.pairs |= set(itertools.product(self._inside(one), self._inside(other)))
        for child in children:
            if isinstance(child, Phase):
                self._contain(child.children, child.order)

    def _waits(self, children: Sequence[Phase | Task], i: int, j: int, order: Order) -> bool:
        """Does child j wait for child i?"""
        if order == "needs":
            return False
        if order == "sequence":
            together = all(isinstance(child, Task) and child.parallel for child in children[i : j + 1])
            return i < j and not together
        tasks_first = isinstance(children[i], Task) and isinstance(children[j], Phase)
        return tasks_first or (isinstance(children[i], Phase) and isinstance(children[j], Phase) and i < j)

    def _inside(self, child: Phase | Task) -> list[int]:
        found = [child] if isinstance(child, Task) else list(Roadmap([child]).tasks())
        return [self.ids.index(task.id) for task in found]

    def before(self, task: int) -> set[int]:
        """All that must be done before `task`, directly or not."""
        found: set[int] = set()
        queue = [task]
        while queue:
            at = queue.pop()
            fresh = {one for one, other in self.pairs if other == at} - found
            found |= fresh
            queue += fresh
        return found

    def has_cycle(self) -> bool:
        return any(task in self.before(task) for task in range(len(self.ids)))

    def longest_to(self, task: int, weight: Sequence[float]) -> float:
        """Weight of the heaviest chain that ends with `task`."""

        @cache
        def longest(at: int) -> float:
            return weight[at] + max((longest(one) for one in self.before(at)), default=0.0)

        return longest(task)


def models(draw_order: bool = True) -> st.SearchStrategy[tuple[Graph, Model]]:
    orders = st.sampled_from([None, *ORDERS]) if draw_order else st.none()

    def both(roadmap: Roadmap, order: Order | None) -> tuple[Graph, Model]:
        return graph_of(roadmap, order), Model(roadmap, order)

    return st.builds(both, roadmaps(), orders)


@given(models())
def test_what_is_blocked_is_all_that_waits_directly_or_not(both: tuple[Graph, Model]) -> None:
    graph, model = both
    for task in range(graph.size):
        waiting = [other for other in range(graph.size) if task in model.before(other) and other != task]
        assert graph.blocked_by(task) == waiting


@given(models(), st.randoms(use_true_random=False))
def test_a_task_is_ready_exactly_when_the_last_it_waits_for_is_done(both: tuple[Graph, Model], rng) -> None:  # type: ignore[no-untyped-def]
    graph, model = both
    if model.has_cycle():
        return
    before = {task: model.before(task) for task in range(graph.size)}
    ready, done = sorted(graph.start()), set[int]()
    assert ready == [task for task in before if not before[task]]
    while ready:
        task = ready.pop(rng.randrange(len(ready)))
        done.add(task)
        fresh = graph.done(task)
        assert set(fresh) == {t for t in before if task in before[t] and before[t] <= done}
        ready += fresh
    assert done == set(before), "all of them become ready once"


@given(models())
def test_a_cycle_is_found_exactly_where_there_is_one(both: tuple[Graph, Model]) -> None:
    graph, model = both
    cycle = graph.cycle()
    assert bool(cycle) == model.has_cycle()
    for one, other in pairwise([*cycle, *cycle[:1]]):
        assert one in model.before(other)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_a_cycle_of_bare_edges_is_one(edges: list[tuple[int, int]]) -> None:
    graph = Graph(10, 10, edges)
    cycle = graph.cycle()
    assert all(step in edges for step in pairwise([*cycle, *cycle[:1]]))
    sorter = TopologicalSorter({node: {a for a, b in edges if b == node} for node in range(10)})
    try:
        list(sorter.static_order())
        assert not cycle
    except CycleError:
        assert cycle


@given(models())
def test_waves_are_the_earliest_rounds(both: tuple[Graph, Model]) -> None:
    graph, model = both
    if model.has_cycle():
        return
    ones = [1.0] * graph.size
    rounds = [int(model.longest_to(task, ones)) - 1 for task in range(graph.size)]
    assert graph.waves() == [
        [task for task in range(graph.size) if rounds[task] == number] for number in range(max(rounds) + 1)
    ]


@given(models(), st.data())
def test_the_critical_path_is_a_chain_and_none_is_heavier(
    both: tuple[Graph, Model], data: st.DataObject
) -> None:
    graph, model = both
    if model.has_cycle():
        return
    weight = data.draw(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=graph.size, max_size=graph.size))
    path = graph.critical_path(weight)
    assert all(one in model.before(other) for one, other in pairwise(path))
    heaviest = max(model.longest_to(task, weight) for task in range(graph.size))
    assert sum(weight[task] for task in path) == heaviest


def test_of_equal_chains_the_first_in_the_file_is_told() -> None:
    tasks = [Task("a"), Task("b"), Task("c", needs=("b",)), Task("d", needs=("a",))]
    assert graph_of(Roadmap(tasks)).critical_path() == [0, 3]


def test_a_phase_in_sequence_is_a_barrier_and_neighbours_in_parallel_go_together() -> None:
    build = Phase(
        "build", [Task("a"), Task("b", parallel=True), Task("c", parallel=True), Task("d")], "sequence"
    )
    graph = graph_of(Roadmap([build, Phase("ship", [Task("e")])], order="phases"))
    assert list(graph.start()) == [0]
    assert sorted(graph.done(0)) == [1, 2]
    assert (graph.done(1), graph.done(2), graph.done(3)) == ([], [3], [4])


def test_barriers_between_wide_phases_cost_a_joint_and_not_a_product() -> None:
    wide = [Phase("p", [Task(f"{p}.{t}") for t in range(100)]) for p in range(2)]
    graph = graph_of(Roadmap(wide, order="phases"))
    assert (graph.size, graph.nodes) == (200, 201)
    assert sum(len(graph.after(node)) for node in range(graph.nodes)) == 200


def test_tasks_that_wait_for_nothing_come_in_the_order_of_the_file() -> None:
    roadmap = Roadmap([Task("a"), Task("b", needs=("a",)), Task("c")])
    assert list(graph_of(roadmap).start()) == [0, 2]


def test_a_joint_that_waits_for_nothing_is_passed() -> None:
    graph = Graph(2, 4, [(2, 3), (3, 1)])
    assert list(graph.start()) == [0, 1]
