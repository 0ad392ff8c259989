"""Names that requests can be looked for by: those that are in the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.store.ledger_reader import LedgerReader
from beastmode.store.ledger_rollup import ANY
from beastmode.store.ledger_schema import VERSION

MOST_NAMES = 200

_KNOWN = """
SELECT class, upstream, model, key FROM kinds
WHERE EXISTS (SELECT 1 FROM seen WHERE kind = kinds.id)
"""


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
    with reader.reading() as db:
        columns = list(zip(*db.execute(_KNOWN), strict=True)) or [()] * 4
    return Names(*(sorted(set(column) - {"", ANY})[:MOST_NAMES] for column in columns))
