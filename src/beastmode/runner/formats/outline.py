"""Where each line stands: below which headings, and under which label (`**Tasks:**`, `Exit criteria:`)."""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from beastmode.runner.formats.finished import says_done, says_done_in_words
from beastmode.runner.formats.lines import Line
from beastmode.runner.formats.titles import heading_title, plain, undecorated
from beastmode.runner.formats.vocabulary import is_heading_of_list, is_phase

_BOLD_LABEL = re.compile(r"(?:\*\*|__)([^*]{1,160}?)(?:\*\*|__)(.*)$")
_ASIDE = re.compile(r"[ ]*\([^()]{0,200}\)")
_PLAIN_LABEL = re.compile(r"([\w][^.:|`]{0,60})[:：]$")
_STATUS = re.compile(r"\W*(?:status|state)\W*$", re.IGNORECASE)
_LABEL_LEVEL = 7
"""A bold line that names a phase (`**Week 1: Setup**`) opens a section below every real heading."""
_MOST_DEEP = 40
"""List items nested deeper than this keep the labels of the items above: the stack stays short on hostile
input.
"""


@dataclass(slots=True, eq=False)
class Section:
    """A heading and what stands below it.   line: None for the file itself.   done: it says that it is
    finished.
    """

    title: str
    level: int
    line: Line | None = None
    parent: Section | None = None
    done: bool = False

    path: tuple[Section, ...] = ()
    children: list[Section] = field(default_factory=list)

    def chain(self) -> tuple[Section, ...]:
        """This section and those it lies in, outermost first, without the file itself."""
        return self.path

    def inner_chain(self) -> tuple[Section, ...]:
        """The chain without the title of the file: a Launch checklist may hold tasks."""
        return self.path[1:] if self.path and self.path[0].level == 1 else self.path


@dataclass(slots=True)
class Place:
    """A line with its surroundings.

    labels: those it stands under, outermost first, in plain words.   inside_item: it is part of an item.
    """

    line: Line
    section: Section
    labels: tuple[str, ...] = ()
    is_label: bool = False
    opens: Section | None = None
    inside_item: bool = False


@dataclass(slots=True)
class Outline:
    """A whole file: its lines in order, its sections in order, the file itself first."""

    places: list[Place] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def leave_out(self, named: Callable[[str], object]) -> None:
        """Make no phases of headings with these titles: each stands around a list. Several side by side hold lists of
        their own, and stay."""
        named_so = [section for section in self.sections if named(section.title)]
        beside = Counter(section.parent for section in named_so)
        around = {section for section in named_so if beside[section.parent] == 1}
        for section in self.sections if around else ():
            section.path = tuple(above for above in section.path if above not in around)

    def is_title(self, section: Section) -> bool:
        """Whether a heading of the first rank stands above all others, and so names the file."""
        if section.level != 1 or section is not self.sections[1]:
            return False
        return len(self.sections) > 2 and len(self.sections[0].children) == 1


def outline(lines: list[Line]) -> Outline:
    """The places of all lines."""
    return _Walk().through(lines)


class _Above(NamedTuple):
    """An item that later ones may be a part of.   words: what it announces."""

    indent: int
    words: str


class _Walk:
    def __init__(self) -> None:
        self.root = Section("", 0)
        self.open = self.root
        self.label = ""
        self.above: list[_Above] = []
        self.found = Outline(sections=[self.root])

    def through(self, lines: list[Line]) -> Outline:
        for line in lines:
            place = Place(line, self.open)
            if line.kind == "heading":
                self._enter(place, heading_title(line.body), line.level, says_done(line.body))
            elif line.kind == "rule":
                self.label, self.above = "", []
            elif line.kind == "prose":
                self._prose(place)
            elif line.kind == "item":
                self._item(place)
            else:
                place.labels = self._labels()
            self.found.places.append(place)
        return self.found

    def _enter(self, place: Place, title: str, level: int, done: bool) -> None:
        parent = self.open
        while parent.level >= level and parent.parent is not None:
            parent = parent.parent
        inherited = done or parent.done
        self.open = Section(title, level, place.line, parent, inherited)
        self.open.path = (*parent.path, self.open)
        parent.children.append(self.open)
        self.label, self.above = "", []
        place.section, place.opens = self.open, self.open
        self.found.sections.append(self.open)

    def _prose(self, place: Place) -> None:
        line = place.line
        words, rest = label_of(line.body)
        place.labels = self._labels()
        if not words:
            return
        if not rest and line.indent == 0 and is_phase(words) and line.body.startswith(("**", "__")):
            self._enter(place, heading_title(words), _LABEL_LEVEL, says_done(line.body))
            return
        if _STATUS.match(words) and says_done_in_words(rest):
            self.open.done = True
        if line.indent == 0 or not self.above:
            place.is_label, place.labels = True, (words,)
            self.label = "" if rest else words
            self.above = []

    def _item(self, place: Place) -> None:
        line = place.line
        while self.above and self.above[-1].indent >= line.indent:
            self.above.pop()
        place.labels = self._labels()
        place.inside_item = bool(self.above)
        words, rest = label_of(line.body)
        announces = bool(words) and not rest and line.box is None and ends_in_colon(line.body)
        place.is_label = announces and is_heading_of_list(words)
        if len(self.above) < _MOST_DEEP:
            self.above.append(_Above(line.indent, words if place.is_label else ""))

    def _labels(self) -> tuple[str, ...]:
        inner = tuple(item.words for item in self.above if item.words)
        return (self.label, *inner) if self.label else inner


def label_of(body: str) -> tuple[str, str]:
    """The words of a label and what follows it on its line; ("", body) where it is none.

    An aside in brackets (`**Success Criteria** (what must be TRUE):`) does not count as following.
    """
    bold = _BOLD_LABEL.match(undecorated(body)) if "**" in body or "__" in body else None
    if bold:
        rest = (
            _ASIDE.sub("", bold[2], count=1).strip() if bold[2].lstrip().startswith("(") else bold[2].strip()
        )
        if bold[1].rstrip().endswith((":", "：")) or rest.startswith((":", "：")) or not undecorated(rest):
            return plain(bold[1]).rstrip(":： "), plain(rest.lstrip(":： "))
        return "", body
    bare = _PLAIN_LABEL.match(body) if body.endswith((":", "：")) else None
    if bare and len(bare[1].split()) <= 7:
        return plain(bare[1]), ""
    return "", body


def ends_in_colon(body: str) -> bool:
    """Whether a line announces what follows it."""
    return body.rstrip("*_ ").endswith((":", "："))
