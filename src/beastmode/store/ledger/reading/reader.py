"""Reads a ledger that others may be writing: newest first, a page at a time, however many rows it has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Select, create_engine, null, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from beastmode.errors import PreconditionError
from beastmode.store.ledger.entry import Entry, Sent
from beastmode.store.ledger.file import fault, ledger_path, version_of
from beastmode.store.ledger.notes import take_in
from beastmode.store.ledger.schema import BODIES, HAS_CLASS, HAS_GONE_WRONG, REQUESTS, VERSION
from beastmode.store.sqlite.file import connect

PAGE_ROWS = 500
"""Read in one transaction. Where it stays open the write-ahead log cannot be emptied: a reader that is slow, or whose
output nobody reads, must not let it grow."""

_FIELDS = [column for column in REQUESTS.c if column.name != "process"]
FIELDS = [column.name for column in _FIELDS]
"""The columns of a row that `entry_of` reads."""
_NAMES = ["class_" if column.name == "class" else column.name for column in _FIELDS]


class LedgerReader:
    """Reads the ledger at `path` and changes nothing. Raises LedgerVersionError for one of a newer version, and
    LedgerError where it cannot be read.   busy_s: how long another process may keep it from being read; None: as long
    as one that is written."""

    def __init__(self, path: Path, busy_s: float | None = None) -> None:
        self._path = path
        take_in(path, busy_s)
        try:
            db = connect(path, write=False, busy_s=busy_s)
        except sqlite3.Error as error:
            raise fault(error, path, "opened") from error
        try:
            self._version = version_of(db, path)
        except sqlite3.Error as error:
            db.close()
            raise fault(error, path, "opened") from error
        except BaseException:
            db.close()
            raise
        self._db = db
        self._engine = create_engine("sqlite://", creator=lambda: db, poolclass=StaticPool)

    def requests(
        self, last: int, *, gone_wrong: bool = False, class_: str = "", model: str = ""
    ) -> Iterator[Entry]:
        """The last requests that fit, newest first, without bodies; those in flight have no outcome.

        gone_wrong: only those that failed, were rejected, or were in flight when their gateway was killed.
        class_, model: only those of this class or model, "" for any.
        """
        wanted = _wanted(gone_wrong, class_, model)
        left, before = last, ""
        while left > 0 and self.format:
            page = wanted.limit(min(left, PAGE_ROWS))
            entries = [
                entry_of(row) for row in self._rows(page.where(REQUESTS.c.id < before) if before else page)
            ]
            yield from entries
            left -= len(entries)
            if len(entries) < PAGE_ROWS:
                return
            before = entries[-1].id

    @property
    def format(self) -> int:
        """The version of its format, 0 where the file is empty; it may have been brought up to date meanwhile."""
        if self._version < VERSION:
            try:
                self._version = version_of(self._db, self._path)
            except sqlite3.Error as error:
                raise fault(error, self._path, "read") from error
        return self._version

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """All that is read in it is of one moment. Raises LedgerError where it cannot be."""
        try:
            self._db.execute("BEGIN")
            yield self._db
        except sqlite3.Error as error:
            raise fault(error, self._path, "read") from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def find(self, name: str) -> Entry:
        """The request of that id, with its bodies where they were recorded. Raises PreconditionError where there is
        none."""
        both = REQUESTS.outerjoin(BODIES, REQUESTS.c.id == BODIES.c.id)
        sent_then = BODIES.c.sent if self.format > 1 else null()
        columns = (*_FIELDS, BODIES.c.request, BODIES.c.answer, sent_then)
        query = select(*columns).select_from(both).where(REQUESTS.c.id == name)
        for *row, request, answer, sent in self._rows(query) if self._version else []:
            entry = entry_of(row)
            entry.request_body, entry.answer_body = request, answer
            entry.sent = msgspec.json.decode(sent, type=Sent) if sent else None
            return entry
        tip = "See `beast requests --failed` for the ids; old requests go by age and size."
        raise PreconditionError(f"there is no request {name!r}", where=str(self._path.parent), tip=tip)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()
        self._db.close()

    def _rows(self, query: Select[Any]) -> list[Any]:
        try:
            with self._engine.connect() as connection:
                return list(connection.execute(query))
        except DBAPIError as error:
            raise fault(error.orig or error, self._path, "read") from error


def reader_of(home: Path) -> LedgerReader:
    """The ledger of a home, open to be read. Raises PreconditionError where there is none yet, and LedgerError."""
    path = ledger_path(home)
    if not path.exists():
        tip = "Start the gateway with `beast serve`, or name its home with --home."
        raise PreconditionError("no request has been recorded here yet", where=str(home), tip=tip)
    return LedgerReader(path)


def _wanted(gone_wrong: bool, class_: str, model: str) -> Select[Any]:
    query = select(*_FIELDS).order_by(REQUESTS.c.id.desc())
    if gone_wrong:
        query = query.where(HAS_GONE_WRONG)
    if class_:
        query = query.where(HAS_CLASS, REQUESTS.c["class"] == class_)
    if model:
        query = query.where(REQUESTS.c.model == model)
    return query


def entry_of(row: Iterable[Any]) -> Entry:
    """The request of a row of `FIELDS`."""
    entry = Entry(**dict(zip(_NAMES, row, strict=True)))
    entry.stream, entry.priced = bool(entry.stream), bool(entry.priced)
    entry.stage = "left" if entry.outcome is None else "ended"
    return entry
