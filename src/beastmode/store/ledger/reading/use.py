"""What each key has used, and each task of a run, as the ledger has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Select, and_, case, create_engine, func, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from beastmode.store.allowance import NO_USE, Use, begins_unix, period_names
from beastmode.store.ledger.entry import first_id
from beastmode.store.ledger.file import fault, version_of
from beastmode.store.ledger.notes import take_in
from beastmode.store.ledger.schema import REQUESTS
from beastmode.store.sqlite.file import connect

_IS = REQUESTS.c
_LEFT = or_(_IS.tries > 0, _IS.outcome.is_(None), _IS.outcome == "unfinished")
_FREE = _IS.outcome.in_(("hit", "shared"))
_AS_USAGE = {
    "requests": func.count(),
    "refused": func.sum(case((_IS.status.in_((429, 529)), 1), else_=0)),
    "hits": func.sum(case((_FREE, 1), else_=0)),
    "tokens_in": func.sum(case((_FREE, 0), else_=_IS.tokens_in)),
    "tokens_out": func.sum(case((_FREE, 0), else_=_IS.tokens_out)),
    "cost_usd": func.sum(_IS.cost_usd),
    "unpriced": func.sum(case((and_(_LEFT, _IS.cost_usd.is_(None)), 1), else_=0)),
}
_USE = (
    func.count(),
    func.sum(func.coalesce(_IS.tokens_in, 0) + func.coalesce(_IS.tokens_out, 0)),
    func.sum(_IS.cost_usd),
    func.sum(case((_IS.cost_usd.is_(None), 1), else_=0)),
)


def used_by(path: Path, keys: Collection[str], unix: float) -> dict[tuple[str, str], Use]:
    """What left for an upstream in the day and the month of `unix`, by name of the key and name of the period.

    path: of a ledger; where there is none nothing was used. What its retention has deleted, or what was in flight when
    its gateway was killed, is not in it, but for the request itself. Reads all rows of the month, about 1 s a million.
    Raises LedgerVersionError and LedgerError.
    """
    if not path.exists() or not keys:
        return {}
    day, month = period_names(unix)
    used: dict[tuple[str, str], Use] = {}
    for name, today, requests, tokens, usd, unpriced in _rows(path, _query(keys, unix)):
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
        for task, requests, tokens, usd, unpriced in _rows(path, _query_of_run(run))
    }


def used_by_attempts(path: Path, run: str) -> dict[tuple[str, int], dict[str, float]]:
    """What each attempt of a run has used, by task and number, in the words of `Usage`. One that was in flight when its
    gateway was killed has no price. Reads all rows of the ledger. Raises LedgerVersionError and LedgerError."""
    if not path.exists():
        return {}
    return {
        (task, attempt): dict(zip(_AS_USAGE, (amount or 0 for amount in amounts), strict=True))
        for task, attempt, *amounts in _rows(path, _query_of_attempts(run))
    }


def asked_by_attempts(
    path: Path, run: str, since_unix: float, until_unix: float, most: int
) -> dict[tuple[str, int], tuple[float, float]]:
    """Seconds that the requests of each attempt of a run were at their upstream, and that they waited before, by task
    and number. Of those received between two times, the first `most`. Raises LedgerVersionError and LedgerError."""
    if not path.exists():
        return {}
    within = _IS.id >= first_id(since_unix), _IS.id < first_id(until_unix)
    some = select(_IS.run, _IS.task, _IS.attempt, _IS.queue_s, _IS.total_s).where(*within).limit(most)
    of = some.subquery().c
    waited = func.coalesce(of.queue_s, 0.0)
    asked = func.sum(func.coalesce(of.total_s, 0.0) - waited), func.sum(waited)
    query = select(of.task, of.attempt, *asked).where(of.run == run, of.attempt.is_not(None))
    return {
        (task, attempt): (max(asked_s, 0.0), waited_s)
        for task, attempt, asked_s, waited_s in _rows(path, query.group_by(of.task, of.attempt))
    }


def _rows(path: Path, query: Select[Any]) -> list[Any]:
    take_in(path)
    try:
        with closing(connect(path, write=False)) as db:
            if version_of(db, path) == 0:
                return []
            engine = create_engine("sqlite://", creator=lambda: db, poolclass=StaticPool)
            with engine.connect() as connection:
                return list(connection.execute(query))
    except (sqlite3.Error, DBAPIError) as error:
        raise fault(getattr(error, "orig", None) or error, path, "read") from error


def _query(keys: Collection[str], unix: float) -> Select[Any]:
    today = _IS.received_unix >= begins_unix("day", unix)
    since = _IS.id >= first_id(begins_unix("month", unix))
    return select(_IS.key, today, *_USE).where(since, _LEFT, _IS.key.in_(keys)).group_by(_IS.key, today)


def _query_of_run(run: str) -> Select[Any]:
    return select(_IS.task, *_USE).where(_LEFT, _IS.run == run).group_by(_IS.task)


def _query_of_attempts(run: str) -> Select[Any]:
    asked = _IS.run == run, _IS.attempt.is_not(None)
    return select(_IS.task, _IS.attempt, *_AS_USAGE.values()).where(*asked).group_by(_IS.task, _IS.attempt)
