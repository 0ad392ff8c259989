"""Names that requests can be looked for by: those that are in the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.store.ledger_reader import LedgerReader
from beastmode.store.ledger_rollup import ANY
from beastmode.store.ledger_schema import VERSION

MOST_NAMES = 200

_KINDS = "SELECT id, class, upstream, model, key FROM kinds"
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
    if reader.format < VERSION:
        return Names([], [], [], [])
    known: list[set[str]] = [{"", ANY} for _ in range(4)]
    with reader.reading() as db:
        for number, *named in db.execute(_KINDS).fetchall():
            is_new = any(name not in those for name, those in zip(named, known, strict=True))
            if is_new and db.execute(_SEEN, (number,)).fetchone():
                for name, those in zip(named, known, strict=True):
                    those.add(name)
    return Names(*(sorted(those - {"", ANY})[:MOST_NAMES] for those in known))
