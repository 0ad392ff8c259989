"""Where the values of a JSON text stand: one list or object at a time, by the standard library's own scanner.

`items` and `members` hand over each value with its place, so a walk costs what reading the text once costs, and no
more than one value is held at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

from beastmode.errors import Problem

_SPACE = re.compile(r"[ \t\n\r]*")
_TIPS = (
    (re.compile(r"[}\]]"), "Take the comma out that stands before it, or write what is missing."),
    (re.compile(r"//|/\*|#"), "Take the comment out: JSON has none."),
    (re.compile(r"'"), 'Write texts in "double quotes".'),
    (re.compile(r"<{4,7} |={4,7}\n|>{4,7} "), "Resolve the conflict of the merge that stands here."),
)


class UnreadableJsonError(Exception):
    """The text is not JSON; never leaves a reader, which makes a `RoadmapError` of it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class Placed(NamedTuple):
    """A value, and the characters `start` to `end` of the text that are it.   key: in front of it, "" in a list."""

    value: Any
    start: int
    end: int
    key: str = ""


def whole(text: str, start: int = 0) -> Placed:
    """The one value of a text, from `start` on. Raises UnreadableJsonError, which names line and column."""
    begins = _skip(text, start)
    value, end = _value(text, begins)
    after = _skip(text, end)
    if after < len(text):
        _refuse(text, after, "something stands behind the end", "Keep one list or one object in the file.")
    return Placed(value, begins, end)


def items(text: str, start: int) -> Iterator[Placed]:
    """The values of the list that begins at `start`, in their order. Raises UnreadableJsonError."""
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        value, end = _value(text, at)
        yield Placed(value, at, end)
        at = _next(text, end, "]")


def members(text: str, start: int) -> Iterator[Placed]:
    """The values of the object that begins at `start`, in their order; a key that stands twice comes twice. Raises
    UnreadableJsonError."""
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            _refuse(text, at, 'a key in "double quotes" is missing')
        key, at = _string(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            _refuse(text, at, "a colon is missing")
        at = _skip(text, at + 1)
        value, end = _value(text, at)
        yield Placed(value, at, end, key)
        at = _next(text, end, "}")


def sequence(text: str) -> Iterator[Placed]:
    """The values that stand in a text one after the other, as in JSON Lines. Raises UnreadableJsonError."""
    at = _skip(text, 0)
    while at < len(text):
        value, end = _value(text, at)
        yield Placed(value, at, end)
        at = _skip(text, end)


def member(text: str, start: int, key: str) -> Placed | None:
    """The value of a key of the object that begins at `start`: the last, as JSON readers take it; None without one."""
    found = None
    for one in members(text, start):
        if one.key == key:
            found = one
    return found


class Lines:
    """The lines, from 1, of places in a text that are asked for in their order: all together one pass over it."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def __call__(self, at: int) -> int:
        if at < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, at)
        self._at = at
        return self._line


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_SCAN = json.JSONDecoder(parse_constant=_refuse_constant).scan_once  # type: ignore[attr-defined]


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        value, end = _SCAN(text, at)
    except StopIteration as stop:
        _refuse(text, stop.value, "a value is missing")
    except json.JSONDecodeError as error:
        _refuse(text, error.pos, _lowered(error.msg))
    except RecursionError:
        _refuse(text, at, "too many lists and objects inside each other", "Use fewer levels.")
    except ValueError as error:  # NaN, Infinity, a number of thousands of digits: told without a place
        with suppress(RecursionError):
            for _ in _walk(text, at):
                pass  # the part that holds it raises by itself
        _refuse(text, at, str(error).partition(";")[0], "Write it as a text, or a number that JSON has.")
    return value, end


def _string(text: str, at: int) -> tuple[str, int]:
    key, end = _value(text, at)
    return str(key), end


def _walk(text: str, at: int) -> Iterator[Placed]:
    return items(text, at) if text[at] == "[" else members(text, at) if text[at] == "{" else iter(())


def _lowered(said: str) -> str:
    return said[:1].lower() + said[1:]


def _next(text: str, end: int, closing: str) -> int:
    """Where the next value or key begins, or the end."""
    at = _skip(text, end)
    if text[at : at + 1] == closing:
        return at
    if text[at : at + 1] != ",":
        _refuse(text, at, f"a comma or {closing} is missing")
    after = _skip(text, at + 1)
    if text[after : after + 1] == closing:
        _refuse(text, after, f"nothing stands between the comma and {closing}")
    return after


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _refuse(text: str, at: int, what: str, tip: str = "") -> NoReturn:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    if at >= len(text):
        tip = tip or "The file ends too early: was it copied or written in part?"
    tip = tip or next(
        (tip for pattern, tip in _TIPS if pattern.match(text, at)), "Correct the JSON at this place."
    )
    raise UnreadableJsonError(Problem(line, f"this is not JSON: {what} (line {line}, column {column})", tip))
