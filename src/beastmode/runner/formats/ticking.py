"""Ticking: what is done is said in the list itself, in its own notation, and nothing else in it changes.

`ticked` decides: it lets the reader of the format propose edits, makes them, reads the result, and takes only what
reads as the same list with these tasks done. `tick` does it to a file.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from beastmode.errors import BeastError, RoadmapError
from beastmode.runner.formats.asked import ALL, Asked
from beastmode.runner.formats.edit import Edit, made
from beastmode.runner.formats.reading import decoded, read_text, reader_for
from beastmode.runner.formats.replacing import replace, settled
from beastmode.runner.formats.status_lines import without_marks, without_states
from beastmode.runner.resume import fingerprint
from beastmode.runner.roadmap import Roadmap, Task

TRIES, PAUSE_S = 100, 0.02
"""A list that others write to is tried again this often, this long apart."""


@dataclass(slots=True)
class Ticked:
    """What became of some done tasks.   ids: the list says now that they are done.   left: it does not, and why.
    wrote: the file was changed."""

    ids: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    wrote: bool = False


def ticked(text: str, path: Path, done: Mapping[str, str], asked: Asked = ALL) -> tuple[str, Ticked]:
    """A list's text with the ticks of these tasks, and what became of each. Raises RoadmapError where it is no list.

    done: the fingerprint each task had when it was run; "" takes any. A task that reads otherwise now is left alone, as
    is one whose tick would change anything else.
    """
    reader = reader_for(path, text)
    roadmap = read_text(reader, text, path, asked)
    result = Ticked()
    wanted = list(_to_tick(roadmap, done, result))
    if wanted and not hasattr(reader, "ticks"):
        result.left += [(name, f"lists of the format {reader.NAME} are not ticked") for name in wanted]
    elif wanted:
        text = _Proof(reader, text, path, asked, roadmap).as_many(wanted, result)
    return text, result


def _to_tick(roadmap: Roadmap, done: Mapping[str, str], result: Ticked) -> Iterator[str]:
    """The tasks that the list calls pending and that are what they were; the others are told."""
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


class _Proof:
    """Takes ticks into a text only where the result reads as the same list, with these tasks done."""

    def __init__(self, reader: ModuleType, text: str, path: Path, asked: Asked, roadmap: Roadmap) -> None:
        self._reader, self._text, self._path, self._asked, self._roadmap = reader, text, path, asked, roadmap
        self._before = _content(roadmap)

    def as_many(self, wanted: Sequence[str], result: Ticked) -> str:
        """The text with as many of the ticks as can be made."""
        good: list[str] = []
        self._take(good, wanted, result)
        result.ids += good
        return self._with(good) if good else self._text

    def _take(self, good: list[str], more: Sequence[str], result: Ticked) -> None:
        why = self._why_not([*good, *more])
        if not why:
            good += more
        elif len(more) == 1:
            result.left.append((more[0], why))
        else:
            middle = len(more) // 2
            self._take(good, more[:middle], result)
            self._take(good, more[middle:], result)

    def _with(self, names: Collection[str]) -> str:
        found: list[Edit] = self._reader.ticks(self._text, self._path, self._roadmap, set(names))
        return made(self._text, found)

    def _why_not(self, names: Sequence[str]) -> str:
        """Why these ticks cannot be made together; "" where they can."""
        try:
            after = _content(read_text(self._reader, self._with(names), self._path, self._asked))
        except BeastError as error:
            return f"the list could not be read with its tick: {error.what}"
        wanted = set(names)
        if len(after.tasks) != len(self._before.tasks) or after.rest != self._before.rest:
            return "with its tick the list would read as another one"
        for was, now in zip(self._before.tasks, after.tasks, strict=True):
            if was.what != now.what:
                return f"with its tick the list would say something else of {was.name}"
            if now.state != ("done" if was.name in wanted else was.state):
                return (
                    f"its line has no place for a tick that would be read (line {was.line})"
                    if was.name in wanted
                    else f"its tick would be read as one of {was.name} too"
                )
        return ""


@dataclass(slots=True)
class _Task:
    """What a list says of a task.   what: all but its state and its line."""

    name: str
    line: int
    state: str
    what: tuple[Any, ...]


@dataclass(slots=True)
class _Content:
    rest: tuple[Any, ...]
    tasks: list[_Task]


def _content(roadmap: Roadmap) -> _Content:
    """All that a list says, to be compared."""
    tasks = [_Task(task.id, task.line, task.state, _what(above, task)) for above, task in roadmap.walk()]
    limits = (roadmap.concurrency, roadmap.rate, roadmap.server, roadmap.health)
    return _Content((roadmap.title, roadmap.order, roadmap.rule, roadmap.part, *limits), tasks)


def _what(above: tuple[str, ...], task: Task) -> tuple[Any, ...]:
    words = (without_marks(task.title), without_states(task.details))
    return (above, task.id, words, task.needs, task.options, task.parallel, fingerprint(task))


def tick(
    path: Path, done: Mapping[str, str], asked: Asked = ALL, pause: Callable[[float], None] = time.sleep
) -> Ticked:
    """Tick these tasks in the file, as `ticked` does. Never raises for what is wrong with the list or the disk: what
    could not be ticked is told.

    The file is replaced whole, and only while it is what was read; else it is read again, for two seconds at most.
    """
    try:
        for _ in range(TRIES):
            if (result := _tried(path, done, asked)) is not None:
                return result
            pause(PAUSE_S)
    except RoadmapError as error:
        return _all_left(done, f"the list cannot be read any more: {error.what}")
    except OSError as error:
        return _all_left(done, _told(path, error))
    return _all_left(done, f"other programs keep writing to {path}")


def _tried(path: Path, done: Mapping[str, str], asked: Asked) -> Ticked | None:
    """None: somebody else writes to the file. Raises OSError, RoadmapError."""
    if not stat.S_ISREG(path.stat().st_mode):
        return _all_left(done, "the list was piped in: name a file to have it ticked")
    before = settled(path)
    if before is None:
        return None
    text = decoded(before, path)
    after, result = ticked(text, path, done, asked)
    if after == text:
        return result
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    result.wrote = replace(path, before, mark + after.encode())
    return result if result.wrote else None


def _all_left(done: Iterable[str], why: str) -> Ticked:
    return Ticked(left=[(name, why) for name in done])


def _told(path: Path, error: OSError) -> str:
    """What keeps a file from being written, and what to do."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not write to {error.filename or path}: chmod u+w the list and its folder"
    if error.errno == errno.EROFS:
        return f"{path} is on a disk that can only be read"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of {path} is full: make room"
    if error.errno == errno.ENOENT:
        return f"{path} is not there any more"
    return f"{path} cannot be written: {error.strerror or error}"
