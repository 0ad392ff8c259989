"""Roadmap > Phase (quarter, month, week, story) > Task: the model that every reader fills, and its validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from beastmode.errors import Problem
from beastmode.runner.work import Command, Work, as_work
from beastmode.settings import Order

ListState = Literal["pending", "done", "dropped", "held"]
"""What a list says of a task: to be done; done; not to be done, and what needs it goes on without (closed as not
planned, optional and not asked for); not to be done now, and what needs it has to wait (deferred, blocked by something
outside)."""
Gate = Literal["", "before", "only"]
"""Whether a person is asked: never; before the task begins; the person's word is all there is to do."""


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What many tasks share, so that a million of them stay small.

    priority: higher starts first.   timeout_s, retries: None takes the run's.   verify: must succeed for the task
    to be done.   touches: paths it changes, relative to the project.   category: improvement, optimization, test,
    docs or any other word.   gate: whether a person is asked.   optional: marked so in the list.   said: the list's own
    word for what is neither to be done nor done, like `deferred`.
    """

    category: str = ""
    priority: int = 0
    timeout_s: float | None = None
    retries: int | None = None
    verify: Command | None = None
    touches: tuple[str, ...] = ()
    gate: Gate = ""
    optional: bool = False
    said: str = ""


_COMMON = TaskOptions()


@dataclass(slots=True, init=False)
class Task:
    """One thing to do.

    id: unique in its roadmap.   title: for people; the id where empty.   work: a list of arguments, a shell line, a
    callable, or what these mean; None where the list says what is to be done but not how.   needs: ids of tasks that
    must be done before.   details: the lines below it in a list, as they stand.   line: where it begins in the file,
    from 1; 0: nowhere.   state: what the list says.   parallel: marked as free to run beside its neighbours.
    """

    id: str
    work: Work | None
    title: str
    needs: tuple[str, ...]
    options: TaskOptions
    details: str
    line: int
    state: ListState
    parallel: bool

    def __init__(
        self,
        id: str,  # noqa: A002  (the name it has in a roadmap)
        work: Work | str | Sequence[str] | Callable[..., Any] | None = None,
        title: str = "",
        needs: tuple[str, ...] = (),
        options: TaskOptions = _COMMON,
        details: str = "",
        line: int = 0,
        state: ListState = "pending",
        parallel: bool = False,
    ) -> None:
        self.id = id
        self.work = as_work(work)
        self.title = title
        self.needs = needs
        self.options = options
        self.details = details
        self.line = line
        self.state = state
        self.parallel = parallel


@dataclass(slots=True)
class Phase:
    """A month, a week, a sprint, a story: a title and what stands below it, in the order of the file.

    order: how its children wait for each other.
      needs      they do not, only for what their `needs` name;
      sequence   each child waits for the one before; neighbours marked `parallel` go together;
      phases     child phases wait for each other, tasks directly below do not (and come first).
    """

    title: str
    children: list[Phase | Task] = field(default_factory=list)
    order: Order = "needs"
    line: int = 0


class Ignored(NamedTuple):
    """A line of the file that became neither a task, a phase nor a detail, or was not taken as it stands; and why.

    look: a person should look at it, as it could have been meant otherwise.
    """

    line: int
    text: str
    reason: str
    look: bool = False


@dataclass(slots=True)
class Roadmap:
    """A list of work.

    children: phases and tasks; a flat list of tasks will do.   format: the reader it came from.   rule: its order
    in plain words.   part: which list of its file it is, where a file holds several (a tag of Task Master); "" else.
    limits, health, server: as the file gives them, in the notation of `settings`.
    """

    children: Sequence[Phase | Task]
    title: str = ""
    order: Order = "needs"
    format: str = "python"
    rule: str = "needs only"
    ignored: list[Ignored] = field(default_factory=list)
    concurrency: int | str | None = None
    rate: str | None = None
    server: str = ""
    health: str = ""
    part: str = ""

    def walk(self) -> Iterator[tuple[tuple[str, ...], Task]]:
        """Every task with the titles of the phases above it, outermost first, in the order of the file."""
        yield from _walk(self.children, ())

    def tasks(self) -> Iterator[Task]:
        """Every task in the order of the file."""
        return _tasks(self.children)


def _tasks(children: Sequence[Phase | Task]) -> Iterator[Task]:
    for child in children:
        if isinstance(child, Task):
            yield child
        else:
            yield from _tasks(child.children)


def _walk(children: Sequence[Phase | Task], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Task]]:
    for child in children:
        if isinstance(child, Task):
            yield above, child
        else:
            yield from _walk(child.children, (*above, child.title))


def problems_of(roadmap: Roadmap) -> list[Problem]:
    """What makes a roadmap impossible to run, whatever its format: no tasks, ids that are no text or come twice,
    unknown needs.
    """
    first_line: dict[str, int] = {}
    problems: list[Problem] = []
    with_needs: list[Task] = []
    for task in roadmap.tasks():
        if not task.id:
            problems.append(Problem(task.line, "a task without an id", "Give it a short unique id."))
        elif not _can_be_written(task.id):
            what = f"the id {task.id!r} holds half a character, which no file name can hold"
            problems.append(Problem(task.line, what, "Write the whole character, or leave it out."))
        elif task.id in first_line:
            where = f" (first on line {first_line[task.id]})" if first_line[task.id] else ""
            problems.append(
                Problem(task.line, f"the id {task.id!r} is used twice{where}", "Rename one of them.")
            )
        first_line.setdefault(task.id, task.line)
        if task.needs:
            with_needs.append(task)
    if not first_line:
        return [
            Problem(0, "no tasks found", "See `beast plan FILE` for what was read, and docs/roadmaps.md.")
        ]
    for task in with_needs:
        problems += [_unknown(task, need, first_line) for need in task.needs if need not in first_line]
    return problems


def _can_be_written(name: str) -> bool:
    """Whether a text has no lone surrogates: an escape like "\\ud800" in a source makes one."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def _unknown(task: Task, need: str, ids: dict[str, int]) -> Problem:
    near = get_close_matches(need, ids, n=1)
    tip = f"Did you mean {near[0]!r}?" if near else "Name the id of a task of this roadmap."
    return Problem(task.line, f"task {task.id!r} needs {need!r}, which does not exist", tip)
