"""Turn what a file says about dependencies into `Task.needs`, as far as its own order allows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.lines import Line
from beastmode.runner.formats.mentions import (
    MOST_PER_LINE,
    Directory,
    needs_of,
    normal,
    pairs_of,
    states_order,
)
from beastmode.runner.formats.outline import Outline, Section
from beastmode.runner.roadmap import Ignored, Phase, Roadmap, Task
from beastmode.settings import Order

_GROUP = re.compile(r"\W*((?:phase|stage|sprint|milestone|week|month|step)\s+[\d.]+[a-z]?)\b", re.IGNORECASE)
_OTHER_NAME = re.compile(r"\W*(?:task )?id\W*:\W*([\w.-]{1,30})", re.IGNORECASE)
_PART = re.compile(r"(\d[\da-k.]*)\.[ ]", re.IGNORECASE)
"""A task with parts is a phase by its number."""
Moment = tuple[int, ...]
"""When a task comes in its roadmap: one number a level. Tasks of the same moment are not ordered."""


def connect(
    roadmap: Roadmap, drafts: Sequence[Draft], tasks: Sequence[Task], found: Outline, notes: list[Ignored]
) -> Mapping[int, Reason]:
    """Give the tasks the needs that the file states; what cannot hold is noted, not followed.

    Returns the lines outside all tasks that stated some, with what became of them.
    """
    inside, sentences = _stating(drafts, found)
    if not inside and not sentences:
        return {}
    directory = _directory(drafts, tasks)
    wiring = _Wiring(tasks, _moments(roadmap, tasks), notes)
    for number, line in inside:
        needed, unknown = needs_of(line.body, directory)
        wiring.add(number, needed, line)
        if unknown:
            reason = f"need not followed: no task {', '.join(unknown[:5])}"
            notes.append(Ignored(line.number, line.text, reason, look=True))
    used = _from_sentences(sentences, directory, wiring)
    wiring.without_circles()
    return used


def _stating(drafts: Sequence[Draft], found: Outline) -> tuple[list[tuple[int, Line]], list[Line]]:
    """The lines that may say what comes first: those of tasks, with the task's number, and those outside."""
    inside: list[tuple[int, Line]] = []
    taken: set[int] = set()
    for number, draft in enumerate(drafts):
        for line in (draft.line, *draft.details):
            taken.add(line.number)
            if line.kind not in ("fence", "comment") and states_order(line.body):
                inside.append((number, line))
    lines = (place.line for place in found.places if place.line.kind in ("prose", "item"))
    return inside, [line for line in lines if line.number not in taken and states_order(line.body)]


def _directory(drafts: Sequence[Draft], tasks: Sequence[Task]) -> Directory:
    directory = Directory()
    called: dict[Section, list[int] | None] = {}
    for number, draft in enumerate(drafts):
        for name in (draft.own_id, *_other_names(draft)):
            if name:
                directory.add(name, number)
        for section in draft.place.section.chain():
            if section not in called:
                is_part = section.line is not None and section.line.kind == "item"
                match = (_PART if is_part else _GROUP).match(section.title)
                called[section] = directory.groups.setdefault(normal(match[1]), []) if match else None
            members = called[section]
            if members is not None and len(members) < MOST_PER_LINE:
                members.append(number)
    for number, task in enumerate(tasks):
        directory.names.setdefault(normal(task.id), number)
    return directory


def _other_names(draft: Draft) -> list[str]:
    """What a task says it is called besides: `### Task 1.1: title` with `**ID**: T-001` below it."""
    fields = (_OTHER_NAME.match(line.body) for line in draft.details[:6])
    return [match[1] for match in fields if match]


def _from_sentences(lines: Sequence[Line], directory: Directory, wiring: _Wiring) -> dict[int, Reason]:
    """Follow the sentences and arrows about tasks that stand outside of them (`T007 blocks T021`)."""
    used: dict[int, Reason] = {}
    for line in lines if directory.codes else ():
        pairs = pairs_of(line.body, directory)
        kept = sum(
            wiring.allowed(after, before) and wiring.link(after, before, line) for before, after in pairs
        )
        if pairs:
            lost = (
                f", {len(pairs) - kept} against the order of the file left out" if kept < len(pairs) else ""
            )
            used[line.number] = Reason(f"dependencies, taken as needs{lost}")
    return used


class _Wiring:
    """The needs so far, kept to what the order of the roadmap can satisfy."""

    def __init__(self, tasks: Sequence[Task], moments: Sequence[Moment], notes: list[Ignored]) -> None:
        self.tasks, self.moments, self.notes = tasks, moments, notes
        self.needs: list[dict[int, Line]] = [{} for _ in tasks]

    def allowed(self, task: int, need: int) -> bool:
        return task != need and self.moments[need] <= self.moments[task]

    def link(self, task: int, need: int, line: Line) -> bool:
        self.needs[task].setdefault(need, line)
        return True

    def add(self, task: int, needed: Sequence[int], line: Line) -> None:
        late = []
        for need in dict.fromkeys(needed):
            if self.allowed(task, need):
                self.link(task, need, line)
            elif need != task:
                late.append(self.tasks[need].id)
        if late:
            reason = f"need not followed: {', '.join(late[:5])} comes later in the file's order"
            self.notes.append(Ignored(line.number, line.text, reason, look=True))

    def without_circles(self) -> None:
        """Set the tasks' needs, leaving out each need that would close a circle."""
        state = bytearray(len(self.tasks))
        for root in range(len(self.tasks)):
            if not state[root]:
                self._descend(root, state)
        for task, needs in zip(self.tasks, self.needs, strict=True):
            task.needs = tuple(self.tasks[need].id for need in sorted(needs))

    def _descend(self, root: int, state: bytearray) -> None:
        """Depth first without recursion: chains are as long as files. 1: on the way down, 2: finished."""
        state[root] = 1
        path = [(root, iter(list(self.needs[root])))]
        while path:
            task, rest = path[-1]
            need = next(rest, None)
            if need is None:
                state[task] = 2
                path.pop()
            elif state[need] == 1:
                self._leave_out(task, need)
            elif not state[need]:
                state[need] = 1
                path.append((need, iter(list(self.needs[need]))))

    def _leave_out(self, task: int, need: int) -> None:
        line = self.needs[task].pop(need)
        reason = f"need not followed: {self.tasks[need].id} waits for {self.tasks[task].id} itself"
        self.notes.append(Ignored(line.number, line.text, reason, look=True))


def _moments(roadmap: Roadmap, tasks: Sequence[Task]) -> list[Moment]:
    found: dict[int, Moment] = {}
    _walk(roadmap.children, roadmap.order, (), found)
    return [found[task.line] for task in tasks]


def _walk(children: Sequence[Phase | Task], order: Order, above: Moment, found: dict[int, Moment]) -> None:
    turn = 0
    before: Phase | Task | None = None
    for child in children:
        if order == "sequence":
            together = _beside(before, child)
            turn += 0 if together else 1
        elif order == "phases" and isinstance(child, Phase):
            turn += 1
        if isinstance(child, Phase):
            _walk(child.children, child.order, (*above, turn), found)
        else:
            found[child.line] = (*above, turn if order == "sequence" else 0)
        before = child


def _beside(before: Phase | Task | None, child: Phase | Task) -> bool:
    """Whether two neighbours of a sequence go together."""
    return isinstance(before, Task) and isinstance(child, Task) and before.parallel and child.parallel
