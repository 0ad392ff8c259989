"""A page of requests, newest first, whatever is sought and however many there are: bounded in time, and honest about
how far back it was looked."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.reading.conditions import conditions, fit, indexed
from beastmode.store.ledger.reading.minutes import Minutes, last_in_all, minutes_of
from beastmode.store.ledger.reading.reader import FIELDS, LedgerReader, entry_of
from beastmode.store.ledger.rollups.tally import MINUTE_US, minute_of
from beastmode.store.ledger.schema import VERSION
from beastmode.store.ledger.sought import Sought
from beastmode.store.ledger.texts import holds, text_of

WITHIN_S = 0.15
"""How long is looked before what was found has to do."""

_COLUMNS = ", ".join(f'requests."{name}"' for name in FIELDS)
_ANYTIME = "~"
"""Greater than any id."""
_EVER = ("", _ANYTIME)
_HOLDS = "beast_holds"
_FEW = 8
_FIRST_STEP_US = 5_000_000
_MOST_MINUTES = 256
_QUICK_S, _SLOW_S = 0.01, 0.05


@dataclass(frozen=True, slots=True)
class Page:
    """Requests, newest first.   next_before: go on with this as `before`; "" where nothing older is left.
    looked_to_unix: how far back it was looked, where that was cut short."""

    entries: list[Entry]
    next_before: str = ""
    looked_to_unix: float | None = None


def page(
    reader: LedgerReader,
    sought: Sought,
    most: int,
    *,
    within_s: float = WITHIN_S,
    monotonic: Callable[[], float] = time.monotonic,
) -> Page:
    """The newest `most` that are sought.

    Looks for `within_s` seconds, and a little more: a page may be short, or empty, and not the last. Raises
    LedgerError.
    """
    if not reader.format:
        return Page([])
    search = _Search(
        reader, sought, most + 1, fit(sought.before) or _ANYTIME, monotonic, monotonic() + within_s
    )
    with reader.reading() as db:
        stopped_us = search.look(db)
    found = search.found
    if len(found) > most:
        return Page(found[:most], found[most - 1].id)
    if stopped_us is None:
        return Page(found)
    return Page(found, first_of(stopped_us), stopped_us / 1e6)


def first_of(us: int) -> str:
    """The lowest id of a microsecond."""
    return f"{max(0, us):013x}{0:011x}"


@dataclass(slots=True)
class _Search:
    reader: LedgerReader
    sought: Sought
    most: int
    before: str
    monotonic: Callable[[], float]
    until: float
    found: list[Entry] = field(default_factory=list)
    step_us: int = _FIRST_STEP_US

    def look(self, db: sqlite3.Connection) -> int | None:
        """Fill `found`. Where it was cut short: the microsecond from which on all was looked at."""
        words = self.sought.words
        db.create_function(_HOLDS, 3, lambda *said: holds(words, text_of(*said)))
        db.create_function(_HOLDS, 1, lambda text: holds(words, text))
        if indexed(self.sought):
            self.found = self._rows(db, _ALL, _EVER, self.most)
            return None
        in_flight = [] if self.sought.wrong else self._rows(db, _OPEN, _EVER, self.most)
        stopped_us = self._look_at_ended(db)
        lowest = first_of(stopped_us or 0)
        ended_and_not = [*self.found, *(entry for entry in in_flight if entry.id >= lowest)]
        self.found = sorted(ended_and_not, key=lambda entry: entry.id, reverse=True)[: self.most]
        return stopped_us

    def _look_at_ended(self, db: sqlite3.Connection) -> int | None:
        oldest = db.execute("SELECT id FROM requests ORDER BY id LIMIT 1").fetchone()
        newest = db.execute(
            "SELECT id FROM requests WHERE id < ? ORDER BY id DESC LIMIT 1", (self.before,)
        ).fetchone()
        if oldest is None or newest is None:
            return None
        first, last = minute_of(oldest[0], 0), minute_of(newest[0], 0)
        rolled, past_us = _rolled_from(self.reader, db), _us_of(newest[0]) + 1
        several = minutes_of(db, self.sought) if rolled <= last else []
        for low, high, is_known in self._ranges(several, first, last, rolled):
            if low == high:
                return high
            until = min(high, past_us)  # or a step might be taken in which there is nothing
            if (stopped_us := self._look_within(db, low, until, known=is_known)) is not None:
                return stopped_us
            if len(self.found) >= self.most:
                return None
        return None

    def _ranges(
        self, several: Sequence[Minutes], first: int, last: int, rolled: int
    ) -> Iterator[tuple[int, int, bool]]:
        """Times in which there may be one, the latest first; an empty one where it takes too long to tell. Whether the
        tables that are made of rows have what is there."""
        minute: int | None = last
        if several:
            run = 1
            while minute is not None and minute >= max(first, rolled):
                at = last_in_all(several, minute)
                if at == minute:
                    run = min(2 * run, _MOST_MINUTES)
                    while at > max(minute - run, first, rolled) and last_in_all(several, at - 1) == at - 1:
                        at -= 1
                    yield at * MINUTE_US, (minute + 1) * MINUTE_US, True
                    at -= 1
                elif at is not None and self.monotonic() > self.until:
                    yield (at + 1) * MINUTE_US, (at + 1) * MINUTE_US, True
                minute = at
            last = min(last, rolled - 1)
        elif rolled <= last:
            yield max(first, rolled) * MINUTE_US, (last + 1) * MINUTE_US, True
            last = rolled - 1
        if first <= last:
            yield first * MINUTE_US, (last + 1) * MINUTE_US, False

    def _look_within(self, db: sqlite3.Connection, low: int, high: int, *, known: bool) -> int | None:
        """Look at a span of time in steps that take neither long nor next to nothing."""
        source = _source(self.sought, known=known)
        while high > low:
            at, began = max(low, high - self.step_us), self.monotonic()
            left = self.most - len(self.found)
            self.found += self._rows(db, source, (first_of(at), first_of(high)), left)
            if len(self.found) >= self.most:
                return None
            high, now = at, self.monotonic()
            self._pace(now - began)
            if now > self.until:
                return high
        return None

    def _pace(self, took_s: float) -> None:
        if took_s < _QUICK_S:
            self.step_us *= 4
        elif took_s > _SLOW_S:
            self.step_us = max(1, self.step_us // 4)

    def _rows(
        self, db: sqlite3.Connection, source: _Source, within: tuple[str, str], most: int
    ) -> list[Entry]:
        condition, values = conditions(self.sought)
        low, high = within
        query = (  # ours, values are bound
            f"SELECT {_COLUMNS} FROM {source.tables} WHERE {source.id} >= ? AND {source.id} < ?"  # noqa: S608
            f" AND {source.condition} AND {condition} ORDER BY {source.id} DESC LIMIT ?"
        )
        bound = (low, min(high, self.before), *source.values, *values, most)
        return [entry_of(row) for row in db.execute(query, bound)]


class _Source(NamedTuple):
    """Where rows come from.   tables: the one that is gone through stands first.   id: its column of ids.
    condition: what narrows it down, with its values."""

    tables: str
    id: str
    condition: str
    values: tuple[object, ...] = ()


_ALL = _Source("requests", "requests.id", "1")
_OPEN = _Source("requests INDEXED BY requests_open", "requests.id", "outcome IS NULL")
"""Else it may go through all, to have them in order."""


def _source(sought: Sought, *, known: bool) -> _Source:
    """Where those that have ended are found with the least to go through.   known: the tables that are made of rows
    have them."""
    words = sought.words
    if known and words:
        table, named = "failure_texts", [("instr(failure_texts.text, ?)", fit(word)) for word in words[:_FEW]]
        if (
            len(words) > _FEW
        ):  # SQL's own function is ten times as fast, but of conditions there may be a thousand
            named[-1] = (f"{_HOLDS}(failure_texts.text) AND instr(failure_texts.text, ?)", fit(words[0]))
    elif known and (sought.run or sought.task):
        table = "requests_of_runs"
        asked = [("task", sought.task), ("run", sought.run)]
        named = [(f"requests_of_runs.{column} = ?", fit(value)) for column, value in asked if value]
    else:
        condition = f"{_HOLDS}(class, cause, tip)" if words else "outcome IS NOT NULL"
        return _Source("requests", "requests.id", condition)
    condition = " AND ".join(condition for condition, _ in named)
    tables = f"{table} CROSS JOIN requests USING (id)"
    return _Source(tables, f"{table}.id", condition, tuple(value for _, value in named))


def _us_of(name: str) -> int:
    try:
        return int(name[:13], 16)
    except ValueError:
        return 1 << 60


def _rolled_from(reader: LedgerReader, db: sqlite3.Connection) -> int:
    """The first minute of which all is in the tables that are made of rows."""
    if reader.format < VERSION:
        return 1 << 60
    (since,) = db.execute("SELECT from_id FROM ledger_rolled").fetchone()
    return 0 if not since else 1 << 60 if since == _ANYTIME else minute_of(since, 0) + 1
