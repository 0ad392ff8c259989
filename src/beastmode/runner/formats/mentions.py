"""Which tasks a text names, and which of them must come before which: `depends on T012, T014-T016`, `T1 →
T2`.
"""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

_KIND = (
    r"(?:tasks?|quests?|story|stories|tickets?|items?|issues?|steps?|phases?|stages?|sprints?|milestones?|"
    r"weeks?|months?)"
)
_CODE = r"[A-Za-z]{1,6}\d{0,2}[-_]?\d{1,5}(?:\.\d+)*[a-z]?"
_NUMBER = r"\d{1,4}(?:\.\d+)*"
_REFERENCE = re.compile(
    rf"(?<![\w./-])(?:({_KIND})[ ]*#?[ ]*)?((?:{_CODE})|(?:{_NUMBER}))(?![\w/])"
    rf"(?:[ ]?(?:-|–|—|~|to|through|\.\.\.?)[ ]?((?:{_CODE})|(?:{_NUMBER}))(?![\w/.]*\w))?",
    re.IGNORECASE,
)
_AFTER = (
    r"(?:depends?(?:[ ](?:up)?on)?|dependent on|dependenc(?:y|ies)|blocked by|requires?|relies on|"
    r"prerequisites?|"
    r"must (?:come|run|wait) (?:after|for)|waits? for|builds on|after|依赖于?|依存)"
)
_CLAUSE = re.compile(rf"\b{_AFTER}\b[\s:*]*([^)\];|]*)", re.IGNORECASE)
_FIELD = re.compile(
    r"^[\W_]*(?:depends(?: on)?|dependenc(?:y|ies)|blocked by|requires|prerequisites?|needs|after|依赖|依存)"
    r"(?: on)?[\s*_]*[:：][\s*_]*(.*)$",
    re.IGNORECASE,
)
_ARROW = re.compile(r"[ ]*(?:→|⟶|➜|-{1,3}>|=>)[ ]*")
_BEFORE_VERB = re.compile(r"\b(?:blocks?|before|precedes?|unblocks?|enables?)\b", re.IGNORECASE)
_AFTER_VERB = re.compile(rf"\b{_AFTER}\b", re.IGNORECASE)
_HINT = re.compile(
    r"depend|block|requir|relies|prerequisite|must|wait|build|after|before|need|preced|enable|依|→|⟶|➜|->|=>",
    re.IGNORECASE,
)
MOST_PER_LINE = 400
"""Needs that one line may give rise to; ranges on both sides of an arrow multiply."""


@dataclass(slots=True)
class Directory:
    """How a text can call the tasks of a file.

    names: a task's number in the file, by its name in lower case.   groups: the tasks of a phase, by
    `phase 2`.
    """

    names: dict[str, int] = field(default_factory=dict)
    groups: dict[str, list[int]] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    ranges: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def add(self, own_id: str, task: int) -> None:
        """Make a task known by the id its list gives it, and by the number in that id."""
        name = normal(own_id)
        self.names.setdefault(name, task)
        if letters := re.match(r"[a-z]+(?=[-_]?\d)", name):
            self.codes.add(letters[0])
        if tail := re.fullmatch(rf"{_KIND} ({_NUMBER})", name):
            self.names.setdefault(tail[1], task)

    def find(self, kind: str, name: str) -> list[int]:
        """The tasks that `Task 3`, `T003` or `Phase 2` means; none where it means nothing here."""
        name = normal(name)
        for full in (f"{kind} {name}", name) if kind else (name,):
            if full in self.names:
                return [self.names[full]]
        return self.groups.get(f"{kind} {name}".strip(), []) or self.groups.get(name, [])


def normal(name: str) -> str:
    """A name as it is compared: lower case, singular, one blank between its words."""
    words = re.sub(r"[^\w.\-]+", " ", name.lower()).strip(" .-_")
    return re.sub(r"^(stories|\w+?s?)(?= \d)", lambda match: singular(match[1]), words)


def singular(kind: str) -> str:
    return "story" if kind in ("stories", "story") else kind.removesuffix("s")


def states_order(text: str) -> bool:
    """Whether a text has a word or an arrow that could say what comes first: cheap, never wrongly no."""
    return _HINT.search(text) is not None


def needs_of(text: str, directory: Directory) -> tuple[list[int], list[str]]:
    """The tasks that the words of one task name as its needs, and the names that mean no task.

    In a field of its own (`**Dependencies:** Task 1, 3`) bare numbers count, in a sentence only ids do. A field in
    `_Depends: 1.2_` can mean nothing but tasks.
    """
    found: list[int] = []
    unknown: list[str] = []
    of_tasks = text.lstrip("-* ").startswith("_")
    text = text.replace("`", "").replace("**", "").strip("_ ")
    for part in text.split("|"):
        as_field = _FIELD.match(part)
        clauses = [as_field[1]] if as_field else [match[1] for match in _CLAUSE.finditer(part)]
        for clause in clauses:
            for tasks, name in references(clause, directory, numbers=bool(as_field), all_numbers=of_tasks):
                found += tasks
                if not tasks:
                    unknown.append(name)
    return found[:MOST_PER_LINE], unknown


def pairs_of(text: str, directory: Directory) -> list[tuple[int, int]]:
    """The (before, after) pairs that a line about several tasks states, by arrows or by words."""
    pairs: list[tuple[int, int]] = []
    for sentence in re.split(r"[;。]|\.[ ]", text.replace("`", "").replace("**", "")):
        for before, after in _sides(sentence):
            firsts, seconds = _all(before, directory), _all(after, directory)
            if len(firsts) * len(seconds) <= MOST_PER_LINE:
                pairs += [(first, second) for first in firsts for second in seconds]
    return pairs[:MOST_PER_LINE]


def _sides(sentence: str) -> Iterator[tuple[str, str]]:
    steps = _ARROW.split(sentence)
    if len(steps) > 1:
        yield from pairwise(steps)
    elif verb := _BEFORE_VERB.search(sentence):
        yield sentence[: verb.start()], sentence[verb.end() :]
    elif verb := _AFTER_VERB.search(sentence):
        yield sentence[verb.end() :], sentence[: verb.start()]


def _all(text: str, directory: Directory) -> list[int]:
    return [task for tasks, _ in references(text, directory, numbers=False) for task in tasks]


def references(
    text: str, directory: Directory, *, numbers: bool, all_numbers: bool = False
) -> Iterator[tuple[list[int], str]]:
    """Every task or range of tasks named in a text, with its name; an empty list where the name means no
    task.   numbers: bare ones count.   all_numbers: also those that mean no task.
    """
    kind = ""
    for match in _REFERENCE.finditer(text):
        kind = singular(match[1].lower()) if match[1] else kind
        first, last = match[2], match[3]
        code = re.match(r"[a-z]+(?=[-_]?\d)", first.lower())
        if code and code[0] not in directory.codes:
            continue
        if not code and not (numbers or match[1]):
            continue
        tasks = (
            _known_range(directory, kind, first, last)
            if last
            else directory.find("" if code else kind, first)
        )
        if tasks or code or match[1] or (numbers and all_numbers):
            yield tasks, match[0].strip()


def _known_range(directory: Directory, kind: str, first: str, last: str) -> list[int]:
    """The same, looked up once: hostile files repeat a wide range on every line."""
    key = (kind, first, last)
    if key not in directory.ranges:
        directory.ranges[key] = _range(directory, kind, first, last)
    return directory.ranges[key]


def _range(directory: Directory, kind: str, first: str, last: str) -> list[int]:
    """The tasks from one to another, both included, as far as they exist."""
    start, end = re.fullmatch(r"(.*?)(\d+)([a-z]?)", first), re.fullmatch(r"(.*?)(\d+)([a-z]?)", last)
    if start is None or end is None or (end[1] and end[1].lower() != start[1].lower()):
        return directory.find(kind, first) + directory.find(kind, last)
    low, high, width = int(start[2]), int(end[2]), len(start[2])
    names = (f"{start[1]}{number:0{width}d}" for number in range(low, min(high, low + MOST_PER_LINE) + 1))
    return [task for name in names for task in directory.find(kind, name)]
