"""Host members: the processes that share a server, from joining to burial. SQL, in a transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beastmode.safeguards.host_file import new_generation
from beastmode.safeguards.host_log import StartLog
from beastmode.safeguards.liveness import is_held, shown
from beastmode.settings import Rate


@dataclass(frozen=True, slots=True)
class Strictest:
    """What holds for all: the least concurrency, and for each span the fewest starts.   members: >= 1."""

    concurrency: int | None
    windows: tuple[tuple[float, int], ...]
    members: int


def liveness_path(stem: Path, member: int) -> Path:
    """The file that `member` of the limits at `stem` keeps locked while it lives."""
    return stem.with_name(f"{stem.name}.{member:016x}.alive")


def strictest(db: sqlite3.Connection) -> Strictest:
    members, concurrency = db.execute("SELECT count(*), min(concurrency) FROM members").fetchone()
    windows = db.execute("SELECT span_s, min(starts) FROM limits GROUP BY span_s ORDER BY span_s").fetchall()
    return Strictest(concurrency, tuple(windows), members)


def is_member(db: sqlite3.Connection, member: int) -> bool:
    query = "SELECT 1 FROM members WHERE member = ? AND pid != 0"  # 0: known only from hearsay, see `adopt`
    return db.execute(query, (member,)).fetchone() is not None


def enter(
    db: sqlite3.Connection, member: int, concurrency: int | None, rates: Sequence[Rate], linger_s: float
) -> None:
    """Join with these limits, or change them."""
    if not is_member(db, member):
        db.execute("DELETE FROM calls WHERE member = ?", (member,))  # hearsay, or from before a burial
    db.execute("REPLACE INTO members VALUES (?, ?, ?, ?)", (member, os.getpid(), concurrency, linger_s))
    db.execute("DELETE FROM limits WHERE member = ?", (member,))
    db.executemany(
        "INSERT INTO limits VALUES (?, ?, ?)", [(member, r.padded_span_s, r.starts) for r in rates]
    )
    longest = max((rate.padded_span_s for rate in rates), default=0.0)
    db.execute("UPDATE state SET generation = ?, kept_s = max(kept_s, ?)", (new_generation(), longest))


def adopt(db: sqlite3.Connection, stem: Path, me: int, linger_s: float) -> bool:
    """Whoever is the first in a file takes down what other live processes say that they hold, until they join.
    True if there are any: then the file that they had joined is lost, and what they started is not known."""
    if db.execute("SELECT 1 FROM members").fetchone() is not None:
        return False
    others = {path: int(path.name.split(".")[-2], 16) for path in _alive(stem)}
    live = {path: member for path, member in others.items() if member != me and is_held(path)}
    for path, member in live.items():
        busy, leaving = shown(path)
        db.execute("INSERT INTO members VALUES (?, 0, NULL, ?)", (member, linger_s))
        rows = [(member, -number, leaving if number == 1 else 0) for number in range(1, busy + 1)]
        db.executemany("INSERT INTO calls VALUES (?, ?, ?, NULL)", rows)
    return bool(live)


def bury(db: sqlite3.Connection, member: int, now: float) -> None:
    """A member has gone. The server may still be at work on what it had in flight, so its slots linger; its
    places may have been on the way, so they count as started now."""
    query = "SELECT coalesce(sum(places), 0) FROM calls WHERE member = ?"
    (leaving,) = db.execute(query, (member,)).fetchone()
    if leaving:
        StartLog.read(db).append(now, leaving)
    (linger_s,) = db.execute("SELECT linger_s FROM members WHERE member = ?", (member,)).fetchone()
    db.execute(
        "UPDATE calls SET places = 0, until = coalesce(until, ?) WHERE member = ?", (now + linger_s, member)
    )
    for table in ("members", "limits", "waiters"):
        db.execute(f"DELETE FROM {table} WHERE member = ?", (member,))  # noqa: S608  names of our own
    db.execute("UPDATE state SET generation = ?", (new_generation(),))


def bury_dead(db: sqlite3.Connection, stem: Path, me: int, now: float) -> bool:
    """Bury every other member whose process has ended. True if there was one."""
    others = db.execute("SELECT member FROM members WHERE member != ?", (me,)).fetchall()
    dead = [member for (member,) in others if not is_held(liveness_path(stem, member))]
    for member in dead:
        bury(db, member, now)
        liveness_path(stem, member).unlink(missing_ok=True)
    return bool(dead)


def sweep(stem: Path) -> None:
    """Remove the files of processes that died before they joined, or whose limits were lost with a file."""
    for path in _alive(stem):
        if not is_held(path):
            path.unlink(missing_ok=True)


def _alive(stem: Path) -> list[Path]:
    return list(stem.parent.glob(f"{stem.name}.{'[0-9a-f]' * 16}.alive"))
