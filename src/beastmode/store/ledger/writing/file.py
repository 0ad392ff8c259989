"""The ledger's file, open to be written: its rows, and what is made of them, in one commit (SQLite)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path

from sqlalchemy.dialects import sqlite

from beastmode.errors import BeastError
from beastmode.store.ledger.entry import Row
from beastmode.store.ledger.file import fault, version_of
from beastmode.store.ledger.rollups.rollup import LedgerRollup
from beastmode.store.ledger.schema import BODIES, REQUESTS, VERSION, creation, put, upgrade
from beastmode.store.sqlite.file import connect, file_id, must_still_be, transaction

PAGE_CACHE_KB = 4 * 1024
"""New rows come at the right edge of each index: more made writing no faster, at 72,000 rows of 20 models."""
WAL_KEPT_BYTES = 16 * 1024 * 1024

Body = tuple[str, bytes | None, bytes | None, bytes | None]
"""Of a row of `bodies`: id, request, answer, what was sent beside the body."""

_DIALECT = sqlite.dialect()
_outcome_of = itemgetter(list(REQUESTS.c.keys()).index("outcome"))
_MOST_IN_ONE = 32
"""Rows of one statement: an older SQLite binds 999 values."""


@cache
def _put(rows: int) -> str:
    """The statement that writes so many requests. Compiled by Core and run by the driver: Core's own way through
    `execute` took twice the CPU; and Core takes 25 ms for 32 rows, so that it is asked for one, and that is repeated.
    """
    one = put(REQUESTS, _DIALECT)
    values = "(" + ", ".join("?" * len(REQUESTS.c)) + ")"
    before, found, after = one.partition(values)
    assert found, one
    return before + ", ".join([values] * rows) + after


@cache
def _put_body() -> str:
    return put(BODIES, _DIALECT)


class LedgerFile:
    """The ledger at `path`, open to be written; made where there is none. For one thread at a time.

    Raises LedgerVersionError for one of a newer version, without writing to it; LedgerError where it is no ledger or
    cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.db = connect(path, write=True)
        except (OSError, sqlite3.Error) as error:
            raise fault(error, path, "opened") from error
        self.rollup = LedgerRollup(self.db)
        try:
            self._prepare()
            self._id = file_id(path)
        except (OSError, sqlite3.Error) as error:
            self.db.close()
            raise fault(error, path, "opened") from error
        except BeastError:
            self.db.close()
            raise

    def write(self, rows: Sequence[Row], bodies: Sequence[Body]) -> None:
        """Insert rows, or replace those of the same id, in one commit that survives kill -9; with it go the tables that
        are made of those that have ended.

        In as few statements as may be: SQLite hands the interpreter's lock back and forth once a statement, and while
        the event loop is busy each time may cost a thread milliseconds. A single one is its own transaction.
        """
        if not rows and not bodies:
            return
        if len(rows) <= _MOST_IN_ONE and not bodies and not any(map(_outcome_of, rows)):
            self._put(rows)
        else:
            self._put_all(rows, bodies)
        self.must_be_there()

    def _put(self, rows: Sequence[Row]) -> None:
        self.db.execute(_put(len(rows)), list(chain.from_iterable(rows)))

    def _put_all(self, rows: Sequence[Row], bodies: Sequence[Body]) -> None:
        with self.changed():
            tally = self.rollup.replace(rows)
            for at in range(0, len(rows), _MOST_IN_ONE):
                self._put(rows[at : at + _MOST_IN_ONE])
            if bodies:
                self.db.executemany(_put_body(), bodies)
            self.rollup.put(tally)

    @contextmanager
    def changed(self) -> Iterator[None]:
        """All that is done in it, rows and what is made of them, or nothing."""
        try:
            with transaction(self.db):
                yield
        except BaseException:
            self.rollup.forget()
            raise

    def must_be_there(self) -> None:
        """Raise where the file was deleted or replaced: what is written then is lost."""
        must_still_be(self.path, self._id)

    def close(self) -> None:
        """Let go of it."""
        self.db.close()

    def _prepare(self) -> None:
        if version_of(self.db, self.path) == 0:
            self.db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has to come before the first table
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KB}")
        self.db.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        with transaction(self.db):  # also where nothing is made: it says whether the file can be written
            version = version_of(self.db, self.path)  # again: somebody else may have been faster
            if version < VERSION:
                for statement in upgrade(version) if version else creation(_DIALECT):
                    self.db.execute(statement)
