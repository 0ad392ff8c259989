"""What requests came to over time, from figures of minutes and hours: a million cost what a thousand do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from beastmode.store.entry import first_id
from beastmode.store.latencies import unpacked_into
from beastmode.store.ledger_reader import LedgerReader
from beastmode.store.ledger_schema import REQUESTS, VERSION
from beastmode.store.ledger_tally import Cell, Sums, Tally, minute_of

MOST_ROWS = 5_000
"""Of the last seconds: more are a sample of them."""

_HOUR_S = 3600
_OPEN = "SELECT id FROM requests INDEXED BY requests_open WHERE outcome IS NULL"
_SUMS = (
    "outcome, class, tier, requests, tokens_in, tokens_out, cost_usd, saved_usd, repeats, unpriced, lengths"
)
_OUTCOME = list(REQUESTS.c.keys()).index("outcome")


@dataclass(slots=True)
class Came:
    """What the requests came to that were received in a span of time.

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

    def add(self, cell: Cell, sums: Sums) -> None:
        """Add the requests of a cell."""
        for by, name in ((self.outcomes, cell.outcome), (self.classes, cell.class_), (self.hits, cell.tier)):
            if name:
                by[name] = by.get(name, 0) + sums.requests
        self.sums.plus(sums)


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
    steps = [(float(began), Came(repeats_known=known)) for began in range(since, until, step)]
    if steps and known:
        with reader.reading() as db:
            recorded_from = _minute_of_repeats(db)
            for began, cell, sums in _cells(db, since, until, step):
                came = steps[max(0, began - since) // step][1]
                came.add(cell, sums)
                came.repeats_known &= began >= recorded_from
            for began in _in_flight(db, since, until):
                steps[(began - since) // step][1].in_flight += 1
    return steps


def lately(reader: LedgerReader, now_unix: float, seconds: int) -> tuple[Came, float]:
    """Of the last seconds, from the rows; and what of them was seen. Where they are too many it is of the newest of
    them, and the share of the time is told that these cover: from more than 0 to 1. Raises LedgerError."""
    if not reader.format:
        return Came(repeats_known=False), 1.0
    since = now_unix - seconds
    with reader.reading() as db:
        rows = db.execute(
            "SELECT * FROM requests WHERE id >= ? ORDER BY id DESC LIMIT ?", (first_id(since), MOST_ROWS)
        ).fetchall()
        known = reader.format == VERSION and (not rows or rows[-1][0] >= _repeats_from(db))
    came, tally = Came(repeats_known=known), Tally()
    tally.add(row for row in rows if row[_OUTCOME] is not None)
    for cell, sums in tally.cells.items():
        came.add(cell, sums)
    came.in_flight = sum(row[_OUTCOME] is None for row in rows)
    share = 1.0
    if len(rows) == MOST_ROWS and seconds > 0:
        share = min(1.0, max(1e-6, (now_unix - int(rows[-1][0][:13], 16) / 1e6) / seconds))
    return came, share


def _repeats_from(db: sqlite3.Connection) -> str:
    (first,) = db.execute("SELECT repeats_from_id FROM ledger_rolled").fetchone()
    return str(first)


def _minute_of_repeats(db: sqlite3.Connection) -> int:
    """The Unix time of the first full minute of which it was recorded what had been asked for before."""
    first = _repeats_from(db)
    return (minute_of(first, 0) + 1) * 60 if first else 0


def _cells(db: sqlite3.Connection, since: int, until: int, step: int) -> Iterator[tuple[int, Cell, Sums]]:
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


def _of(db: sqlite3.Connection, span: int, since: int, until: int) -> Iterator[tuple[int, Cell, Sums]]:
    query = f"SELECT began, {_SUMS} FROM figures WHERE span = ? AND began >= ? AND began < ?"  # noqa: S608
    for began, outcome, class_, tier, *values in db.execute(query, (span, since, until)):
        yield began, Cell(began // 60, outcome, class_, tier), _sums(*values)


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
