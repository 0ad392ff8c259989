"""What the requests of single minutes and hours came to, summed up from the ledger's own figures and kept."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any
from weakref import WeakKeyDictionary

from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.rollups.latencies import unpacked_into
from beastmode.store.ledger.rollups.tally import Sums, minute_of

_Row = tuple[Any, ...]
"""`began`, then `_SUMS`."""
_SUMS = (
    "outcome, class, tier, requests, tokens_in, tokens_out, cost_usd, saved_usd, repeats, unpriced, lengths"
)
_OF_TIME = "FROM figures WHERE span = ? AND began >= ? AND began"
_MARKS = f"SELECT began, group_concat(requests) {_OF_TIME} < ? GROUP BY began ORDER BY began"
_ROWS = f"SELECT began, {_SUMS} {_OF_TIME} <= ? ORDER BY began"
_MOST_KEPT = 4096
"""Of a reader, at the next question: a day is 1,440 minutes."""


@dataclass(slots=True, eq=False)
class Came:
    """What the requests came to that were received in a span of time. Several may be given the same one.

    outcomes, classes, hits: how many by outcome, by class of failure, by tier of the cache.   in_flight: received then,
    and not ended yet.   sums: of all that have ended.   repeats_known: of all of them it was recorded
    whether they had been asked for before; only then are `sums.repeats` all.
    """

    outcomes: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    sums: Sums = field(default_factory=Sums)
    repeats_known: bool = True

    @property
    def received(self) -> int:
        return self.sums.requests + self.in_flight

    def add(self, outcome: str, class_: str, tier: str, sums: Sums) -> None:
        """Add the requests of a cell."""
        for by, name in ((self.outcomes, outcome), (self.classes, class_), (self.hits, tier)):
            if name:
                by[name] = by.get(name, 0) + sums.requests
        self.sums.plus(sums)

    def plus(self, other: Came) -> None:
        """Add another's."""
        for by, more in (
            (self.outcomes, other.outcomes),
            (self.classes, other.classes),
            (self.hits, other.hits),
        ):
            for name, count in more.items():
                by[name] = by.get(name, 0) + count
        self.in_flight += other.in_flight
        self.repeats_known &= other.repeats_known
        self.sums.plus(other.sums)


_Kept = OrderedDict[tuple[int, int], tuple[str, Came]]
"""By span and begin: what its rows were like, and what they came to. Those looked at last stand last."""
_kept: WeakKeyDictionary[LedgerReader, _Kept] = WeakKeyDictionary()


class Cells:
    """The minutes and hours of a ledger that `reader` is reading. Whatever is added to one, or taken out of it, changes
    how many requests one of its rows has: only then it is summed up again. For one thread at a time."""

    def __init__(self, reader: LedgerReader, db: sqlite3.Connection) -> None:
        self._db, self._kept = db, _kept.setdefault(reader, OrderedDict())
        self._repeats_from = minute_of_repeats(db)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def oldest_minute(self) -> int | None:
        (oldest,) = self._db.execute("SELECT min(began) FROM figures WHERE span = 60").fetchone()
        return None if oldest is None else int(oldest)

    def of(self, span: int, since: int, until: int) -> Iterator[tuple[int, Came]]:
        """Those from `since` to before `until`, in their order, each with its begin."""
        marks: dict[int, str] = dict(self._db.execute(_MARKS, (span, since, until)).fetchall())
        changed = [began for began, mark in marks.items() if not self._is_kept(span, began, mark)]
        if changed:
            self._read(span, changed, marks)
        for began in marks:
            self._kept.move_to_end((span, began))
            yield began, self._kept[span, began][1]

    def _is_kept(self, span: int, began: int, mark: str) -> bool:
        kept = self._kept.get((span, began))
        return kept is not None and kept[0] == mark

    def _read(self, span: int, changed: Sequence[int], marks: Mapping[int, str]) -> None:
        rows = self._db.execute(_ROWS, (span, changed[0], changed[-1]))
        for began, cells in groupby(rows, itemgetter(0)):
            if not self._is_kept(span, began, marks[began]):
                self._kept[span, began] = marks[began], _summed(cells, began >= self._repeats_from)


def _summed(rows: Iterable[_Row], repeats_known: bool) -> Came:
    came = Came(repeats_known=repeats_known)
    for _, outcome, class_, tier, *values in rows:
        came.add(outcome, class_, tier, _sums(*values))
    return came


def _sums(
    requests: int,
    tokens_in: int,
    tokens_out: int,
    cost_usd: float,
    saved_usd: float,
    repeats: int,
    unpriced: int,
    lengths: bytes,
) -> Sums:
    sums = Sums()
    sums.requests, sums.tokens_in, sums.tokens_out = requests, tokens_in, tokens_out
    sums.cost_usd, sums.saved_usd, sums.repeats, sums.unpriced = cost_usd, saved_usd, repeats, unpriced
    unpacked_into(sums.lengths, lengths)
    return sums


def repeats_from(db: sqlite3.Connection) -> str:
    (first,) = db.execute("SELECT repeats_from_id FROM ledger_rolled").fetchone()
    return str(first)


def minute_of_repeats(db: sqlite3.Connection) -> int:
    """The Unix time of the first full minute of which it was recorded what had been asked for before."""
    first = repeats_from(db)
    return (minute_of(first, 0) + 1) * 60 if first else 0
