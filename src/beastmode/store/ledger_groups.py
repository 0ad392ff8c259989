"""What went wrong, grouped: all requests of one class and cause are one thing to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beastmode.store.ledger_reader import LedgerReader


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that failed alike.

    cause, tip: of the newest.   count, first_unix, last_unix: of those since the time that was asked for.   tasks:
    (run, task).   tasks, keys, upstreams, models: some that were hit, the newest first; `left_out` tells how many tasks
    more are known.   sample: the id of the newest.
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
    """What has gone wrong since then, the one seen last first; at most `most`."""
    raise NotImplementedError
