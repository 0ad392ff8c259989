"""The cache's file: where it lies, how it is opened and written, and what its faults mean in words (SQLite)."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite

from beastmode.errors import BeastError, CacheError, CacheVersionError
from beastmode.store.entries import schema
from beastmode.store.entries.moment import MOST_CLEARS, Moment
from beastmode.store.sqlite.file import (
    UPDATE_TIP,
    Tips,
    begin_private,
    connect,
    file_id,
    must_still_be,
    told,
    transaction,
    version_in,
)

WAL_KEPT_BYTES = 16 * 1024 * 1024
SILENT_S = 15.0
"""A process that has not told of its memory for so long has ended."""

_DIALECT = sqlite.dialect()
_DAMAGED_TIP = "Move or delete the file: a new one is begun by itself, and only answers are lost."
_TIPS = Tips(
    full="Free space on the disk that holds the cache, or delete the cache: only answers are lost.",
    disk="See to the disk that holds the cache (is it full, is it failing?).",
    busy="Another process holds it. End that; it goes on by itself.",
    damaged=_DAMAGED_TIP,
    other=_DAMAGED_TIP,  # its tables are others than a cache's
)


class EntryRow(NamedTuple):
    """A row of `entries`, and its tags.   answer: sealed; see cache/sealing.py.   clears: of the moment at which it was
    valid."""

    key: bytes
    generation: int
    stored_unix: float
    expires_unix: float
    model: str
    size: int
    answer: bytes
    clears: int = 0
    tags: tuple[str, ...] = ()


class TierCount(NamedTuple):
    """What a tier was asked for, and had."""

    hits: int
    misses: int


def cache_path(home: Path) -> Path:
    """The cache of a home."""
    return home / "cache.db"


def new_generation() -> int:
    """A number that no cache had before, > 0."""
    return secrets.randbits(62) + 1


class Forgotten(NamedTuple):
    """How far the answers of a clear are deleted: in all sets of tags before `tag_set`. None comes back there: what is
    written since is of a later moment."""

    tag: str = ""
    number: int = 0
    tag_set: int = 0


class EntriesFile:
    """The cache at `path`, open to be written; made where there is none. For one thread at a time.

    forgotten: what `upkeep` has done of a clear.

    Raises CacheVersionError for one of a newer version, without writing to it; CacheError where it is no cache or
    cannot be used. The other methods raise sqlite3.Error and OSError: see `fault`.
    """

    def __init__(self, path: Path, now_unix: float) -> None:
        self.path, self.forgotten = path, Forgotten()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            begin_private(path)  # what models answered is nobody else's business
            self.db = connect(path, write=True)
        except (OSError, sqlite3.Error) as error:
            raise fault(error, path, "opened") from error
        try:
            self._prepare(now_unix)
            self.id = file_id(path)
            self._moment = moment_of(self.db)
        except (OSError, sqlite3.Error) as error:
            self.db.close()
            raise fault(error, path, "opened") from error
        except BeastError:
            self.db.close()
            raise

    def moment(self) -> Moment:
        """What is cleared by now; the same object as before where nothing was since. Raises where the file was deleted
        or replaced: what is written then is lost."""
        must_still_be(self.path, self.id)
        if _one(self.db, schema.READ_MOMENT) != (self._moment.generation, self._moment.clears):
            self._moment = moment_of(self.db)
        return self._moment

    def write(self, rows: Sequence[EntryRow]) -> None:
        """Insert those that were not cleared since, or replace those of the same key, in one commit; the others are not
        written, however long they waited."""
        with transaction(self.db):
            now = self.moment()
            rows = [row for row in rows if now.allows(Moment(row.generation, row.clears), row.tags)]
            sets = {row.tags: tag_set_of(row.tags) for row in rows}
            self.db.executemany(_tag(), [(tag, of) for tags, of in sets.items() for tag in tags])
            self.db.executemany(_put(), [(*row[:7], now.clears, sets[row.tags]) for row in rows])

    def clear_tag(self, tag: str) -> None:
        """From now on no answer with this tag is valid that was begun before. What is there of them is deleted
        afterwards, see `upkeep`."""
        with transaction(self.db):
            self.db.execute(sql(schema.COUNT_CLEAR))
            must_still_be(self.path, self.id)
            _, clears = _one(self.db, schema.READ_MOMENT)
            self.db.execute(_clear(), (tag, clears, 0))
            self.db.execute(sql(schema.FORGET_CLEARED), (clears - MOST_CLEARS,))

    def begin_anew(self, now_unix: float) -> int:
        """Begin another generation, and with it other counts: nothing of before is read or written from now on."""
        generation = new_generation()
        with transaction(self.db):
            self.db.execute(sql(schema.BEGIN_ANEW), (generation, now_unix))
            self.db.execute(sql(schema.FORGET_COUNTS))
        return generation

    def tell(
        self, process: str, now_unix: float, kept: tuple[int, int], counts: dict[str, TierCount]
    ) -> None:
        """Add to the counts of the tiers, and say how many entries and bytes the memory of a process holds."""
        with transaction(self.db):
            self.db.executemany(_count(), [(tier, *count) for tier, count in counts.items()])
            self.db.execute(_tell(), (process, now_unix, *kept))
            self.db.execute(sql(schema.FORGET_SILENT), (now_unix - 4 * SILENT_S,))

    def forget(self, process: str) -> None:
        """This process has no memory any more."""
        self.db.execute(sql(schema.FORGET_MEMORY), (process,))

    def close(self) -> None:
        """Let go of it."""
        self.db.close()

    def _prepare(self, now_unix: float) -> None:
        if version_of(self.db, self.path) == 0:
            self.db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has to come before the first table
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA secure_delete = OFF")  # on in some builds: each deleted byte is written again
        self.db.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        with transaction(self.db):  # also where nothing is made: it says whether the file can be written
            version = version_of(self.db, self.path)  # again: somebody else may have been faster
            if version == 0:
                for statement, values in schema.creation(_DIALECT, new_generation(), now_unix):
                    self.db.execute(statement, values)
            elif version < schema.VERSION:
                for statement in schema.upgrade(_DIALECT, version):
                    self.db.execute(statement)
            state(self.db)


def state(db: sqlite3.Connection) -> tuple[int, float]:
    """The generation of now, and when it began."""
    generation, since_unix = _one(db, schema.READ_STATE)
    return int(generation), float(since_unix)


def _one(db: sqlite3.Connection, statement: ClauseElement) -> tuple[Any, Any]:
    row = db.execute(sql(statement)).fetchone()
    if row is None:
        raise sqlite3.DatabaseError("its state is missing")
    first, second = row
    return first, second


def moment_of(db: sqlite3.Connection) -> Moment:
    """What is cleared by now."""
    generation, clears = _one(db, schema.READ_MOMENT)
    return Moment(generation, clears, dict(db.execute(sql(schema.READ_CLEARED)).fetchall()))


def tag_set_of(tags: Iterable[str]) -> int:
    """The number of a set of tags, > 0; the same in every process. 0 for none."""
    names = sorted(tag.encode() for tag in set(tags))
    parts = b"".join(len(name).to_bytes(4, "big") + name for name in names)
    return int.from_bytes(blake2b(parts, digest_size=8).digest(), "big") >> 1 or 1 if names else 0


@cache
def sql(statement: ClauseElement) -> str:
    """A statement's text for SQLite."""
    return schema.text(statement, _DIALECT)


@cache
def _put() -> str:
    return schema.put(schema.ENTRIES, _DIALECT)


@cache
def _tag() -> str:
    return schema.put(schema.TAGS, _DIALECT)


@cache
def _clear() -> str:
    return schema.put(schema.CLEARED, _DIALECT)


@cache
def _tell() -> str:
    return schema.put(schema.MEMORIES, _DIALECT)


@cache
def _count() -> str:
    return schema.count(_DIALECT)


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The version of the cache, 0 where the file is empty. Raises for a newer one, and for what is no cache."""
    version = version_in(db, schema.FORMAT.name)
    if version is None:
        raise CacheError("this is not a cache", where=str(path), tip=_DAMAGED_TIP)
    if version > schema.VERSION:
        what = f"the cache was written by a newer beast (format {version}, this one knows {schema.VERSION})"
        raise CacheVersionError(what, where=str(path), tip=UPDATE_TIP)
    return version


def fault(error: BaseException, path: Path, verb: str) -> BeastError:
    """What a failure is called, and what to do about it.   verb: opened, written, read or cleared."""
    if isinstance(error, BeastError):
        return error
    words, tip = told(error, _TIPS)
    return CacheError(f"the cache cannot be {verb}: {words}", where=str(path), tip=tip)
