"""Names that requests can be looked for by: those that are in the ledger."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.rollups.rollup import ANY
from beastmode.store.ledger.schema import VERSION

MOST_NAMES = 200
LOOK_ANEW_S = 10.0

_KINDS = "SELECT id, class, upstream, model, key FROM kinds WHERE id > ? ORDER BY id"
_SEEN = "SELECT 1 FROM seen WHERE kind = ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class Names:
    """By the alphabet, at most `MOST_NAMES` of each."""

    classes: list[str]
    upstreams: list[str]
    models: list[str]
    keys: list[str]


def names(reader: LedgerReader) -> Names:
    """Of requests that have ended and are still there. None of a ledger of an older version. Raises LedgerError."""
    return KnownNames(reader).names(0.0)


class KnownNames:
    """The names in the ledger that `reader` reads, for whoever asks for them every second: what is new since is looked
    at, and all of it anew every LOOK_ANEW_S, as names go with the last of their requests."""

    def __init__(self, reader: LedgerReader) -> None:
        self.reader = reader
        self._looked_s = float("-inf")
        self._last = 0
        self._known: list[set[str]] = []
        self._names = Names([], [], [], [])

    def names(self, now_s: float) -> Names:
        """As of `names`.   now_s: of a clock that only goes on."""
        if self.reader.format < VERSION:
            return self._names
        with self.reader.reading() as db:
            if now_s - self._looked_s >= LOOK_ANEW_S:
                self._looked_s, self._last, self._known = now_s, 0, [{"", ANY} for _ in range(4)]
                self._names = Names([], [], [], [])
            kinds = db.execute(_KINDS, (self._last,)).fetchall()
            for number, *named in kinds:
                self._add(db, number, named)
        if kinds:
            self._last = kinds[-1][0]
            self._names = Names(*(sorted(known - {"", ANY})[:MOST_NAMES] for known in self._known))
        return self._names

    def _add(self, db: sqlite3.Connection, number: int, named: list[str]) -> None:
        is_new = any(name not in known for name, known in zip(named, self._known, strict=True))
        if is_new and db.execute(_SEEN, (number,)).fetchone():
            for name, known in zip(named, self._known, strict=True):
                known.add(name)
