"""Watching a file: real SQLite; what is written, what comes to lie there instead, and many who look at once."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from beastmode.compose.ui.files.watch import NONE, UNREADABLE, Watch


def written(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS t (a)")
        db.execute("INSERT INTO t VALUES (1)")


def test_what_is_written_is_seen_and_what_is_not_is_not(tmp_path: Path) -> None:
    watch, path = Watch(tmp_path / "a.db"), tmp_path / "a.db"
    seen = [watch.version()]
    for _ in range(2):
        written(path)
        seen.append(watch.version())
    assert seen[0] == NONE
    assert len(set(seen)) == 3
    assert watch.version() == seen[-1]


def test_another_file_in_its_place_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    written(path)
    watch = Watch(path)
    before = watch.version()
    path.rename(tmp_path / "old.db")  # so that its inode is not given to the next
    assert watch.version() == NONE
    written(path)
    assert watch.version() not in (before, NONE, UNREADABLE)


def test_what_cannot_be_looked_at_says_so_and_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.mkdir()
    watch = Watch(path)
    assert watch.version() == UNREADABLE
    path.rmdir()
    written(path)
    assert watch.version() not in (NONE, UNREADABLE)


def test_many_threads_look_through_one_connection(tmp_path: Path) -> None:
    path, opened = tmp_path / "a.db", list[sqlite3.Connection]()
    written(path)

    def connect(path: Path) -> sqlite3.Connection:
        opened.append(sqlite3.connect(path, check_same_thread=False))
        return opened[-1]

    watch = Watch(path, connect)
    with ThreadPoolExecutor(40) as pool:
        seen = set(pool.map(lambda _: watch.version(), range(400)))
    assert (len(seen), len(opened)) == (1, 1)


def test_one_that_is_put_right_where_it_lies_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    written(path)
    well, watch = path.read_bytes(), Watch(path)
    before = watch.version()
    path.write_bytes(b"garbage" * 1000)
    garbage = watch.version()
    path.write_bytes(well)
    assert len({before, garbage, watch.version()}) == 3


def test_nobody_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    written(path)
    watch = Watch(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        assert watch.version() == UNREADABLE
    assert watch._db is not None
    assert watch._db.execute("PRAGMA busy_timeout").fetchone() == (0,)
    assert watch.version() != UNREADABLE
