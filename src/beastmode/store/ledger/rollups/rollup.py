"""Keeps the tables that are made from rows as they end (figures, kinds, runs, failures), in the writer's transaction:
they are never ahead of the rows, nor behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec

from beastmode.store.ledger.entry import Row
from beastmode.store.ledger.rollups.latencies import packed, unpacked_into
from beastmode.store.ledger.rollups.shapes import ALL_OTHERS, Shape, Who
from beastmode.store.ledger.rollups.tally import Cell, Failing, Kind, Sums, Tally
from beastmode.store.ledger.schema import REQUESTS

SPANS = (60, 3600)
MOST_KINDS = 10_000
MOST_SHAPES = 2_000
MOST_KNOWN = 50_000
"""Kinds, and minutes in which they were seen, that are remembered; then all is looked up again."""
ANY = "\u2026"
"""In the place of a name where there are too many kinds: names of models are text of others."""

_AT_ONCE = 32
_OUTCOME, _TRIES = map(list(REQUESTS.c.keys()).index, ("outcome", "tries"))
_CELL = "span, began, outcome, class, tier"
_SUMS = "requests, tokens_in, tokens_out, cost_usd, saved_usd, repeats, unpriced"
_PUT_FAILURES = (
    "INSERT INTO failures (shape, began, requests, first, last) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (shape, began) DO UPDATE SET requests = requests + excluded.requests,"
    " first = min(first, excluded.first), last = max(last, excluded.last)"
)
_WHO = "SELECT who FROM failures_of_whom WHERE shape = ? AND began = ?"
_KIND = "key, upstream, model, outcome, class"


class LedgerRollup:
    """The tables of one open ledger, as far as this process knows them. For one thread at a time, always inside of a
    transaction; after one that was undone, `forget`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._from = "~"
        self._kinds: dict[Kind, int] = {}
        self._shapes: dict[Shape, int] = {}
        self._seen: set[tuple[int, Kind]] = set()

    def forget(self) -> None:
        """Know nothing of what the tables hold."""
        self._kinds.clear()
        self._shapes.clear()
        self._seen.clear()

    def replace(self, rows: Sequence[Row]) -> Tally:
        """What is to be put once these rows are written in place of those of the same ids. To be asked before."""
        tally = Tally()
        since = self.since()
        ended = [row for row in rows if row[_OUTCOME] is not None and str(row[0]) >= since]
        tally.add(ended)
        may_have = [row[0] for row in ended if row[_TRIES] or row[_OUTCOME] != "hit"]
        tally.add(self._ended(may_have), sign=-1)
        return tally

    def since(self) -> str:
        """Requests from this id on are in the tables; older ones are to come (`writing.backfill`)."""
        if self._from:
            (self._from,) = self._db.execute("SELECT from_id FROM ledger_rolled").fetchone()
        return self._from

    def put(self, tally: Tally) -> None:
        """Add what the tally has."""
        self._put_cells(tally.cells)
        self._put_seen(tally.seen)
        if tally.runs:
            self._db.executemany("INSERT OR IGNORE INTO requests_of_runs VALUES (?, ?, ?)", tally.runs)
        if tally.texts:
            self._db.executemany("INSERT OR REPLACE INTO failure_texts VALUES (?, ?)", tally.texts)
        for (began, shape), failing in tally.failures.items():
            self._put_failing(began, shape, failing)

    def _ended(self, names: Sequence[object]) -> Iterable[Row]:
        """Of these requests, those that have an outcome already: another process had thought this one dead."""
        for at in range(0, len(names), _AT_ONCE):
            some = names[at : at + _AT_ONCE]
            yield from self._db.execute(_found(len(some)), some)

    def _put_cells(self, cells: dict[Cell, Sums]) -> None:
        by_span = {(span, *_in_span(cell, span)): Sums() for span in SPANS for cell in cells}
        for span in SPANS:
            for cell, sums in cells.items():
                by_span[span, *_in_span(cell, span)].plus(sums)
        names = list(by_span)
        for at in range(0, len(names), _AT_ONCE):
            some = names[at : at + _AT_ONCE]
            flat = [part for name in some for part in name]
            for *name, lengths in self._db.execute(_lengths(len(some)), flat):
                unpacked_into(by_span[tuple(name)].lengths, lengths)
            values = [part for name in some for part in (*name, *_values(by_span[name]))]
            self._db.execute(_put_figures(len(some)), values)

    def _put_seen(self, seen: set[tuple[int, Kind]]) -> None:
        new = seen - self._seen
        if not new:
            return
        values = [(self._kind(kind), minute) for minute, kind in new]
        self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", values)
        if len(self._seen) > MOST_KNOWN:
            self._seen.clear()
        self._seen |= new

    def _kind(self, kind: Kind) -> int:
        number = self._kinds.get(kind)
        if number is None:
            if len(self._kinds) > MOST_KNOWN:
                self._kinds.clear()
            several = kind._replace(key=ANY, upstream=ANY, model=ANY)
            number = self._kinds[kind] = self._number("kinds", _KIND, kind, several, MOST_KINDS)
        return number

    def _shape(self, shape: Shape) -> int:
        number = self._shapes.get(shape)
        if number is None:
            if len(self._shapes) > MOST_KNOWN:
                self._shapes.clear()
            others = ALL_OTHERS._replace(class_=shape.class_)
            number = self._shapes[shape] = self._number(
                "failure_shapes", "class, cause, tip", shape, others, MOST_SHAPES
            )
        return number

    def _number(self, table: str, columns: str, name: Any, others: Any, most: int) -> int:
        """The number of a name in a table, made for it; where there are too many, that of all others."""
        marks = ", ".join("?" * len(name))
        find = f"SELECT id FROM {table} WHERE ({columns}) = ({marks})"  # noqa: S608 names of ours
        found = self._db.execute(find, name).fetchone()
        if found is None:
            (last,) = self._db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608
            if last >= most and name != others:
                return self._number(table, columns, others, others, most)
            self._db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", name)  # noqa: S608
            return int(last) + 1
        return int(found[0])

    def _put_failing(self, began: int, shape: Shape, failing: Failing) -> None:
        number, new, who = self._shape(shape), failing.who, Who()
        self._db.execute(_PUT_FAILURES, (number, began, failing.requests, failing.first, failing.last))
        known = self._db.execute(_WHO, (number, began)).fetchone()
        if known is not None:
            who = msgspec.json.decode(known[0], type=Who)
        who.note(new.tasks, new.keys, new.upstreams, new.models)
        data = msgspec.json.encode(who)
        if known is None or data != known[0]:
            self._db.execute(
                "INSERT OR REPLACE INTO failures_of_whom VALUES (?, ?, ?)", (number, began, data)
            )


def _in_span(cell: Cell, span: int) -> tuple[int, str, str, str]:
    return (cell.minute * 60 // span * span, *cell[1:])


def _values(sums: Sums) -> tuple[Any, ...]:
    return (
        sums.requests,
        sums.tokens_in,
        sums.tokens_out,
        sums.cost_usd,
        sums.saved_usd,
        sums.repeats,
        sums.unpriced,
        sums.slowest_s,
        packed(sums.lengths),
    )


def _tuples(number: int, width: int) -> str:
    one = "(" + ", ".join("?" * width) + ")"
    return ", ".join([one] * number)


@cache
def _found(number: int) -> str:
    marks = ", ".join("?" * number)
    return f"SELECT * FROM requests WHERE id IN ({marks}) AND outcome IS NOT NULL"  # noqa: S608


@cache
def _lengths(number: int) -> str:
    """Those of so many cells, found one by one."""
    return (  # names of ours
        f"WITH asked({_CELL}) AS (VALUES {_tuples(number, 5)}) SELECT {_CELL}, lengths"  # noqa: S608
        f" FROM asked CROSS JOIN figures USING ({_CELL})"
    )


@cache
def _put_figures(number: int) -> str:
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS.split(", "))
    return (  # names of ours
        f"INSERT INTO figures ({_CELL}, {_SUMS}, slowest_s, lengths) VALUES {_tuples(number, 14)}"  # noqa: S608
        f" ON CONFLICT ({_CELL}) DO UPDATE SET {added},"
        " slowest_s = max(slowest_s, excluded.slowest_s), lengths = excluded.lengths"
    )
