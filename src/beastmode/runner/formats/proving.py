"""Proof that ticks do what they shall: with them a list reads as before, but that these tasks are done. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from beastmode.errors import BeastError
from beastmode.runner.formats.status_lines import without_marks, without_states
from beastmode.runner.resume import fingerprint
from beastmode.runner.roadmap import Roadmap, Task, TaskOptions

MOST_LOOKS = 64
"""Readings for one batch of ticks: those that do harm are looked for by halves, not without end."""


@dataclass(slots=True)
class Ticked:
    """What became of some done tasks.   ids: the list says now that they are done.   left: it does not, and why.
    wrote: a file was changed."""

    ids: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    wrote: bool = False


def to_tick(roadmap: Roadmap, done: Mapping[str, str], result: Ticked) -> Iterator[str]:
    """The tasks that the list calls pending and that are what they were; what the others are goes into `result`.

    done: the fingerprint each task had when it was run; "" takes any.
    """
    tasks = {task.id: task for task in roadmap.tasks()}
    for name, was in done.items():
        task = tasks.get(name)
        if task is None:
            result.left.append((name, "it is not in the list any more"))
        elif task.state == "done":
            result.ids.append(name)
        elif task.state != "pending":
            result.left.append((name, f"the list says of it meanwhile: {task.options.said or task.state}"))
        elif was and was != fingerprint(task):
            result.left.append((name, f"it was changed in the list after it had begun (line {task.line})"))
        else:
            yield name


class Proof:
    """Takes ticks only where the result reads as the same list, with these tasks done.

    before: the list as it stands.   read_with: as it reads with the ticks of some tasks; raises BeastError where it
    does not.
    """

    def __init__(self, before: Roadmap, read_with: Callable[[Collection[str]], Roadmap]) -> None:
        self._before, self._read_with = _content(before), read_with
        self._looks = 0

    def as_many(self, wanted: Sequence[str], result: Ticked) -> list[str]:
        """As many of the tasks as can be ticked together; why the others cannot goes into `result`."""
        unread = self._unread(wanted)
        result.left += [(name, self._no_place(name)) for name in unread]
        good: list[str] = []
        self._take(good, [name for name in wanted if name not in unread], result)
        result.ids += good
        return good

    def _take(self, good: list[str], more: Sequence[str], result: Ticked) -> None:
        if not more:
            return
        why = self._why_not([*good, *more])
        if not why:
            good += more
        elif len(more) == 1 or self._looks > MOST_LOOKS:
            result.left += [(name, why) for name in more]
        else:
            middle = len(more) // 2
            self._take(good, more[:middle], result)
            self._take(good, more[middle:], result)

    def _unread(self, wanted: Sequence[str]) -> set[str]:
        """Those whose tick is not read as one."""
        try:
            after = _content(self._read_with(wanted))
        except BeastError:
            return set()
        return {name for name in wanted if name in after.tasks and after.tasks[name].state != "done"}

    def _why_not(self, names: Sequence[str]) -> str:
        """Why these ticks cannot be made together; "" where they can."""
        self._looks += 1
        try:
            after = _content(self._read_with(names))
        except BeastError as error:
            return f"the list could not be read with its tick: {error.what}"
        if list(after.tasks) != list(self._before.tasks) or after.rest != self._before.rest:
            return "with its tick the list would read as another one"
        wanted = set(names)
        for name, was in self._before.tasks.items():
            now = after.tasks[name]
            options = was.options_once_done(now) if name in wanted else was.options
            if (was.what, options) != (now.what, now.options):
                return f"with its tick the list would say something else of {name}"
            if now.state != ("done" if name in wanted else was.state):
                return (
                    self._no_place(name) if name in wanted else f"its tick would be read as one of {name} too"
                )
        return ""

    def _no_place(self, name: str) -> str:
        line = self._before.tasks[name].line
        return f"there is no place for a tick that would be read{f' (line {line})' if line else ''}"


@dataclass(slots=True)
class _Said:
    """What a list says of a task.   what: all but its state, its line and its options."""

    line: int
    state: str
    options: TaskOptions
    what: tuple[Any, ...]

    def options_once_done(self, now: _Said) -> TaskOptions:
        """What its options are to be with its tick. A word like `review` is a state and asks a person, too; it goes,
        and that with it."""
        return replace(self.options, gate=now.options.gate, said=now.options.said)


@dataclass(slots=True)
class _Content:
    rest: tuple[Any, ...]
    tasks: dict[str, _Said]


def _content(roadmap: Roadmap) -> _Content:
    """All that a list says, to be compared."""
    tasks = {
        task.id: _Said(task.line, task.state, task.options, _what(above, task))
        for above, task in roadmap.walk()
    }
    limits = (roadmap.concurrency, roadmap.rate, roadmap.server, roadmap.health)
    return _Content((roadmap.title, roadmap.order, roadmap.rule, roadmap.part, *limits), tasks)


def _what(above: tuple[str, ...], task: Task) -> tuple[Any, ...]:
    words = (without_marks(task.title), without_states(task.details))
    return (above, words, task.needs, task.parallel, fingerprint(task))
