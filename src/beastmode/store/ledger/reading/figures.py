"""What requests came to over time, from figures of minutes and hours: a million cost what a thousand do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from beastmode.store.ledger.entry import first_id
from beastmode.store.ledger.reading.cells import Came, Cells, repeats_from
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.rollups.latencies import kind_of
from beastmode.store.ledger.rollups.tally import Sums, is_a_length, is_a_repeat, minute_of, tier_of
from beastmode.store.ledger.schema import VERSION

MOST_ROWS = 1_000
"""Of the last seconds: more are a sample of them."""

_HOUR_S = 3600
_OPEN = "SELECT id FROM requests INDEXED BY requests_open WHERE outcome IS NULL"
_LATELY = "SELECT id, outcome, class, cache_why, total_s FROM requests WHERE id >= ? ORDER BY id DESC LIMIT ?"
_BLOCK_S = 600
_MOST_BLOCKS = 512
"""So many stretches of time stay put together: for whoever asks once a second, nearly none has changed since."""


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
            cells = Cells(reader, db)
            for (at, _), some in groupby(_came_by_time(cells, since, until, step), _block_in(since, step)):
                blocks[at].append(_kept_together(tuple(came for _, came in some)))
            for began in _in_flight(db, since, until):
                blocks[(began - since) // step].append(Came(in_flight=1))
    return [(float(began), _together(parts, known)) for began, parts in zip(begins, blocks, strict=True)]


def _block_in(since: int, step: int) -> Callable[[tuple[int, Came]], tuple[int, int]]:
    """Which step a minute or an hour belongs to, and which block of it."""
    return lambda cell: (max(0, cell[0] - since) // step, cell[0] // _BLOCK_S)


def _together(parts: Sequence[Came], repeats_known: bool) -> Came:
    if len(parts) == 1:
        return parts[0]
    came = Came(repeats_known=repeats_known)
    for part in parts:
        came.plus(part)
    return came


@lru_cache(_MOST_BLOCKS)
def _kept_together(parts: tuple[Came, ...]) -> Came:
    """The same one where the parts are the same."""
    return _together(parts, repeats_known=True)


def lately(reader: LedgerReader, now_unix: float, seconds: int) -> tuple[Came, float]:
    """Of the last seconds, from the rows: how many, how they ended, how long they took; tokens and costs are left out.
    And what of them was seen: where they are too many it is of the newest of them, and the share of the time is told
    that these cover: from more than 0 to 1. Raises LedgerError."""
    if not reader.format:
        return Came(repeats_known=False), 1.0
    with reader.reading() as db:
        rows = db.execute(_LATELY, (first_id(now_unix - seconds), MOST_ROWS)).fetchall()
        known = reader.format == VERSION and (not rows or rows[-1][0] >= repeats_from(db))
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


def _came_by_time(cells: Cells, since: int, until: int, step: int) -> Iterator[tuple[int, Came]]:
    """Whole hours as hours, where no step begins within them or where nothing else is left; all else by the minute."""
    oldest = cells.oldest_minute()
    first = last = since
    if step % _HOUR_S == since % _HOUR_S == 0 or step == until - since:
        first, last = -(-since // _HOUR_S) * _HOUR_S, until // _HOUR_S * _HOUR_S
    gone = until if oldest is None else min(until, oldest // _HOUR_S * _HOUR_S)
    if since < gone:
        first, last = since // _HOUR_S * _HOUR_S, max(last, gone)
    if first < last:
        yield from cells.of(60, since, first)
        yield from cells.of(_HOUR_S, first, last)
        since = last
    yield from cells.of(60, since, until)


def _in_flight(db: sqlite3.Connection, since: int, until: int) -> Iterable[int]:
    """The minutes of those that were received in that span and have not ended."""
    minutes = (minute_of(name, 0) * 60 for (name,) in db.execute(_OPEN))
    return [began for began in minutes if since <= began < until]
