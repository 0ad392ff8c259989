"""A roadmap whose tasks come in waves instead of in the order of its list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from beastmode.runner.formats.kiro_waves import Wave
from beastmode.runner.formats.numbered_boxes import Box
from beastmode.runner.roadmap import Phase, Roadmap, Task
from beastmode.settings import Order


@dataclass(slots=True)
class Turns:
    """Which wave each line of a list belongs to.   whole: lines of tasks with parts that a wave names as one.   faults:
    what the waves say that cannot be.
    """

    of_line: dict[int, int] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def turns_of(boxes: Sequence[Box], waves: Sequence[Wave]) -> Turns:
    """The wave of each box that is work: the first that names it, else the first that names what it is a part of."""
    called: dict[str, Box] = {}
    for box in boxes:
        called.setdefault(box.number, box)
    first: dict[str, int] = {}
    twice = [
        name for turn, wave in enumerate(waves) for name in wave.names if first.setdefault(name, turn) != turn
    ]
    turns = Turns(faults=_faults(unknown=[name for name in first if name not in called], twice=twice))
    for name in sorted(first.keys() & called.keys(), key=lambda name: -called[name].depth):
        if called[name].children:
            turns.whole.add(called[name].place.line.number)
        for leaf in called[name].leaves():
            turns.of_line.setdefault(leaf.place.line.number, first[name])
    return turns


def _faults(*, unknown: Sequence[str], twice: Sequence[str]) -> list[str]:
    return [
        f"order not followed: {words} {', '.join(names[:5])}{' and more' * (len(names) > 5)}"
        for words, names in (("no task", unknown), ("a second wave names", twice))
        if names
    ]


def in_waves(roadmap: Roadmap, *, waves: Sequence[Wave], turns: Turns) -> None:
    """Put the tasks of a roadmap into waves that follow each other, each below the phases it had.

    What no wave names (a checkpoint) comes after the wave that ends all that the list has before it. A task with parts
    that a wave names as one keeps the order of its parts.
    """
    groups: dict[tuple[int, int], _Copy] = {}
    latest = -1
    for path, task in _walk(roadmap.children, ()):
        turn = turns.of_line.get(task.line)
        latest = max(latest, latest if turn is None else turn)
        slot = (latest, 1) if turn is None else (turn, 0)
        groups.setdefault(slot, _Copy(turns.whole)).add(path, task, in_order=turn is None)
    children: list[Phase | Task] = []
    known: set[int] = set()
    for (turn, rest), copy in sorted(groups.items(), key=lambda group: group[0]):
        parts = copy.children
        children += parts if rest else [Phase(waves[turn].title, parts)]
        _tell_lines_once(parts, known)
    roadmap.children, roadmap.order = children, "sequence"


class _Copy:
    """Some of the tasks of a roadmap, below the phases they have in it."""

    def __init__(self, whole: set[int]) -> None:
        self.whole = whole
        self.children: list[Phase | Task] = []
        self._made: dict[int, Phase] = {}

    def add(self, path: tuple[Phase, ...], task: Task, *, in_order: bool) -> None:
        children = self.children
        for phase in path:
            in_order = in_order or phase.line in self.whole
            if id(phase) not in self._made:
                order: Order = "sequence" if in_order else "needs"
                self._made[id(phase)] = Phase(phase.title, [], order, phase.line)
                children.append(self._made[id(phase)])
            children = self._made[id(phase)].children
        children.append(task)


def _walk(
    children: Sequence[Phase | Task], above: tuple[Phase, ...]
) -> Iterator[tuple[tuple[Phase, ...], Task]]:
    for child in children:
        if isinstance(child, Task):
            yield above, child
        else:
            yield from _walk(child.children, (*above, child))


def _tell_lines_once(children: Sequence[Phase | Task], known: set[int]) -> None:
    """A phase whose tasks are in several waves has its line in the first."""
    for child in children:
        if isinstance(child, Phase):
            child.line = 0 if child.line in known else child.line
            known.add(child.line)
            _tell_lines_once(child.children, known)
