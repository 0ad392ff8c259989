"""In which minutes what is sought may be: the ledger's rollups say so, and the others need not be looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Protocol

from beastmode.store.ledger.reading.conditions import kind_conditions
from beastmode.store.ledger.rollups.rollup import ANY
from beastmode.store.ledger.sought import Sought

_MOST_KINDS = 500
"""So many kinds are nearly everywhere: asking for each where it is would take longer than looking."""


class Minutes(Protocol):
    """Minutes of Unix time in which something may be."""

    def at_or_before(self, minute: int) -> int | None:
        """The last of them that is not after this one; None where there is none."""


def minutes_of(db: sqlite3.Connection, sought: Sought) -> list[Minutes]:
    """Where what is sought may be: in those minutes only that are in all of these. None: it may be anywhere."""
    known: list[Minutes | None] = [_of_kinds(db, sought), _of_slow(db, sought)]
    return [minutes for minutes in known if minutes is not None]


def last_in_all(several: Sequence[Minutes], minute: int) -> int | None:
    """A step towards the last minute that is in all of them and not after this one: that very one where it is, else
    one from which to go on. None where there is none."""
    for minutes in several:
        found = minutes.at_or_before(minute)
        if found is None:
            return None
        minute = found
    return minute


class _Listed:
    """Those that a table has for some numbers, asked for one by one as the search goes back.   query: the last of a
    number that is not after a value."""

    def __init__(self, db: sqlite3.Connection, query: str, numbers: Sequence[int]) -> None:
        self._db, self._query = db, query
        self._last: dict[int, int | None] = dict.fromkeys(numbers, 1 << 60)

    def at_or_before(self, value: int) -> int | None:
        for number, last in list(self._last.items()):
            if last is not None and last > value:
                found = self._db.execute(self._query, (number, value)).fetchone()
                self._last[number] = found[0] if found else None
                if not found:
                    del self._last[number]
        return max((last for last in self._last.values() if last is not None), default=None)


class _OfSlow:
    def __init__(self, db: sqlite3.Connection, slower_than_s: float) -> None:
        self._db, self._slower_than_s = db, slower_than_s

    def at_or_before(self, minute: int) -> int | None:
        until = minute * 60
        while (hour := self._last(3600, 0, until)) is not None:
            if (found := self._last(60, hour, min(until, hour + 3540))) is not None:
                return found // 60
            until = hour - 1
        return None

    def _last(self, span: int, since: int, until: int) -> int | None:
        query = (
            "SELECT began FROM figures WHERE span = ? AND began BETWEEN ? AND ? AND slowest_s > ?"
            " ORDER BY began DESC LIMIT 1"
        )
        found = self._db.execute(query, (span, since, until, self._slower_than_s)).fetchone()
        return found[0] if found else None


def _of_kinds(db: sqlite3.Connection, sought: Sought) -> Minutes | None:
    condition, values = kind_conditions(sought, ANY)
    if not condition:
        return None
    query = f"SELECT id FROM kinds WHERE {condition} LIMIT {_MOST_KINDS}"  # noqa: S608 ours, values are bound
    numbers = [number for (number,) in db.execute(query, values)]
    last = "SELECT minute FROM seen WHERE kind = ? AND minute <= ? ORDER BY minute DESC LIMIT 1"
    return None if len(numbers) == _MOST_KINDS else _Listed(db, last, numbers)


def _of_slow(db: sqlite3.Connection, sought: Sought) -> Minutes | None:
    return None if sought.slower_than_s is None else _OfSlow(db, sought.slower_than_s)
