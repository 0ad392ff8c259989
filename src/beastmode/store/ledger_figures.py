"""What requests came to over time, from figures of minutes and hours: a million cost what a thousand do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any

from beastmode.store.entry import first_id
from beastmode.store.latencies import kind_of, unpacked_into
from beastmode.store.ledger_reader import LedgerReader
from beastmode.store.ledger_schema import VERSION
from beastmode.store.ledger_tally import Sums, is_a_length, is_a_repeat, minute_of, tier_of

MOST_ROWS = 2_000
"""Of the last seconds: more are a sample of them."""

_Row = tuple[Any, ...]
"""`began`, then `_SUMS`."""
_HOUR_S = 3600
_OPEN = "SELECT id FROM requests INDEXED BY requests_open WHERE outcome IS NULL"
_SUMS = (
    "outcome, class, tier, requests, tokens_in, tokens_out, cost_usd, saved_usd, repeats, unpriced, lengths"
)
_LATELY = "SELECT id, outcome, class, cache_why, total_s FROM requests WHERE id >= ? ORDER BY id DESC LIMIT ?"
_BLOCK_S = 600
_MOST_BLOCKS = 512
"""So many stretches of time stay summed up, by what their rows are: for whoever asks once a second, nearly none has
changed since."""


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


def over(reader: LedgerReader, since_unix: float, until_unix: float) -> Came:
    """Of that span, each end moved out to the full minute. Raises LedgerError."""
    since, until = _out_to(60, since_unix, until_unix)
    steps = _series(reader, since, until, until - since) if until > since else []
    return steps[0][1] if steps else Came()


def series(
    reader: LedgerReader, since_unix: float, until_unix: float, step_s: int
) -> list[tuple[float, Came]]:
    """Step by step, the oldest first, each with its begin: a full minute, and a full hour where steps are of hours.

    step_s: a multiple of 60. Where the minutes are gone that its begin is in, their hour is there as a whole. Raises
    LedgerError.
    """
    step = max(60, step_s // 60 * 60)
    since, until = _out_to(60 if step % _HOUR_S else _HOUR_S, since_unix, until_unix)
    return _series(reader, since, until, step)


def _out_to(span: int, since_unix: float, until_unix: float) -> tuple[int, int]:
    return int(since_unix // span) * span, -int(-until_unix // span) * span


def _series(reader: LedgerReader, since: int, until: int, step: int) -> list[tuple[float, Came]]:
    known = reader.format == VERSION
    begins = range(since, until, step)
    blocks: list[list[Came]] = [[] for _ in begins]
    if begins and known:
        with reader.reading() as db:
            recorded_from = _minute_of_repeats(db)
            for (at, _), rows in groupby(_cells(db, since, until, step), _block_in(since, step)):
                cells = tuple(rows)
                blocks[at].append(_summed(cells, repeats_known=cells[0][0] >= recorded_from))
            for began in _in_flight(db, since, until):
                blocks[(began - since) // step].append(Came(in_flight=1))
    return [(float(began), _together(parts, known)) for began, parts in zip(begins, blocks, strict=True)]


def _block_in(since: int, step: int) -> Callable[[_Row], tuple[int, int]]:
    """Which step a row belongs to, and which block of it."""
    return lambda row: (max(0, row[0] - since) // step, row[0] // _BLOCK_S)


def _together(parts: list[Came], repeats_known: bool) -> Came:
    if len(parts) == 1:
        return parts[0]
    came = Came(repeats_known=repeats_known)
    for part in parts:
        came.plus(part)
    return came


@lru_cache(_MOST_BLOCKS)
def _summed(rows: tuple[_Row, ...], *, repeats_known: bool) -> Came:
    came = Came(repeats_known=repeats_known)
    for _, outcome, class_, tier, *values in rows:
        came.add(outcome, class_, tier, _sums(*values))
    return came


def lately(reader: LedgerReader, now_unix: float, seconds: int) -> tuple[Came, float]:
    """Of the last seconds, from the rows: how many, how they ended, how long they took; tokens and costs are left out.
    And what of them was seen: where they are too many it is of the newest of them, and the share of the time is told
    that these cover: from more than 0 to 1. Raises LedgerError."""
    if not reader.format:
        return Came(repeats_known=False), 1.0
    with reader.reading() as db:
        rows = db.execute(_LATELY, (first_id(now_unix - seconds), MOST_ROWS)).fetchall()
        known = reader.format == VERSION and (not rows or rows[-1][0] >= _repeats_from(db))
    share = 1.0
    if len(rows) == MOST_ROWS and seconds > 0:
        share = min(1.0, max(1e-6, (now_unix - int(rows[-1][0][:13], 16) / 1e6) / seconds))
    return _came(rows, repeats_known=known), share


def _came(
    rows: Iterable[tuple[str, str | None, str | None, str | None, float | None]], *, repeats_known: bool
) -> Came:
    """Of rows as `_LATELY` has them. Written for speed: thousands, once a second."""
    came, alike = Came(repeats_known=repeats_known), dict[tuple[str, str | None, str | None], Sums]()
    for _, outcome, class_, why, total_s in rows:
        if outcome is None:
            came.in_flight += 1
            continue
        sums = alike.get((outcome, class_, why))
        if sums is None:
            sums = alike[outcome, class_, why] = Sums()
        sums.requests += 1
        if total_s is not None and is_a_length(total_s):
            kind = kind_of(total_s)
            sums.lengths[kind] = sums.lengths.get(kind, 0) + 1
    for (outcome, class_, why), sums in alike.items():
        sums.repeats = sums.requests if is_a_repeat(outcome, why or "") else 0
        came.add(outcome, class_ or "", tier_of(outcome, why or ""), sums)
    return came


def _repeats_from(db: sqlite3.Connection) -> str:
    (first,) = db.execute("SELECT repeats_from_id FROM ledger_rolled").fetchone()
    return str(first)


def _minute_of_repeats(db: sqlite3.Connection) -> int:
    """The Unix time of the first full minute of which it was recorded what had been asked for before."""
    first = _repeats_from(db)
    return (minute_of(first, 0) + 1) * 60 if first else 0


def _cells(db: sqlite3.Connection, since: int, until: int, step: int) -> Iterator[_Row]:
    """Whole hours as hours, where no step begins within them or where nothing else is left; all else by the minute."""
    (oldest,) = db.execute("SELECT min(began) FROM figures WHERE span = 60").fetchone()
    first = last = since
    if step % _HOUR_S == since % _HOUR_S == 0 or step == until - since:
        first, last = -(-since // _HOUR_S) * _HOUR_S, until // _HOUR_S * _HOUR_S
    gone = until if oldest is None else min(until, oldest // _HOUR_S * _HOUR_S)
    if since < gone:
        first, last = since // _HOUR_S * _HOUR_S, max(last, gone)
    if first < last:
        yield from _of(db, 60, since, first)
        yield from _of(db, _HOUR_S, first, last)
        since = last
    yield from _of(db, 60, since, until)


def _of(db: sqlite3.Connection, span: int, since: int, until: int) -> Iterable[_Row]:
    query = f"SELECT began, {_SUMS} FROM figures WHERE span = ? AND began >= ? AND began < ? ORDER BY began"  # noqa: S608
    return db.execute(query, (span, since, until))


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


def _in_flight(db: sqlite3.Connection, since: int, until: int) -> Iterable[int]:
    """The minutes of those that were received in that span and have not ended."""
    minutes = (minute_of(name, 0) * 60 for (name,) in db.execute(_OPEN))
    return [began for began in minutes if since <= began < until]
