"""The few characters that say of a task in a Markdown list that it is done, in the list's own notation.

A box, a mark, a cell or a status line that says something else gives way; where a list says nothing of states, a mark
is put at the end of the line that names the task. Nothing is taken for granted: of several ways the first is taken
whose line is read as done.
"""

# ruff: noqa: RUF001  (marks of other scripts are what this file is about)
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from beastmode.runner.formats.done_words import cased, done_words
from beastmode.runner.formats.edit import Edit, made
from beastmode.runner.formats.finished import MARK_BEHIND_NAME, marks_done, says_done
from beastmode.runner.formats.habits import Habits, habits_of, header_of, state_below
from beastmode.runner.formats.lines import BALLOT, GLYPHS_NOT_DONE, Line, scan
from beastmode.runner.formats.status_lines import state_in
from beastmode.runner.formats.task_tables import cell_says, cells_of_task
from beastmode.runner.formats.titles import leading_mark
from beastmode.runner.roadmap import Roadmap, Task

_LINE_END = re.compile(r"\r\n|\r|\n")
_MARKER = r"\s*(?:(?:[-*+•]|\d{1,4}[.)]|#{1,6})\s+)?"
_BOX = re.compile(rf"{_MARKER}\\?\[([^\[\]\\]{{0,80}})\\?\]")
_OPEN_BOX = re.compile(r"\[([ ]?)\](?=[*_\s]*(?:#+\s*)?$|[ ]*[:：])|^\s*#{1,6}\s\W{0,4}\[([ ]?)\]")
_LEADING = re.compile(rf"{_MARKER}[*_\s]*([{GLYPHS_NOT_DONE}]\ufe0f?)")
_LAST = re.compile(rf"([{GLYPHS_NOT_DONE}]\ufe0f?)(?=\s*(?:#+\s*)?$)")
_CLOSING = re.compile(r"(?:\s+#+)?\s*$")
_DECORATION = "📅🗓⏰⏱"
"""In front of a heading these mean no state, as they do in front of an item."""
DONE_MARKS = ("✅", "☑", "✔", "✓", "✔️", "☑️")
_BALLOTS = "☐◻□❏❑"
"""Their own done mark is ☑; that of all others is ✅."""


class Cut(NamedTuple):
    """The characters `start` to `end` of a line become `text`."""

    start: int
    end: int
    text: str

    def made_in(self, line: str) -> str:
        return line[: self.start] + self.text + line[self.end :]


def edits(
    text: str, roadmap: Roadmap, done: Collection[str], read: Callable[[str], Roadmap], tick: str = "x"
) -> list[Edit]:
    """One edit for each task that can be marked.   read: as `roadmap` was read.   tick: what the format writes into a
    box, where the list has no ticked one yet.

    A list that is known by its open marks would be read as another one once the last is gone; there ☑ takes its place,
    or stands in front of a mark that says nothing of its state.
    """
    lines = scan(text)
    habits = habits_of(lines, roadmap, tick)
    found = _edits(text, lines, roadmap, done, habits)
    if all(edit.text.strip() not in DONE_MARKS for edit in found) or _is_alike(
        read(made(text, found)), roadmap
    ):
        return found
    other = _edits(text, lines, roadmap, done, replace(habits, mark=BALLOT))
    return other if _is_alike(read(made(text, other)), roadmap) else found


def _is_alike(after: Roadmap, before: Roadmap) -> bool:
    return [task.id for task in after.tasks()] == [task.id for task in before.tasks()]


def _edits(
    text: str, lines: Sequence[Line], roadmap: Roadmap, done: Collection[str], habits: Habits
) -> list[Edit]:
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    pen = _Pen(lines, habits, _boxed(lines, roadmap))
    found = []
    for task in roadmap.tasks():
        if task.id in done and task.state != "done" and (written := pen.mark(task)):
            number, cut = written
            found.append(Edit(starts[number - 1] + cut.start, starts[number - 1] + cut.end, cut.text))
    return found


def _boxed(lines: Sequence[Line], roadmap: Roadmap) -> bool:
    return any(lines[task.line - 1].box is not None for task in roadmap.tasks())


class _Pen:
    """Marks tasks in one list.   boxed: its tasks have boxes, so that one without gets one."""

    def __init__(self, lines: Sequence[Line], habits: Habits, boxed: bool) -> None:
        self.lines, self.habits, self.boxed = lines, habits, boxed

    def mark(self, task: Task) -> tuple[int, Cut] | None:
        """The number of the line to change, and the change; None where no way is read as done."""
        line = self.lines[task.line - 1]
        if line.box is not None:
            return _first(line, self._box(line))
        if line.kind == "table":
            return _first(line, self._row(line))
        said, added = (
            filter(partial(_is_read, line), cuts) for cuts in (self._said(line), self._added(line))
        )
        return _first(line, said) or self._state_below(task) or _first(line, added)

    def _box(self, line: Line) -> Iterator[Cut]:
        if match := _BOX.match(line.text):
            inside = match[1].strip()
            word = cased("done", inside) if len(inside) > 1 and inside.isascii() else self.habits.tick
            yield Cut(match.start(1), match.end(1), word)

    def _row(self, row: Line) -> Iterator[Cut]:
        """In the cell of its state; where it has none, in the one of its name."""
        header = header_of(self.lines, row)
        cells = cells_of_task(header.text, row.text)
        if cells.state:
            start, end = cells.state
            said = row.text[start:end]
            usual = self.habits.cells.get(header.number, "")
            for word in (*done_words(said, usual), f"{said} ✅".strip(), f"{said} [{self.habits.tick}]"):
                if cell_says(word):
                    yield _changed(start, said, word)
        elif cells.name:
            start, end = cells.name
            leading = _LEADING.match(row.text, start, end)
            if leading:
                yield Cut(leading.start(1), leading.end(1), self._mark_for(leading[1]))
            yield Cut(end, end, f" {self._mark_for('')}")

    def _said(self, line: Line) -> Iterator[Cut]:
        """Where its own line says that it is open."""
        text = line.text
        if box := _OPEN_BOX.search(text):
            group = 2 if box[1] is None else 1
            yield Cut(box.start(group), box.end(group), self.habits.end_box[2:3] or self.habits.tick)
        body = re.match(_MARKER, text)
        behind = MARK_BEHIND_NAME.match(text, body.end() if body else 0)
        for found in (_LEADING.match(text), behind, _LAST.search(text)):
            mark = found[1] if found else ""
            if (
                found
                and mark[0] in GLYPHS_NOT_DONE
                and not (line.kind == "heading" and mark[0] in _DECORATION)
            ):
                end = found.end(1) + text.startswith("\ufe0f", found.end(1))
                yield Cut(found.start(1), end, self._mark_for(mark))

    def _state_below(self, task: Task) -> tuple[int, Cut] | None:
        """On the status line below it."""
        found = state_below(self.lines, task)
        if found is None:
            return None
        line, said = found
        for word in done_words(said.words, self.habits.state) if said.words else ():
            cut = _changed(said.start, said.words, word)
            after = state_in(cut.made_in(line.text))
            if after and after.done:
                return line.number, cut
        return None

    def _added(self, line: Line) -> Iterator[Cut]:
        """Where nothing says anything of its state."""
        body, closing = re.match(_MARKER, line.text), _CLOSING.search(line.text)
        first, last = body.end() if body else 0, closing.start() if closing else len(line.text)
        if self.habits.mark == BALLOT and line.kind == "item" and leading_mark(line.body):
            yield Cut(first, first, f"{BALLOT} ")
        if self.boxed and line.kind == "item":
            yield Cut(first, first, f"[{self.habits.tick}] ")
        if self.habits.end_box:
            yield Cut(last, last, self.habits.end_box)
        yield Cut(last, last, f" {self._mark_for('')}")
        yield Cut(last, last, f" [{self.habits.tick}]")

    def _mark_for(self, mark: str) -> str:
        return self.habits.mark or (BALLOT if mark[:1] in tuple(_BALLOTS) else "✅")


def _first(line: Line, cuts: Iterator[Cut]) -> tuple[int, Cut] | None:
    return next(((line.number, cut) for cut in cuts), None)


def _changed(start: int, old: str, new: str) -> Cut:
    """What makes `new` of `old`, which begins at `start`: only what is put behind it, where the rest stays."""
    if new.startswith(old):
        return Cut(start + len(old), start + len(old), new[len(old) :])
    return Cut(start, start + len(old), new)


def _is_read(line: Line, cut: Cut) -> bool:
    """Whether a line with the change says that what it names is done."""
    after = scan(cut.made_in(line.text))[0]
    if after.kind == "item":
        return after.done or marks_done(after.body) is True
    return says_done(after.body)
