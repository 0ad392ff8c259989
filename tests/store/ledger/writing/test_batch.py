"""A batch with rows in it that no database takes: all others are stored, and it is known which was not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from beastmode.store.ledger.entry import Row, row_of
from beastmode.store.ledger.writing.batch import put
from beastmode.store.ledger.writing.file import LedgerFile
from tests.store.ledgers import NOON, entry, recorded


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LedgerFile]:
    file = LedgerFile(tmp_path / "ledger.db")
    yield file
    file.close()


def row(second: int, model: object = "m") -> Row:
    known = row_of(entry(NOON + second), "")
    return tuple(model if value == "m" else value for value in known)


def test_what_can_be_made_harmless_is_stored(file: LedgerFile, tmp_path: Path) -> None:
    assert list(put(file, [(row(0), None), (row(1, "half \ud800"), None)])) == [True, True]
    assert [found.model for found in recorded(tmp_path / "ledger.db")] == ["half ?", "m"]


def test_what_cannot_be_is_told_and_keeps_no_others_out(file: LedgerFile, tmp_path: Path) -> None:
    batch = [(row(0), None), (row(1, object()), None), (row(2), None)]
    assert list(put(file, batch)) == [True, False, True]
    assert [found.received_unix - NOON for found in recorded(tmp_path / "ledger.db")] == [2, 0]


def test_a_fault_of_the_disk_is_raised(file: LedgerFile) -> None:
    file.db.execute("PRAGMA query_only = on")
    with pytest.raises(sqlite3.OperationalError):
        list(put(file, [(row(0), None)]))
