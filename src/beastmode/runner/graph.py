"""What is ready, what blocks what, cycles, waves, the critical path. Pure; made for a million tasks.

Tasks are numbered in the order of the file. Phases that wait for each other become joints: nodes without work,
so that 100 tasks after 100 others cost 200 edges and not 10,000.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from beastmode.runner.roadmap import Phase, Roadmap, Task
from beastmode.settings import Order


class Graph:
    """Which of the tasks `0 … size-1` may start, as others are done.

    edges: pairs (before, after) of nodes; nodes from `size` on are joints.
    """

    def __init__(self, size: int, nodes: int, edges: Sequence[tuple[int, int]]) -> None:
        self.size, self.nodes = size, nodes
        self._first, self._after = _adjacency(nodes, edges)
        self._missing = array("i", bytes(4 * nodes))
        for _, after in edges:
            self._missing[after] += 1

    def copy(self) -> Graph:
        """The same graph as it stands, to be gone through apart: what is done there is not done here."""
        other = Graph.__new__(Graph)
        other.size, other.nodes = self.size, self.nodes
        other._first, other._after, other._missing = self._first, self._after, self._missing[:]
        return other

    @property
    def has_edges(self) -> bool:
        """Whether any task waits for another."""
        return len(self._after) > 0

    def after(self, node: int) -> Sequence[int]:
        """The nodes that wait for `node`."""
        return self._after[self._first[node] : self._first[node + 1]]

    def start(self) -> array[int]:
        """The tasks that wait for nothing, in the order of the file. Joints that wait for nothing are passed."""
        free = array("i", (node for node in range(self.nodes) if self._missing[node] == 0))
        tasks = bisect_left(free, self.size)
        ready = free[:tasks]
        for joint in free[tasks:]:
            ready.extend(self._passed(joint))
        return ready

    def done(self, task: int) -> list[int]:
        """The tasks that become ready because `task` is done."""
        return self._passed(task)

    def _passed(self, node: int) -> list[int]:
        ready: list[int] = []
        passed = [node]
        while passed:
            for after in self.after(passed.pop()):
                self._missing[after] -= 1
                if self._missing[after] == 0:
                    (ready if after < self.size else passed).append(after)
        return ready

    def free(self, task: int) -> bool:
        """Whether all that it waits for is done."""
        return self._missing[task] == 0

    def blocked_by(self, *tasks: int) -> list[int]:
        """The other tasks that cannot start any more because none of `tasks` will be done, in the order of the file."""
        seen, stack = set(tasks), list(tasks)
        while stack:
            for after in self.after(stack.pop()):
                if after not in seen:
                    seen.add(after)
                    stack.append(after)
        return sorted(node for node in seen.difference(tasks) if node < self.size)

    def cycle(self) -> list[int]:
        """The tasks of one cycle, each before the next; empty where there is none."""
        if not self._after:
            return []
        order = self._topological()
        if len(order) == self.nodes:
            return []
        rest = set(range(self.nodes)) - set(order)
        before = {after: node for node in rest for after in self.after(node) if after in rest}
        node, path = next(iter(rest)), list[int]()
        while node not in path:
            path.append(node)
            node = before[node]
        cycle = path[path.index(node) :][::-1]
        return [node for node in cycle if node < self.size]

    def waves(self) -> list[list[int]]:
        """Tasks by the earliest round in which they can run, if all tasks of a round took the same time."""
        depth = array("i", bytes(4 * self.nodes))
        for node in self._topological():
            below = depth[node] + (node < self.size)
            for after in self.after(node):
                depth[after] = max(depth[after], below)
        waves: list[list[int]] = []
        for task in range(self.size):
            while len(waves) <= depth[task]:
                waves.append([])
            waves[depth[task]].append(task)
        return waves

    def lengths(self, weight: Sequence[float] | None = None) -> array[float]:
        """For every node the longest chain from it to the end, itself included.   weight: of each task, default 1."""
        lengths = array("d", bytes(8 * self.nodes))
        for node in reversed(self._topological()):
            own = 0.0 if node >= self.size else 1.0 if weight is None else weight[node]
            lengths[node] = own + max((lengths[after] for after in self.after(node)), default=0.0)
        return lengths

    def critical_path(self, weight: Sequence[float] | None = None) -> list[int]:
        """The tasks of the longest chain, first to last; the one that comes first in the file where several are."""
        if not self.size:
            return []
        lengths = self.lengths(weight)
        node = max(range(self.nodes), key=lambda n: (lengths[n], -n))
        path = [node]
        while after := self.after(node):
            node = max(after, key=lambda n: (lengths[n], -n))
            path.append(node)
        return [node for node in path if node < self.size]

    def _topological(self) -> array[int]:
        missing = array("i", bytes(4 * self.nodes))
        for after in self._after:
            missing[after] += 1
        order = array("i", (node for node in range(self.nodes) if missing[node] == 0))
        for node in order:  # grows while it is read: a queue
            for after in self.after(node):
                missing[after] -= 1
                if missing[after] == 0:
                    order.append(after)
        return order


def _adjacency(nodes: int, edges: Iterable[tuple[int, int]]) -> tuple[array[int], array[int]]:
    """The edges by their first node: those of `n` are `after[first[n]:first[n + 1]]`."""
    edges = sorted(edges)
    first = array("i", bytes(4 * (nodes + 1)))
    for before, _ in edges:
        first[before + 1] += 1
    for node in range(nodes):
        first[node + 1] += first[node]
    return first, array("i", (after for _, after in edges))


def graph_of(roadmap: Roadmap, order: Order | None = None) -> Graph:
    """The graph of a valid roadmap, see `Phase.order`.   order: overrides the order of every phase."""
    builder = _Builder(order)
    builder.children(roadmap.children, roadmap.order, None)
    return builder.graph()


class _Builder:
    def __init__(self, override: Order | None) -> None:
        self._override = override
        self._tasks: list[Task] = []
        self._joints = 0
        self._edges: list[tuple[int, int]] = []  # joints are negative until the number of tasks is known

    def graph(self) -> Graph:
        size = len(self._tasks)
        edges = [(_node(before, size), _node(after, size)) for before, after in self._edges]
        with_needs = [(index, task) for index, task in enumerate(self._tasks) if task.needs]
        number = {task.id: index for index, task in enumerate(self._tasks)} if with_needs else {}
        for index, task in with_needs:
            edges += [(number[need], index) for need in dict.fromkeys(task.needs)]
        return Graph(size, size + self._joints, edges)

    def children(self, children: Sequence[Phase | Task], order: Order, after: int | None) -> Sequence[int]:
        """Place children behind `after`; returns the nodes that mark their end."""
        order = self._override or order
        if order == "sequence":
            return self._sequence(children, after)
        if order == "phases" and any(isinstance(child, Phase) for child in children):
            return self._phases(children, after)
        return self._together(children, after)

    def _together(self, children: Iterable[Phase | Task], after: int | None) -> array[int]:
        return array("i", (end for child in children for end in self._child(child, after)))

    def _sequence(self, children: Sequence[Phase | Task], after: int | None) -> Sequence[int]:
        ends: Sequence[int] = ()
        for group in _groups(children):
            after = self._joint(ends) if ends else after
            ends = self._together(group, after) or ends
        return ends

    def _phases(self, children: Sequence[Phase | Task], after: int | None) -> Sequence[int]:
        """Tasks first, wherever they stand: what is numbered in the order of the file waits at a joint."""
        gate = self._new_joint() if any(isinstance(child, Task) for child in children) else None
        ends: Sequence[int] = () if gate is None else (gate,)
        for child in children:
            if isinstance(child, Phase):
                ends = self._child(child, self._joint(ends) if ends else after) or ends
            elif gate is not None:
                self._edges += [(node, gate) for node in self._child(child, after)]
        return ends

    def _child(self, child: Phase | Task, after: int | None) -> Sequence[int]:
        if isinstance(child, Phase):
            return self.children(child.children, child.order, after)
        node = len(self._tasks)
        self._tasks.append(child)
        if after is not None:
            self._edges.append((after, node))
        return (node,)

    def _joint(self, ends: Sequence[int]) -> int:
        if len(ends) == 1:
            return ends[0]
        joint = self._new_joint()
        self._edges += [(end, joint) for end in ends]
        return joint

    def _new_joint(self) -> int:
        self._joints += 1
        return -self._joints


def _node(node: int, size: int) -> int:
    return node if node >= 0 else size - node - 1


def _groups(children: Sequence[Phase | Task]) -> list[list[Phase | Task]]:
    """Children in sequence, those that go together in one group."""
    groups: list[list[Phase | Task]] = []
    open_group = False
    for child in children:
        parallel = isinstance(child, Task) and child.parallel
        if parallel and open_group:
            groups[-1].append(child)
        else:
            groups.append([child])
        open_group = parallel
    return groups
