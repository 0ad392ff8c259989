"""Touches: which declared paths overlap, and a line in which tasks that overlap take turns. Pure.

A task that declares nothing is never held back: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from heapq import heappop, heappush
from itertools import takewhile

from beastmode.runner.line import Line
from beastmode.runner.roadmap import Task

Touches = tuple[str, ...]

_MOST_WAITING = 1_000
"""Tasks that are looked past because they overlap. Each that comes is compared with all of them; behind as many the
line stands until one may start."""
_ANY_DEPTH = "**"
_LONGEST, _DEEPEST = 255, 100
"""Of a name, and of the names of a path, that are looked at; what is more counts as the folder above."""
_CHARACTER = re.compile(r"\*+|\?|\[!?\]?[^]]*\]|.", re.DOTALL)


def overlap(one: Touches, other: Touches) -> bool:
    """Whether a file may belong to both. Says yes where it cannot tell.

    A pattern is a path, a folder (all below it) or a glob: `*`, `?` and `[…]` within a name, `**` for any folders. What
    is more (`{a,b}`, `!x`, `..`) counts as the whole folder above. Capitals are no difference: on some disks they are
    none.
    """
    return any(_meet(_parts(mine), _parts(yours)) for mine in one for yours in other)


@lru_cache(maxsize=10_000)
def _parts(pattern: str) -> tuple[str, ...]:
    """Its names, as far as they are understood; none for the whole project."""
    names = [name for name in pattern.strip().casefold().split("/") if name not in ("", ".")]
    return () if ".." in names else tuple(takewhile(_is_understood, names[:_DEEPEST]))


def _is_understood(name: str) -> bool:
    if name == _ANY_DEPTH:
        return True
    return len(name) <= _LONGEST and "**" not in name and name[0] != "!" and not set(name) & set("{}\\")


@lru_cache(maxsize=100_000)
def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a path may match both. One that has ended is a folder, with all that the other goes on to name."""
    if not one or not other:
        return True
    if one[0] == _ANY_DEPTH:
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == _ANY_DEPTH:
        return _meet(one, other[1:]) or _meet(one[1:], other)
    return _same_name(_characters(one[0]), _characters(other[0])) and _meet(one[1:], other[1:])


@lru_cache(maxsize=10_000)
def _characters(name: str) -> tuple[str, ...]:
    """What each place of a name may be: a character, `?` for any one, `*` for any number of them."""
    return tuple(
        "*" if part[0] == "*" else "?" if part == "?" or len(part) > 1 else part
        for part in _CHARACTER.findall(name)
    )


@lru_cache(maxsize=100_000)
def _same_name(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a name may match both."""
    if not one or not other:
        return all(place == "*" for place in one or other)
    if one[0] == "*":
        return _same_name(one[1:], other) or _same_name(one, other[1:])
    if other[0] == "*":
        return _same_name(one, other[1:]) or _same_name(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _same_name(one[1:], other[1:])


def touches_of(tasks: Sequence[Task]) -> Callable[[int], Touches] | None:
    """What each task declares, by its place in the list; None where none does, so that a million cost nothing."""
    if not any(task.options.touches for task in tasks):
        return None
    return lambda index: tasks[index].options.touches


class TurnLine:
    """A `Line` in which those whose touches overlap take turns, first come first served: nobody starves.

    touches: of each number.   It is true where one may start now; its length counts all that stand in it.
    """

    def __init__(self, touches: Callable[[int], Touches]) -> None:
        self._touches = touches
        self._line = Line()
        self._at_work: dict[int, Touches] = {}
        self._waiting: dict[int, Touches] = {}
        self._behind: dict[int, list[int]] = {}
        self._released: list[int] = []
        self._next: int | None = None

    def __len__(self) -> int:
        return len(self._line) + len(self._waiting) + (self._next is not None)

    def __bool__(self) -> bool:
        while self._next is None and (number := self._candidate()) is not None:
            self._look_at(number)
        return self._next is not None

    def join(self, numbers: Iterable[int]) -> None:
        """Stand in line, each at its place."""
        self._line.join(numbers)

    def pop(self) -> int:
        """The first that may start, which leaves the line. Raises IndexError where there is none."""
        if not self or self._next is None:
            raise IndexError("nobody in line may start")
        number, self._next = self._next, None
        if touches := self._touches(number):
            self._at_work[number] = touches
        return number

    def over(self, number: int) -> None:
        """One that was popped is over: those that waited for it are looked at again, before all others."""
        self._at_work.pop(number, None)
        for waiting in self._behind.pop(number, ()):
            heappush(self._released, waiting)

    def _candidate(self) -> int | None:
        if self._released:
            return heappop(self._released)
        return self._line.pop() if self._line and len(self._waiting) < _MOST_WAITING else None

    def _look_at(self, number: int) -> None:
        touches = self._touches(number)
        before = self._before(number, touches) if touches else None
        if before is None:
            self._waiting.pop(number, None)
            self._next = number
        else:
            self._waiting[number] = touches
            self._behind.setdefault(before, []).append(number)

    def _before(self, number: int, touches: Touches) -> int | None:
        """One that has to be over before: one that waits for longer, the last of them, or one at work."""
        before = None
        for waiting, theirs in self._waiting.items():
            if waiting == number:
                break
            if overlap(theirs, touches):
                before = waiting
        if before is not None:
            return before
        return next((one for one, theirs in self._at_work.items() if overlap(theirs, touches)), None)
