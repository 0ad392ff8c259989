"""Reads a cache that others may be writing, and changes nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from beastmode.errors import CacheError
from beastmode.store import entries
from beastmode.store.entries_file import SILENT_S, TierCount, fault, sql, state, version_of
from beastmode.store.sqlite_file import FileId, connect, file_id


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """Of one model: its entries, and their bytes."""

    model: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a cache holds, and how it was used since `since_unix`, when it was made or cleared.

    models: the most bytes first; entries that have expired do not count.   oldest_unix, newest_unix: of the entries
    of now, None where there are none.   tiers: hits and misses by name, of all processes together.   memories: how
    many processes have a memory in front now, and what they hold in memory together.
    """

    since_unix: float
    models: tuple[ModelFigures, ...]
    oldest_unix: float | None
    newest_unix: float | None
    tiers: dict[str, TierCount]
    memories: int
    memory_entries: int
    memory_bytes: int

    @property
    def entries(self) -> int:
        return sum(model.entries for model in self.models)

    @property
    def bytes(self) -> int:
        return sum(model.bytes for model in self.models)


class EntriesReader:
    """The cache at `path`, open to be read. For one thread at a time.

    Raises CacheVersionError for one of a newer version, CacheError where it cannot be read or is empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.id: FileId | None = file_id(path)
        try:
            self._db = connect(path, write=False)
        except sqlite3.Error as error:
            raise fault(error, path, "opened") from error
        try:
            if version_of(self._db, path) == 0:
                raise CacheError(
                    "this is an empty file", where=str(path), tip="Start the gateway with it first."
                )
        except sqlite3.Error as error:
            self._db.close()
            raise fault(error, path, "opened") from error
        except BaseException:
            self._db.close()
            raise

    def read(self, key: bytes) -> tuple[bytes, int] | None:
        """The sealed answer of a key and its generation, None where there is none. Raises CacheError."""
        try:
            row = self._db.execute(sql(entries.READ), (key,)).fetchone()
        except sqlite3.Error as error:
            raise fault(error, self._path, "read") from error
        return None if row is None else (row[0], row[1])

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
        models = self._db.execute(sql(entries.BY_MODEL), (generation, now_unix)).fetchall()
        oldest, newest = self._db.execute(sql(entries.AGES), (generation, now_unix)).fetchone()
        tiers = self._db.execute(sql(entries.READ_TIERS)).fetchall()
        memories = self._db.execute(sql(entries.READ_MEMORIES), (now_unix - SILENT_S,)).fetchone()
        return Figures(
            since_unix,
            tuple(ModelFigures(*model) for model in models),
            oldest,
            newest,
            {tier: TierCount(hits, misses) for tier, hits, misses in tiers},
            *(int(number or 0) for number in memories),
        )
