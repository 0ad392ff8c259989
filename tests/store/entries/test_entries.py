"""The cache's file: its figures, its clear, and statements that PostgreSQL understands too."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import ClauseElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from beastmode.errors import CacheError, CacheVersionError
from beastmode.store.entries import schema
from beastmode.store.entries.file import EntriesFile, EntryRow, TierCount
from beastmode.store.entries.reader import EntriesReader, Figures, ModelFigures
from beastmode.store.entries.upkeep import Limits, clear, make_room
from beastmode.store.sqlite.room import used_bytes

NOON = 1_764_072_000.0
DIALECTS: list[Dialect] = [sqlite.dialect(), postgresql.dialect()]  # type: ignore[no-untyped-call]


@pytest.fixture
def file(tmp_path: Path) -> EntriesFile:
    return EntriesFile(tmp_path / "cache.db", NOON)


def row(
    file: EntriesFile, name: str, stored_unix: float = NOON, model: str = "m", size: int = 100
) -> EntryRow:
    return EntryRow(
        name.encode(), file.moment().generation, stored_unix, stored_unix + 60, model, size, b"a" * size
    )


def figures(file: EntriesFile, now_unix: float = NOON) -> Figures:
    reader = EntriesReader(file.path)
    try:
        return reader.figures(now_unix)
    finally:
        reader.close()


def test_figures_of_a_new_cache(file: EntriesFile) -> None:
    assert figures(file) == Figures(NOON, (), None, None, {}, 0, 0, 0)


def test_answers_are_for_their_owner_only(file: EntriesFile) -> None:
    file.write([row(file, "a")])
    files = list(file.path.parent.iterdir())
    assert {path.name for path in files} == {"cache.db", "cache.db-wal", "cache.db-shm"}
    assert not [path for path in files if path.stat().st_mode & 0o077]


def test_figures_count_what_may_still_be_served_by_model(file: EntriesFile) -> None:
    file.write(
        [
            row(file, "a"),
            row(file, "b", NOON + 5, "n", 500),
            row(file, "c", NOON + 9),
            row(file, "d", NOON - 60),
        ]
    )
    seen = figures(file)
    assert seen.models == (ModelFigures("n", 1, 500), ModelFigures("m", 2, 200))
    assert (seen.entries, seen.bytes, seen.oldest_unix, seen.newest_unix) == (3, 700, NOON, NOON + 9)
    file.write([row(file, "a", NOON + 20, "n", 1)])
    assert figures(file).models == (ModelFigures("n", 2, 501), ModelFigures("m", 1, 100))


def test_hits_of_all_processes_are_added_and_their_memories_count_while_they_live(file: EntriesFile) -> None:
    file.tell("1-a", NOON, (10, 1000), {"l1": TierCount(5, 3)})
    file.tell("1-a", NOON + 10, (12, 1200), {"l1": TierCount(1, 0)})
    file.tell("2-b", NOON + 12, (3, 300), {"l1": TierCount(2, 2), "l3": TierCount(1, 1)})
    seen = figures(file, NOON + 20)
    assert seen.tiers == {"l1": TierCount(8, 5), "l3": TierCount(1, 1)}
    assert (seen.memories, seen.memory_entries, seen.memory_bytes) == (2, 15, 1500)
    file.forget("2-b")
    assert figures(file, NOON + 20).memories == 1
    assert figures(file, NOON + 26).memories == 0  # killed: it has not told for 15 s


def test_a_clear_forgets_answers_and_counts(file: EntriesFile) -> None:
    before = row(file, "before")
    file.write([before, row(file, "b")])
    file.tell("1-a", NOON, (1, 1), {"l1": TierCount(5, 3)})
    assert clear(file.path, NOON + 7) == 2
    seen = figures(file)
    assert (seen.since_unix, seen.entries, seen.tiers) == (NOON + 7, 0, {})
    assert file.db.execute("SELECT count(*) FROM entries").fetchone() == (0,)
    file.write([before])  # it was on its way
    assert figures(file).entries == 0


def test_a_clear_gives_the_disk_its_room_back_while_others_have_the_file_open(file: EntriesFile) -> None:
    file.write([row(file, str(n), size=20_000) for n in range(200)])
    reader = EntriesReader(file.path)
    assert reader.read(b"7")
    clear(file.path, NOON)
    assert reader.read(b"7") is None
    file.write([row(file, "new")])
    assert reader.read(b"new")
    file.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert file.path.stat().st_size < 200_000
    reader.close()


def test_a_clear_that_was_killed_after_its_first_step_is_finished_by_the_upkeep(file: EntriesFile) -> None:
    file.write([row(file, str(n)) for n in range(250)])
    file.begin_anew(NOON)
    reader = EntriesReader(file.path)
    assert (reader.figures(NOON).entries, reader.read(b"7")) == (0, None)
    reader.close()
    steps = 0
    while make_room(file, Limits(), NOON):
        steps += 1
    assert steps == 3
    assert file.db.execute("SELECT count(*) FROM entries").fetchone() == (0,)


def test_room_is_made_from_the_oldest_on_and_given_back(file: EntriesFile) -> None:
    for n in range(50):
        file.write([row(file, f"{n}-{m}", NOON + n, size=20_000) for m in range(10)])
    large = file.path.stat().st_size + file.path.with_name("cache.db-wal").stat().st_size
    steps = 1
    while make_room(file, Limits(2_000_000), NOON):
        steps += 1
    assert 4 <= steps <= 12  # many rows and pages in each
    assert 1_800_000 <= used_bytes(file.db) <= 2_000_000
    oldest = figures(file).oldest_unix
    assert oldest is not None
    assert oldest > NOON + 35
    file.close()
    assert file.path.stat().st_size < large - 2_000_000


def test_what_is_no_cache_says_so(tmp_path: Path, file: EntriesFile) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(CacheError, match="empty"):
        EntriesReader(tmp_path / "empty")
    (tmp_path / "garbage").write_bytes(b"garbage" * 1000)
    for reads_or_clears in (EntriesReader, lambda path: clear(path, NOON)):
        with pytest.raises(CacheError, match="Move or delete"):
            reads_or_clears(tmp_path / "garbage")
    file.db.execute("UPDATE cache_format SET version = 99")
    with pytest.raises(CacheVersionError, match="format 99"):
        clear(file.path, NOON)
    file.db.execute("DELETE FROM cache_format")
    with pytest.raises(CacheError, match="Move or delete"):
        clear(file.path, NOON)


def test_a_clear_of_what_another_process_holds_says_so(file: EntriesFile) -> None:
    file.db.execute("BEGIN IMMEDIATE")
    with pytest.raises(CacheError, match="Another process holds it"):
        clear(file.path, NOON)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_statement_can_be_said_in_each_dialect(dialect: Dialect) -> None:
    statements = [
        value
        for value in vars(schema).values()
        if isinstance(value, ClauseElement) and not isinstance(value, Table)
    ]
    assert len(statements) >= 10
    for statement in (*statements, *schema.OF_OLDER_GENERATIONS):
        assert schema.text(statement, dialect)
    assert "ON CONFLICT" in schema.put(schema.ENTRIES, dialect) + schema.count(dialect)
    assert any("BYTEA" in one or "BLOB" in one for one, _ in schema.creation(dialect, 1, NOON))
