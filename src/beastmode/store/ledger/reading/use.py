"""What each key has used, and each task of a run, as the ledger has it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from beastmode.store.allowance import NO_USE, Use, begins_unix, period_names
from beastmode.store.ledger.entry import first_id
from beastmode.store.ledger.file import fault, version_of
from beastmode.store.ledger.notes import take_in
from beastmode.store.sqlite.file import connect

_LEFT = "(tries > 0 OR outcome IS NULL OR outcome = 'unfinished')"
_FREE = "outcome IN ('hit', 'shared')"
_AS_USAGE = {
    "requests": "count(*)",
    "refused": "sum(CASE WHEN status IN (429, 529) THEN 1 ELSE 0 END)",
    "hits": f"sum(CASE WHEN {_FREE} THEN 1 ELSE 0 END)",
    "tokens_in": f"sum(CASE WHEN {_FREE} THEN 0 ELSE tokens_in END)",
    "tokens_out": f"sum(CASE WHEN {_FREE} THEN 0 ELSE tokens_out END)",
    "cost_usd": "sum(cost_usd)",
    "unpriced": f"sum(CASE WHEN {_LEFT} AND cost_usd IS NULL THEN 1 ELSE 0 END)",
}
_USE = "count(*), sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), sum(cost_usd), sum(cost_usd IS NULL)"
_OF_KEYS = f"""
    SELECT key, received_unix >= ? AS today, {_USE} FROM requests
    WHERE id >= ? AND {_LEFT} AND key IN (SELECT value FROM json_each(?)) GROUP BY key, today
"""  # noqa: S608 all of it is ours
_OF_RUN = f"SELECT task, {_USE} FROM requests WHERE {_LEFT} AND run = ? GROUP BY task"  # noqa: S608 likewise
_OF_ATTEMPTS = f"""
    SELECT task, attempt, {", ".join(_AS_USAGE.values())} FROM requests
    WHERE run = ? AND attempt IS NOT NULL GROUP BY task, attempt
"""  # noqa: S608 likewise
_ASKED_BY_ATTEMPTS = """
    SELECT task, attempt, sum(coalesce(total_s, 0.0) - coalesce(queue_s, 0.0)), sum(coalesce(queue_s, 0.0))
    FROM (SELECT run, task, attempt, queue_s, total_s FROM requests WHERE id >= ? AND id < ? LIMIT ?)
    WHERE run = ? AND attempt IS NOT NULL GROUP BY task, attempt
"""


def used_by(path: Path, keys: Collection[str], unix: float) -> dict[tuple[str, str], Use]:
    """What left for an upstream in the day and the month of `unix`, by name of the key and name of the period.

    path: of a ledger; where there is none nothing was used. What its retention has deleted, or what was in flight when
    its gateway was killed, is not in it, but for the request itself. Reads all rows of the month, about 1 s a million.
    Raises LedgerVersionError and LedgerError.
    """
    if not path.exists() or not keys:
        return {}
    day, month = period_names(unix)
    values = begins_unix("day", unix), first_id(begins_unix("month", unix)), json.dumps(list(keys))
    used: dict[tuple[str, str], Use] = {}
    for name, today, requests, tokens, usd, unpriced in _rows(path, _OF_KEYS, values):
        use = Use(requests, tokens, usd or 0.0, unpriced)
        for period in (day, month) if today else (month,):
            used[name, period] = used.get((name, period), NO_USE).plus(use)
    return used


def used_in_run(path: Path, run: str) -> dict[str, Use]:
    """What the requests of each task of a run have used, that left for an upstream; as `used_by` has it. Reads all rows
    of the ledger, about 1 s a million."""
    if not path.exists():
        return {}
    return {
        task: Use(requests, tokens, usd or 0.0, unpriced)
        for task, requests, tokens, usd, unpriced in _rows(path, _OF_RUN, (run,))
    }


def used_by_attempts(path: Path, run: str) -> dict[tuple[str, int], dict[str, float]]:
    """What each attempt of a run has used, by task and number, in the words of `Usage`. One that was in flight when its
    gateway was killed has no price. Reads all rows of the ledger. Raises LedgerVersionError and LedgerError."""
    if not path.exists():
        return {}
    return {
        (task, attempt): dict(zip(_AS_USAGE, (amount or 0 for amount in amounts), strict=True))
        for task, attempt, *amounts in _rows(path, _OF_ATTEMPTS, (run,))
    }


def asked_by_attempts(
    path: Path, run: str, since_unix: float, until_unix: float, most: int
) -> dict[tuple[str, int], tuple[float, float]]:
    """Seconds that the requests of each attempt of a run were at their upstream, and that they waited before, by task
    and number. Of those received between two times, the first `most`. Raises LedgerVersionError and LedgerError."""
    if not path.exists():
        return {}
    values = first_id(since_unix), first_id(until_unix), most, run
    return {
        (task, attempt): (max(asked_s, 0.0), waited_s)
        for task, attempt, asked_s, waited_s in _rows(path, _ASKED_BY_ATTEMPTS, values)
    }


def _rows(path: Path, query: str, values: Sequence[object]) -> list[Any]:
    take_in(path)
    try:
        with closing(connect(path, write=False)) as db:
            return db.execute(query, values).fetchall() if version_of(db, path) else []
    except sqlite3.Error as error:
        raise fault(error, path, "read") from error
