"""What went wrong, grouped: all requests that failed alike are one thing to a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.rollups.shapes import Who
from beastmode.store.ledger.rollups.tally import FAILURE_SPAN_S
from beastmode.store.ledger.schema import VERSION

_MOST_SPANS = 30
"""Spans of a group that are asked who was hit; the newest."""
_MOST_NAMED = 20
_ROOM = 5
"""Shapes with other tips are one group in the end: so many times more are read than are wanted."""

_SHAPES = """
SELECT shape, class, cause, sum(requests), min(first), max(last)
FROM failures JOIN failure_shapes ON failure_shapes.id = shape
WHERE began >= ? GROUP BY shape HAVING sum(requests) > 0 ORDER BY max(last) DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that failed alike: of one class, and with the same cause but for numbers and the like.

    cause, tip: of the newest.   count, first_unix, last_unix: of those since the time that was asked for.   tasks:
    (run, task).   tasks, keys, upstreams, models: some that were hit, the newest first; `left_out` tells how many tasks
    more are known.   sample: the id of the newest; "" where retention has deleted it.
    """

    class_: str
    cause: str
    tip: str
    count: int
    first_unix: float
    last_unix: float
    tasks: Sequence[tuple[str, str]] = ()
    left_out: int = 0
    keys: Sequence[str] = ()
    upstreams: Sequence[str] = ()
    models: Sequence[str] = ()
    sample: str = ""


def groups(reader: LedgerReader, since_unix: float, most: int) -> list[Group]:
    """What has gone wrong since then, the one seen last first; at most `most`.

    since_unix: taken back to the full ten minutes. Of a ledger that was just brought up to date, as far as its tables
    are made by then. Raises LedgerError.
    """
    if reader.format < VERSION:
        return []
    since = int(since_unix // FAILURE_SPAN_S) * FAILURE_SPAN_S
    together: dict[tuple[str, str], _Found] = {}
    with reader.reading() as db:
        for shape, class_, cause, *sums in db.execute(_SHAPES, (since, most * _ROOM)):
            together.setdefault((class_, cause), _Found([], 0, "~", "")).add(shape, *sums)
        return [_group(db, *name, found, since) for name, found in list(together.items())[:most]]


@dataclass(slots=True)
class _Found:
    shapes: list[int]
    count: int
    first: str
    last: str

    def add(self, shape: int, count: int, first: str, last: str) -> None:
        self.shapes.append(shape)
        self.count += count
        self.first, self.last = min(self.first, first), max(self.last, last)


def _group(db: sqlite3.Connection, class_: str, cause: str, found: _Found, since: int) -> Group:
    newest = db.execute("SELECT cause, tip FROM requests WHERE id = ?", (found.last,)).fetchone()
    said_cause, tip = newest or (cause, _tip(db, found.shapes[0]))
    who, tasks = _who(db, found.shapes, since)
    return Group(
        class_,
        said_cause,
        tip,
        found.count,
        _unix(found.first),
        _unix(found.last),
        tasks[:_MOST_NAMED],
        max(0, len(tasks) - _MOST_NAMED),
        who.keys,
        who.upstreams,
        who.models,
        found.last if newest else "",
    )


def _tip(db: sqlite3.Connection, shape: int) -> str:
    (tip,) = db.execute("SELECT tip FROM failure_shapes WHERE id = ?", (shape,)).fetchone()
    return str(tip)


def _who(db: sqlite3.Connection, shapes: Sequence[int], since: int) -> tuple[Who, list[tuple[str, str]]]:
    """Who was hit, the newest first, and all tasks that are known of."""
    marks, all_of = ", ".join("?" * len(shapes)), Who()
    tasks: dict[tuple[str, str], None] = {}
    query = (  # marks are ours
        f"SELECT who FROM failures_of_whom WHERE shape IN ({marks}) AND began >= ? ORDER BY began DESC"  # noqa: S608
        f" LIMIT {_MOST_SPANS}"
    )
    for (data,) in db.execute(query, (*shapes, since)):
        who = msgspec.json.decode(data, type=Who)
        all_of.note([], who.keys[::-1], who.upstreams[::-1], who.models[::-1])
        tasks |= dict.fromkeys(reversed(who.tasks))
    return all_of, list(tasks)


def _unix(name: str) -> float:
    """When the request of that id was received."""
    try:
        return int(name[:13], 16) / 1e6
    except ValueError:
        return 0.0
