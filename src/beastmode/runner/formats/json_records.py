"""Records of a JSON text: objects of a list with their lines; and how one of their values is changed in place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.json_places import (
    Lines,
    Placed,
    UnreadableJsonError,
    items,
    member,
    members,
    whole,
)
from beastmode.runner.roadmap import Gate, TaskOptions

_INSIDE = re.compile(r"[ \t\n\r]*")
_PRIORITIES = {
    **dict.fromkeys(("critical", "urgent", "highest", "blocker", "p0"), 2),
    **dict.fromkeys(("high", "must", "p1"), 1),
    **dict.fromkeys(("medium", "normal", "moderate", "should", "p2", ""), 0),
    **dict.fromkeys(("low", "could", "p3"), -1),
    **dict.fromkeys(("lowest", "trivial", "wont", "p4"), -2),
}


class Found(NamedTuple):
    """An object of a list.   start: where it begins in the text.   line: the same as a line, from 1.   key: in front of
    it, "" in a list."""

    data: dict[str, Any]
    start: int
    line: int
    key: str = ""


def document(text: str, path: Path) -> Placed:
    """The one value of a text; raises RoadmapError where that is no JSON."""
    try:
        return whole(text)
    except UnreadableJsonError as error:
        raise RoadmapError(path, [error.problem]) from None


def is_json(text: str, *, begins: str = "{[") -> Any:
    """What a text holds as JSON; None where it is none, or begins with none of these characters."""
    if not text.lstrip()[:1] or text.lstrip()[:1] not in begins:
        return None
    try:
        return whole(text).value
    except UnreadableJsonError:
        return None


def records(text: str, start: int, account: Account) -> Iterator[Found]:
    """The objects of the list that begins at `start`, or of an object that has them by their names; what else stands
    in it is told."""
    line_of = Lines(text)
    for one in items(text, start) if text[start] == "[" else members(text, start):
        line = line_of(one.start)
        if isinstance(one.value, dict):
            yield Found(one.value, one.start, line, one.key)
        else:
            account.tell(line, text[one.start : one.end][:80], "no object: a task is one in {braces}")


def changed(text: str, record: Found, key: str, value: str) -> Edit:
    """The edit that gives a key of a record this value; where the key is missing it is put in front.   value: as it
    stands in JSON, like `"done"`."""
    place = member(text, record.start, key)
    if place is not None:
        return Edit(place.start, place.end, value)
    begin = record.start + 1
    between = _INSIDE.match(text, begin)
    assert between is not None
    colon = ":" if text[between.end() :].startswith('"') and not between[0] else ": "
    return Edit(between.end(), between.end(), f"{json.dumps(key)}{colon}{value},{between[0]}")


def nothing_like(path: Path, what: str, tip: str, line: int = 0) -> RoadmapError:
    """A file whose name or place promises a format that it does not have."""
    return RoadmapError(path, [Problem(line, what, tip)])


def priority_of(value: object) -> int | None:
    """A word for a priority as a number, higher first; None for a word that is none."""
    return _PRIORITIES.get(str(value if value is not None else "").strip().lower())


@lru_cache(maxsize=4096)
def options(
    category: str = "",
    priority: int = 0,
    gate: Gate = "",
    said: str = "",
    touches: Sequence[str] = (),
) -> TaskOptions:
    """Shared by the tasks that have the same, which is most of them in a long list."""
    return TaskOptions(category, priority, touches=tuple(touches), gate=gate, said=said)
