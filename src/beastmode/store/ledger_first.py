"""When a name was first seen: an upstream, a model, a key that is new may be why something fails."""

from __future__ import annotations

from typing import Literal

from beastmode.store.ledger_reader import LedgerReader

Of = Literal["upstream", "model", "key"]

_FORMAT = 3
"""Older ledgers do not keep which kinds of requests were seen when."""
_MINUTE_S = 60.0


def first_seen_unix(reader: LedgerReader, of: Of, name: str) -> float | None:
    """The minute in which the first request of that name was received that has ended; None where that is not known.

    Asked of the kinds of requests (`ledger_schema.SEEN`): as quick for ten million as for ten. What retention has
    deleted was never seen; where an older ledger is still being brought up to date, nothing is known.
    """
    if reader.format < _FORMAT:
        return None
    of_kind = "(SELECT MIN(minute) FROM seen WHERE seen.kind = kinds.id)"
    with reader.reading() as db:
        (missing,) = db.execute("SELECT from_id FROM ledger_rolled").fetchone()
        query = f'SELECT MIN({of_kind}) FROM kinds WHERE "{of}" = ?'  # noqa: S608 names of ours
        (minute,) = db.execute(query, (name,)).fetchone()
    return None if missing or minute is None else minute * _MINUTE_S
