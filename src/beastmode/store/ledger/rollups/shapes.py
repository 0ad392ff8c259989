"""What failures say, without what differs in each: a number, a time, the id of a request. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec

T = TypeVar("T")
MASK = "#"
"""In the place of each word with a digit in it."""
MOST_CHARACTERS = 500
MOST_TASKS, MOST_NAMES = 20, 10
_WORD = re.compile(r"[^\s\"'`(),:;=\[\]{}]+")
_DIGIT = re.compile(r"\d")


class Shape(NamedTuple):
    """Failures that say the same."""

    class_: str
    cause: str
    tip: str


ALL_OTHERS = Shape("", MASK, "")
"""Where there are too many: whoever can make a server say what he likes must not make the ledger grow."""


class Who(msgspec.Struct):
    """Some of those that were hit, the newest last.   tasks: (run, task)."""

    tasks: list[tuple[str, str]] = []
    keys: list[str] = []
    upstreams: list[str] = []
    models: list[str] = []

    def note(self, tasks: Sequence[tuple[str, str]], *names: Sequence[str]) -> None:
        """Add some, as far as there is room.   names: keys, upstreams, models."""
        _note(self.tasks, tasks, MOST_TASKS)
        for kept, new in zip((self.keys, self.upstreams, self.models), names, strict=True):
            _note(kept, new, MOST_NAMES)


def _note(kept: list[T], new: Sequence[T], most: int) -> None:
    for one in new:
        if one and one not in kept and len(kept) < most:
            kept.append(one)


@lru_cache(maxsize=1024)
def shape_of(class_: str, cause: str, tip: str) -> Shape:
    """The shape of what one failure says."""
    return Shape(class_, _masked(cause), _masked(tip))


def _masked(text: str) -> str:
    cut = text[:MOST_CHARACTERS]
    shown = _WORD.sub(lambda word: MASK if _DIGIT.search(word[0]) else word[0], cut)
    return shown if len(cut) == len(text) else shown + MASK
