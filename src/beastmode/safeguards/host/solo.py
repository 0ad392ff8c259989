"""Host solo: from the file to the memory of the one process that is alone at a server, and back. SQL, in a transaction.

Alone, a process needs no transaction to count: it counts in its memory and shows on its board what others would have to
know. Whoever comes marks that board first, and reads it then. Whoever counts alone shows what it takes first, and looks
for the mark then. So one of the two always sees the other, wherever either is stopped or killed. A board outlives its
process, so who comes after one that was killed knows what it started.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from beastmode.safeguards.host import board, members
from beastmode.safeguards.host.board import Rows, Shown, read_board
from beastmode.safeguards.host.liveness import is_held
from beastmode.safeguards.host.log import HostLog, LogName, forget_all
from beastmode.safeguards.limit_store import MemoryStore, Past

ALONE_S = 1.0
"""Alone for so long, a process counts in its memory; coming and going costs a few transactions more than staying."""
HANDOVER_S = 0.02
"""Between the mark and the reading: far longer than any processor keeps a write to itself. Once for each that joins."""

pause = time.sleep
_LOGS: tuple[LogName, ...] = ("starts", "spent")


def begin(db: sqlite3.Connection, member: int, limits: members.Limits, now: float) -> MemoryStore:
    """From the commit on, `member`, the only one there is, counts in the store returned."""
    store = MemoryStore(limits.concurrency, limits.rates, limits.tokens)
    store.go_on_from(_past(db, limits, now))
    db.execute("UPDATE state SET solo = ?", (member,))
    return store


def end(db: sqlite3.Connection, member: int, shown: Shown | None, now: float) -> None:
    """`member` itself counts in the file again. What it started is on its board; its calls it writes down by itself."""
    _collect(db, member, shown, now)
    db.execute("UPDATE state SET solo = 0 WHERE solo = ?", (member,))


def take_over(db: sqlite3.Connection, stem: Path, owner: int, clock: Callable[[], float]) -> None:
    """Somebody else comes, who is no member yet, and finds that `owner` has been counting alone."""
    path = members.liveness_path(stem, owner)
    lives = is_held(path)
    if lives:
        _mark([path])
    shown = read_board(path)
    _collect(db, owner, shown, clock())
    if shown is not None:
        _take_down(db, owner, shown, clock())
    db.execute("UPDATE state SET solo = 0")
    if not lives:
        members.bury(db, owner, clock())
        path.unlink(missing_ok=True)


def adopt(db: sqlite3.Connection, stem: Path, me: int, linger_s: float, clock: Callable[[], float]) -> bool:
    """Whoever is the first in a file takes down what other live processes show that they hold, until they join.
    True if there are any: then the file that they had joined is lost, and what they started is not known."""
    strangers = members.strangers(db, stem, me)
    if strangers:
        _mark(strangers.values())
    for member, path in strangers.items():
        members.hear_of(db, member, linger_s)
        shown = read_board(path)
        if shown is not None:
            _take_down(db, member, shown, clock())
    return bool(strangers)


def _mark(paths: Iterable[Path]) -> None:
    """Whoever counts alone there does so no longer; what it has done until now can be read when this returns."""
    for path in paths:
        with suppress(FileNotFoundError):
            board.ask(path)
    pause(HANDOVER_S)


def _take_down(db: sqlite3.Connection, member: int, shown: Shown, now: float) -> None:
    """Calls of another member that are known from its board: how many, not which."""
    db.execute("DELETE FROM calls WHERE member = ?", (member,))
    held, rows = shown.held, list[tuple[int, int, float | None]]()
    rows += [(held.places, held.tokens, None)] * min(held.slots, 1)
    rows += [(0, 0, None)] * (held.slots - 1)
    rows += [(0, 0, until) for until, _ in shown.rows_after("lingering", 0).rows if until > now]
    numbered = [(member, -number, *row) for number, row in enumerate(rows, 1)]
    db.executemany("INSERT INTO calls VALUES (?, ?, ?, ?, ?)", numbered)


def _collect(db: sqlite3.Connection, member: int, shown: Shown | None, now: float) -> None:
    """Write down what `member` started and spent alone, each row once, whoever does it."""
    query = "SELECT starts_seen, spent_seen FROM members WHERE member = ? AND pid != 0"
    seen = db.execute(query, (member,)).fetchone()
    if seen is None:
        return  # it is no member of this file: all of it counts as unknown when it joins
    if shown is None:
        forget_all(db, now)
        return
    last = [_append(db, log, shown.rows_after(log, number)) for log, number in zip(_LOGS, seen, strict=True)]
    db.execute("UPDATE members SET starts_seen = ?, spent_seen = ? WHERE member = ?", (*last, member))


def _append(db: sqlite3.Connection, name: LogName, rows: Rows) -> int:
    if rows.rows:
        log = HostLog.read(db, name)
        if not rows.whole:
            log.forget(rows.rows[0][0])
        for at, amount in rows.rows:
            log.append(at, amount)
    return rows.last


def _past(db: sqlite3.Connection, limits: members.Limits, now: float) -> Past:
    """All that the file knows: there is nobody whose calls could be meant but the one that asks."""
    query = (
        "SELECT count(*), coalesce(sum(places), 0), coalesce(sum(tokens), 0) FROM calls WHERE until IS NULL"
    )
    busy, leaving, tokens = db.execute(query).fetchone()
    lingering = db.execute("SELECT until FROM calls WHERE until > ?", (now,)).fetchall()
    starts, spent = HostLog.read(db, "starts"), HostLog.read(db, "spent")
    starts_s = max((rate.padded_span_s for rate in limits.rates), default=0.0)
    spent_s = max((rate.padded_span_s for rate in limits.tokens), default=0.0)
    return Past(
        busy,
        leaving,
        tokens,
        [until for (until,) in lingering],
        starts.since(now - starts_s),
        spent.since(now - spent_s),
        starts.lost_at,
        spent.lost_at,
    )
