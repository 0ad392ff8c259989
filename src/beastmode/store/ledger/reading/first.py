"""When each name was first seen: an upstream, a model, a key that is new may be why something fails."""

from __future__ import annotations

from typing import Literal

from beastmode.store.ledger.reading.reader import LedgerReader

Of = Literal["upstream", "model", "key"]
Firsts = dict[tuple[Of, str], float]
"""By what it is and its name: the minute in which the first request of it was received that has ended."""

_FORMAT = 3
"""Older ledgers do not keep which kinds of requests were seen when."""
_MINUTE_S = 60.0
_KINDS = "SELECT upstream, model, key, (SELECT MIN(minute) FROM seen WHERE seen.kind = kinds.id) FROM kinds"


def first_seen(reader: LedgerReader) -> Firsts:
    """All names that are known. What retention has deleted was never seen; where an older ledger is still being brought
    up to date, nothing is known. Reads the kinds of requests, of which there are few, however many requests there are.
    Raises LedgerError."""
    firsts: Firsts = {}
    if reader.format < _FORMAT:
        return firsts
    with reader.reading() as db:
        (missing,) = db.execute("SELECT from_id FROM ledger_rolled").fetchone()
        for upstream, model, key, minute in [] if missing else db.execute(_KINDS):
            if minute is not None:
                _note(firsts, ("upstream", upstream), minute)
                _note(firsts, ("model", model), minute)
                _note(firsts, ("key", key), minute)
    return firsts


def _note(firsts: Firsts, name: tuple[Of, str], minute: int) -> None:
    firsts[name] = min(firsts.get(name, float("inf")), minute * _MINUTE_S)
