"""Reads a cache that others may be writing, and changes nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from beastmode.errors import CacheError
from beastmode.store.entries import schema
from beastmode.store.entries.file import SILENT_S, TierCount, fault, sql, state, version_of
from beastmode.store.sqlite.file import FileId, connect, file_id

MOST_TAGS = 50
"""Of which figures are given; there may be as many as there are answers."""


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """Of one model: its entries, and their bytes."""

    model: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class TagFigures:
    """Of one tag: the entries that have it, and their bytes."""

    tag: str
    entries: int
    bytes: int


class KeptEntry(NamedTuple):
    """As it lies in the file.   answer: sealed.   generation, clears: of the moment at which it was valid."""

    answer: bytes
    generation: int
    clears: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a cache holds, and how it was used since `since_unix`, when it was made or cleared.

    models: the most bytes first; entries that have expired do not count.   oldest_unix, newest_unix: of the entries
    of now, None where there are none.   tiers: hits and misses by name, of all processes together.   memories: how
    many processes have a memory in front now, and what they hold in memory together.   tags: the `MOST_TAGS` with the
    most bytes.
    """

    since_unix: float
    models: tuple[ModelFigures, ...]
    oldest_unix: float | None
    newest_unix: float | None
    tiers: dict[str, TierCount]
    memories: int
    memory_entries: int
    memory_bytes: int
    tags: tuple[TagFigures, ...] = ()

    @property
    def entries(self) -> int:
        return sum(model.entries for model in self.models)

    @property
    def bytes(self) -> int:
        return sum(model.bytes for model in self.models)


class EntriesReader:
    """The cache at `path`, open to be read. For one thread at a time.

    busy_s: how long another process may keep it from being read; None: as long as one that is written.
    Raises CacheVersionError for one of a newer version, CacheError where it cannot be read or is empty.
    """

    def __init__(self, path: Path, busy_s: float | None = None) -> None:
        self._path = path
        self.id: FileId | None = file_id(path)
        try:
            self._db = connect(path, write=False, busy_s=busy_s)
        except sqlite3.Error as error:
            raise fault(error, path, "opened") from error
        try:
            self._version = version_of(self._db, path)
            if self._version == 0:
                raise CacheError(
                    "this is an empty file", where=str(path), tip="Start the gateway with it first."
                )
        except sqlite3.Error as error:
            self._db.close()
            raise fault(error, path, "opened") from error
        except BaseException:
            self._db.close()
            raise

    def read(self, key: bytes) -> KeptEntry | None:
        """The answer of a key, None where there is none. Raises CacheError."""
        try:
            row = self._db.execute(sql(schema.READ), (key,)).fetchone()
        except sqlite3.Error as error:
            raise fault(error, self._path, "read") from error
        return None if row is None else KeptEntry(*row)

    def keys(self, since_unix: float, most: int) -> list[tuple[bytes, float]]:
        """The keys of what was stored since then and not cleared, each with when that was, the newest first. Raises
        CacheError."""
        try:
            newest = f"{sql(schema.NEWEST_KEYS)} LIMIT {most:d}"
            return list(self._db.execute(newest, (state(self._db)[0], since_unix)))
        except sqlite3.Error as error:
            raise fault(error, self._path, "read") from error

    def figures(self, now_unix: float) -> Figures:
        """What it holds and how it was used, as of one moment. Raises CacheError."""
        try:
            self._db.execute("BEGIN")
            return self._figures(now_unix)
        except sqlite3.Error as error:
            raise fault(error, self._path, "read") from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _figures(self, now_unix: float) -> Figures:
        generation, since_unix = state(self._db)
        models = self._db.execute(sql(schema.BY_MODEL), (generation, now_unix)).fetchall()
        oldest, newest = self._db.execute(sql(schema.AGES), (generation, now_unix)).fetchone()
        tiers = self._db.execute(sql(schema.READ_TIERS)).fetchall()
        at_work = self._db.execute(sql(schema.READ_MEMORIES), (now_unix - SILENT_S,)).fetchone()
        return Figures(
            since_unix,
            tuple(ModelFigures(*model) for model in models),
            oldest,
            newest,
            {tier: TierCount(hits, misses) for tier, hits, misses in tiers},
            memories=at_work[0],
            memory_entries=at_work[1] or 0,
            memory_bytes=at_work[2] or 0,
            tags=self._tags(generation, now_unix),
        )

    def _tags(self, generation: int, now_unix: float) -> tuple[TagFigures, ...]:
        if self._version == 1:  # read before anybody has written to it anew
            return ()
        largest = f"{sql(schema.BY_TAG)} LIMIT {MOST_TAGS}"
        return tuple(TagFigures(*tag) for tag in self._db.execute(largest, (generation, now_unix)))
