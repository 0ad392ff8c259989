"""A batch of rows, written although some of it may be such as no database takes: that keeps nothing else out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from beastmode.store.ledger.entry import Row
from beastmode.store.ledger.writing.file import Body, LedgerFile

_UNFIT = (
    UnicodeError,
    OverflowError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
)
"""Raised for a value that cannot be stored, not for a disk: half a surrogate in a model's name is enough."""


def put(file: LedgerFile, batch: Sequence[tuple[Row, Body | None]]) -> Iterator[bool]:
    """Write rows and their bodies. For each row in its turn, once it is dealt with: it is stored. Raises what a disk
    does; what it has not come to by then is not dealt with."""
    rows, bodies = [row for row, _ in batch], [body for _, body in batch if body]
    try:
        _put_all(file, rows, bodies)
    except _UNFIT:
        for row, body in batch:
            yield _put_one(file, row, body)
    else:
        yield from [True] * len(batch)


def _put_all(file: LedgerFile, rows: list[Row], bodies: list[Body]) -> None:
    try:
        file.write(rows, bodies)
    except _UNFIT:
        file.write([storable(row) for row in rows], bodies)


def _put_one(file: LedgerFile, row: Row, body: Body | None) -> bool:
    try:
        file.write([storable(row)], [body] if body else [])
    except _UNFIT:
        return False
    return True


def storable(row: Row) -> Row:
    """The row with what no database takes made harmless: half surrogates become `?`, numbers beyond 64 bits None."""
    return tuple(_storable(value) for value in row)


def _storable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and value.bit_length() > 63:
        return None
    return value
