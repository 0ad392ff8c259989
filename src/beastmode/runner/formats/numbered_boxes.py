"""Boxes with numbers (`- [ ] 1.2 text`): which are parts of which, by number and by indentation."""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from beastmode.runner.formats.checkboxes import is_task_box
from beastmode.runner.formats.criteria import is_criterion
from beastmode.runner.formats.lines import SKIPPED, Line
from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.task_text import spec_text

_STAR = re.compile(
    r"\\?\*(?!\*)[ ]*(?=[\d(]|task|tarefa|tarea)(?![^*]*\*[ ]*$)[ ]*|\\?\*(?!\*)[ ]+", re.IGNORECASE
)
"""The `*` of Kiro behind a box; `*1. words*` is emphasis."""
_STAR_BEHIND = re.compile(r"[ ]?\\?\*(?![*\w])[ ]*")
_WORD = (
    r"(?:sub-?)?tasks?|タスク|任务|任務|작업|태스크|tarefa|tarea|tâche|aufgabe|задача|завдання|tugas|görev"
)
_PART = r"\d{1,6}[a-k]?"
_NUMBER = re.compile(
    rf"[*_`~\[ ]*(?:(?P<word>{_WORD}|T(?=\d))[ ]*[#-]?[ ]*)?(?P<number>{_PART}(?:\.{_PART}){{0,6}})"
    r"(?![\w%/])(?!-\d)(?P<end>\.(?!\d)|[)\]:：、．)])?",
    re.IGNORECASE,
)
_OPTIONAL = re.compile(
    r"[(\[（【][ ]*(?:optional|opcional|opsional|可选|可選|任意|オプション|선택)[ ]*[)\]）】]", re.IGNORECASE
)
"""At the beginning or the end of a title: in its middle it speaks of a part."""
_MARKS = re.compile(rf"(?:(?P<parallel>\(P\)|\[P\])|(?P<optional>{_OPTIONAL.pattern}))[ ]*", re.IGNORECASE)
"""Before a number."""
_LETTER = re.compile(r"\[([a-oq-z])\][ ]+(?=[*_]*\d+\.)", re.IGNORECASE)
_STRUCK = re.compile(r"[*_` ]*~~.+~~\W*$")
_MOST_LOOSE = 2
"""Boxes without a number, for each that has one, that a list with numbers may hold outside of its tasks."""
MOST_DEEP = 8
"""What lies deeper is put on this level: lists have two or three, hostile files thousands."""


@dataclass(slots=True, eq=False)
class Box:
    """A box of a list.   number: as written, without what stands around it; "" without one.   section: the heading it
    lies in.   done: ticked.   dropped: why it is not to be done, in the list's own way; "" where it is.
    """

    place: Place
    number: str
    title: str
    section: Section
    done: bool
    parallel: bool = False
    optional: bool = False
    dropped: str = ""
    parent: Box | None = None
    children: list[Box] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.number}. {self.title}" if self.number else self.title

    def above(self) -> Iterator[Box]:
        """Those it is a part of, innermost first."""
        box = self.parent
        while box is not None:
            yield box
            box = box.parent

    def leaves(self) -> Iterator[Box]:
        """What has to be done for it: itself where it has no parts."""
        stack = [self]
        while stack:
            box = stack.pop()
            if not box.children:
                yield box
            stack += reversed(box.children)


def boxes_of(found: Outline) -> list[Box]:
    """The boxes that are tasks or hold tasks, in the order of the file, as a tree.

    Where they have numbers, a box without one is none: a detail, a criterion. Where none or few have one, all are but
    the criteria.
    """
    for place in found.places:
        _read_letter(place.line)
    boxes = [_box(place) for place in found.places if is_task_box(place) or _is_dropped(place)]
    numbered = [box for box in boxes if box.number]
    others = [box for box in boxes if not box.number and not is_criterion(box.place)]
    loose = sum(not box.place.inside_item for box in others)
    if numbered and loose <= _MOST_LOOSE * len(numbered):
        return _joined(numbered)
    return _joined([box for box in boxes if box.number or not is_criterion(box.place)])


def _read_letter(line: Line) -> None:
    """A letter in brackets is a state too, like any unknown one, where a number follows (`[S] 1.2 text`)."""
    if line.kind == "item" and line.box is None and (match := _LETTER.match(line.body)):
        line.box, line.body = match[1], line.body[match.end() :]


def _is_dropped(place: Place) -> bool:
    line = place.line
    if line.kind != "item" or line.box is None or not line.body:
        return False
    return line.box == SKIPPED or _STRUCK.match(line.body) is not None


def _box(place: Place) -> Box:
    line = place.line
    body = line.body
    optional = bool(star := _STAR.match(body))
    body = body[star.end() :] if star else body
    before = _MARKS.match(body)
    number, rest = number_of(body[before.end() :] if before else body)
    optional = optional or bool(before and number and before["optional"])
    if behind := _STAR_BEHIND.match(rest) if number else None:
        optional, rest = True, rest[behind.end() :]
    if not number and line.numbered:
        number = line.marker[:-1]
    title, parallel = spec_text(rest.lstrip("*_`~ ") if number else body)
    parallel = parallel or bool(before and number and before["parallel"])
    optional = optional or _says_optional(title) or (rest.endswith("*") and body.count("*") == 1)
    dropped = _dropped(place)
    title = title.rstrip("* ") or number
    return Box(place, number, title, place.section, line.done, parallel, optional, dropped)


def _says_optional(title: str) -> bool:
    found = list(_OPTIONAL.finditer(title))
    return bool(found) and (found[0].start() == 0 or not title[found[-1].end() :].strip(" .。"))


def _dropped(place: Place) -> str:
    if place.line.box == SKIPPED:
        return "skipped"
    return "struck out" if _STRUCK.match(place.line.body) and not place.line.done else ""


def number_of(text: str) -> tuple[str, str]:
    """The number that a text begins with, and what follows; ("", text) where it begins with none.

    `3 tests for it` begins with none: a bare number counts with a dot in it, a sign behind it, or a capital next.
    """
    match = _NUMBER.match(text)
    if match is None:
        return "", text
    number, rest = match["number"], text[match.end() :]
    follows = rest.lstrip("*_`~ ")[:1]
    if "." in number or match["end"] or match["word"] or not rest or _begins_a_title(follows):
        return number, rest
    return "", text


def _begins_a_title(character: str) -> bool:
    return character in "([" or character.isupper() or (character.isalpha() and not character.isascii())


def _joined(boxes: Sequence[Box]) -> list[Box]:
    """Each box with its parent: an open one it is indented below, or one whose number its own goes on."""
    opened: list[Box] = []
    latest: dict[str, Box] = {}
    section: Section | None = None
    for box in boxes:
        if box.section is not section:
            section, opened = box.section, []
        while opened and opened[-1].place.line.indent >= box.place.line.indent:
            opened.pop()
        box.parent = _by_indent(box, opened) or _by_number(box, latest)
        if box.parent is not None:
            box.parent.children.append(box)
        opened.append(box)
        if box.number:
            latest[box.number] = box
    return list(boxes)


def _by_indent(box: Box, opened: Sequence[Box]) -> Box | None:
    """The innermost of the boxes around it whose number its own goes on, else the innermost that can hold it."""
    inside = [
        one for one in opened if one.depth < MOST_DEEP and box.place.line.indent - one.place.line.indent > 1
    ]
    own = [one for one in opened if one.depth < MOST_DEEP and _goes_on(box.number, one.number)]
    able = [one for one in inside if not (_levels(box) > 1 and _levels(one) >= _levels(box))]
    return next(reversed(own or able), None)


def _by_number(box: Box, latest: dict[str, Box]) -> Box | None:
    head = box.number.rpartition(".")[0]
    while head:
        if (
            (known := latest.get(head))
            and known.section in (*box.section.chain(), box.section)
            and known.depth < MOST_DEEP
        ):
            return known
        head = head.rpartition(".")[0]
    return None


def _levels(box: Box) -> int:
    return box.number.count(".") + 1 if box.number else 0


def _goes_on(number: str, head: str) -> bool:
    return bool(head) and number.startswith(head + ".")


def as_sections(boxes: Sequence[Box]) -> dict[Box, Section]:
    """A section for each box with parts, below the one it lies in."""
    sections: dict[Box, Section] = {}
    for box in sorted(boxes, key=lambda one: one.depth):
        if box.children:
            above = sections[box.parent] if box.parent else box.section
            made = Section(box.name, 8 + box.depth, box.place.line, above)
            made.path = (*above.chain(), made)
            sections[box] = made
    return sections


def placed(box: Box, sections: dict[Box, Section]) -> Place:
    """The place of a box among those it is a part of."""
    return replace(box.place, section=sections[box.parent]) if box.parent else box.place
