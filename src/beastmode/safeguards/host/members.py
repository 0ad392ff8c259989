"""Host members: the processes that share a server, from joining to burial. SQL, in a transaction."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from beastmode.safeguards.host.file import new_generation
from beastmode.safeguards.host.liveness import is_held
from beastmode.safeguards.host.log import HostLog, LogName
from beastmode.settings import Rate, TokenRate


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one process.   linger_s: how much longer its slots are held should it die."""

    concurrency: int | None
    rates: tuple[Rate, ...]
    tokens: tuple[TokenRate, ...]
    linger_s: float


@dataclass(frozen=True, slots=True)
class Strictest:
    """What holds for all: the least concurrency, and for each span the fewest starts, the fewest tokens.
    members: >= 1."""

    concurrency: int | None
    windows: tuple[tuple[float, int], ...]
    tokens: tuple[tuple[float, int], ...]
    members: int


def liveness_path(stem: Path, member: int) -> Path:
    """The file that `member` of the limits at `stem` keeps locked while it lives."""
    return stem.with_name(f"{stem.name}.{member:016x}.alive")


def strictest(db: sqlite3.Connection) -> Strictest:
    members, concurrency = db.execute("SELECT count(*), min(concurrency) FROM members").fetchone()
    return Strictest(concurrency, _fewest(db, "starts"), _fewest(db, "spent"), members)


def _fewest(db: sqlite3.Connection, log: LogName) -> tuple[tuple[float, int], ...]:
    query = "SELECT span_s, min(most) FROM limits WHERE log = ? GROUP BY span_s ORDER BY span_s"
    return tuple(db.execute(query, (log,)).fetchall())


def is_member(db: sqlite3.Connection, member: int) -> bool:
    query = "SELECT 1 FROM members WHERE member = ? AND pid != 0"  # 0: known only from hearsay, see `adopt`
    return db.execute(query, (member,)).fetchone() is not None


def enter(db: sqlite3.Connection, member: int, limits: Limits, rows: tuple[int, int]) -> None:
    """Join with these limits, or change them.   rows: of starts and spent tokens on its board, all known here."""
    if not is_member(db, member):
        db.execute("DELETE FROM calls WHERE member = ?", (member,))  # hearsay, or from before a burial
    row = (member, os.getpid(), limits.concurrency, limits.linger_s, *rows)
    db.execute("REPLACE INTO members VALUES (?, ?, ?, ?, ?, ?)", row)
    db.execute("DELETE FROM limits WHERE member = ?", (member,))
    windows: list[tuple[int, LogName, float, int]] = []
    windows += [(member, "starts", rate.padded_span_s, rate.starts) for rate in limits.rates]
    windows += [(member, "spent", rate.padded_span_s, rate.tokens) for rate in limits.tokens]
    db.executemany("INSERT INTO limits VALUES (?, ?, ?, ?)", windows)
    longest = max((span_s for _, _, span_s, _ in windows), default=0.0)
    db.execute("UPDATE state SET generation = ?, kept_s = max(kept_s, ?)", (new_generation(), longest))


def hear_of(db: sqlite3.Connection, member: int, linger_s: float) -> None:
    """A live process that this file does not know, until it joins by itself."""
    db.execute("INSERT INTO members VALUES (?, 0, NULL, ?, 0, 0)", (member, linger_s))


def strangers(db: sqlite3.Connection, stem: Path, me: int) -> dict[int, Path]:
    """Live processes that a file without members does not know: the file that they had joined is lost."""
    if db.execute("SELECT 1 FROM members").fetchone() is not None:
        return {}
    others = {int(path.name.split(".")[-2], 16): path for path in _alive(stem)}
    return {member: path for member, path in others.items() if member != me and is_held(path)}


def bury(db: sqlite3.Connection, member: int, now: float) -> None:
    """A member has gone. The server may still be at work on what it had in flight, so its slots linger; its
    places may have been on the way, so they count as started now, and its tokens as spent now."""
    query = "SELECT coalesce(sum(places), 0), coalesce(sum(tokens), 0) FROM calls WHERE member = ?"
    leaving, tokens = db.execute(query, (member,)).fetchone()
    HostLog.read(db, "starts").append(now, leaving)
    HostLog.read(db, "spent").append(now, tokens)
    (linger_s,) = db.execute("SELECT linger_s FROM members WHERE member = ?", (member,)).fetchone()
    query = "UPDATE calls SET places = 0, tokens = 0, until = coalesce(until, ?) WHERE member = ?"
    db.execute(query, (now + linger_s, member))
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
