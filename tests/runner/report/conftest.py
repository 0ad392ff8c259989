"""A journal for reports that are told by hand: their digest needs a file to read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

COLUMNS = "seq, run, kind, task, attempt, unix_us, mono_us, data"


@pytest.fixture
def empty_journal(tmp_path: Path) -> Path:
    """A journal without events."""
    path = tmp_path / "home" / "journal.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute(f"CREATE TABLE events ({COLUMNS})")
    db.close()
    return path
