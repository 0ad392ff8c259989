"""Locating: where in a file the lines of a SEARCH block stand, and what comes near where they stand nowhere. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_COMMON = 50
"""A line that occurs more often says nothing about the place."""
_MOST_COMPARED, _LONGEST_COMPARED = 3000, 300
_MOST_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Place:
    """begin, end: the lines that change, from 0, `end` not among them.   new: what takes their place. What search and
    replace have in common at their beginning and end is not among them: it stays as the file has it."""

    begin: int
    end: int
    new: tuple[str, ...]


def locate(lines: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> Place | str:
    """The one place where `search` stands in `lines`; or why there is none, in words for the model.

    Spaces at the ends of lines may differ, and then the whole block may be indented otherwise: but only where the
    text as it is written does not occur, and only where that leaves one place.
    """
    for fits in (_exactly, _but_for_trailing_space, _but_for_indent):
        found = [
            (at, new)
            for at in _candidates(lines, search)
            if (new := fits(lines, at, search, replace)) is not None
        ]
        if len(found) == 1:
            [(at, new)] = found
            return _changed(at, search, replace, new)
        if found:
            where = ", ".join(str(at + 1) for at, _ in found[:10])
            return (
                f"the SEARCH text occurs {len(found)} times, beginning on lines {where}: "
                "add lines around it until it is the only one"
            )
    return f"the SEARCH text does not occur in the file. {nearest(lines, search)}"


def nearest(lines: Sequence[str], search: Sequence[str]) -> str:
    """The lines that have most in common with `search`, with their numbers."""
    begin = _nearest(lines, search)
    if begin is None:
        return "Nothing in it is like it."
    end = min(len(lines), begin + min(len(search), _MOST_SHOWN))
    return f"The nearest is on lines {begin + 1} to {end}, which read:\n" + "\n".join(
        line[:_LONGEST_COMPARED] for line in lines[begin:end]
    )


def _candidates(lines: Sequence[str], search: Sequence[str]) -> Iterator[int]:
    """Where the first line with something on it fits, but for spaces."""
    offset = next((at for at, line in enumerate(search) if line.strip()), 0)
    wanted = search[offset].strip()
    for at in range(offset, len(lines) - len(search) + offset + 1):
        if lines[at].strip() == wanted:
            yield at - offset


def _exactly(
    lines: Sequence[str], at: int, search: Sequence[str], replace: Sequence[str]
) -> list[str] | None:
    return list(replace) if all(lines[at + n] == line for n, line in enumerate(search)) else None


def _but_for_trailing_space(
    lines: Sequence[str], at: int, search: Sequence[str], replace: Sequence[str]
) -> list[str] | None:
    if any(lines[at + n].rstrip() != line.rstrip() for n, line in enumerate(search)):
        return None
    return list(replace)


def _but_for_indent(
    lines: Sequence[str], at: int, search: Sequence[str], replace: Sequence[str]
) -> list[str] | None:
    """All lines are indented by the same more, or the same less, than they are written."""
    pairs = [(lines[at + n], line) for n, line in enumerate(search)]
    if any(one.strip() != other.strip() for one, other in pairs):
        return None
    shifts = {(_indent(one), _indent(other)) for one, other in pairs if other.strip()}
    more = {there.removesuffix(here) for there, here in shifts if there.endswith(here)}
    less = {here.removesuffix(there) for there, here in shifts if here.endswith(there)}
    new: list[str] | None = None
    if len(more) == 1 and all(there.endswith(here) for there, here in shifts):
        [shift] = more
        new = [shift + line if line.strip() else line for line in replace]
    elif len(less) == 1 and all(here.endswith(there) for there, here in shifts):
        [shift] = less
        if all(line.startswith(shift) for line in replace if line.strip()):
            new = [line.removeprefix(shift) for line in replace]
    return new


def _changed(at: int, search: Sequence[str], replace: Sequence[str], new: Sequence[str]) -> Place:
    """Without the lines at both ends that search and replace have in common."""
    least = min(len(search), len(replace))
    head = next((n for n in range(least) if search[n] != replace[n]), least)
    tail = next((n for n in range(least - head) if search[-1 - n] != replace[-1 - n]), least - head)
    return Place(at + head, at + len(search) - tail, tuple(new[head : len(new) - tail]))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _nearest(lines: Sequence[str], search: Sequence[str]) -> int | None:
    """Where the most lines of `search` are found at their distance from each other; else where one is alike."""
    where: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        where.setdefault(line.strip(), []).append(at)
    votes: Counter[int] = Counter()
    for n, line in enumerate(search):
        places = where.get(line.strip(), []) if line.strip() else []
        if len(places) <= _COMMON:
            votes.update(max(0, at - n) for at in places)
    if votes:
        most = max(votes.values())
        return min(at for at, count in votes.items() if count == most)
    first = next((line.strip() for line in search if line.strip()), "")
    short = [line for line in where if len(line) <= _LONGEST_COMPARED][:_MOST_COMPARED]
    close = get_close_matches(first[:_LONGEST_COMPARED], short, n=1) if first else []
    return where[close[0]][0] if close else None
