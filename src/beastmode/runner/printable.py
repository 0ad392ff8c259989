"""Printable: text of others made safe for a line of a terminal or a report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Control characters, line separators, marks that turn the direction of text, halves of surrogate pairs."""
_HALVES = re.compile("[\ud800-\udfff]")


def printable(value: Any) -> Any:
    """The same JSON value, every text in it one line without marks that could hide or reorder what a person
    reads, or that a terminal would obey."""
    return _without(_UNPRINTABLE, value)


def encodable(value: Any) -> Any:
    """The same JSON value, every text in it one that UTF-8 can hold: the name of a file need not be."""
    return _without(_HALVES, value)


def _without(marks: re.Pattern[str], value: Any) -> Any:
    if isinstance(value, str):
        return marks.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_without(marks, key): _without(marks, item) for key, item in value.items()}
    return [_without(marks, item) for item in value] if isinstance(value, (list, tuple)) else value


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of some names, as they are safe in a line, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(printable, names[:most])) + more
