"""Tags in the cache's file: answers that have one go together, those on their way too, in old files as well."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from beastmode.store.entries import moment as entries_moment
from beastmode.store.entries import schema
from beastmode.store.entries import upkeep as entries_upkeep
from beastmode.store.entries.file import EntriesFile, EntryRow, TierCount, tag_set_of
from beastmode.store.entries.moment import Moment
from beastmode.store.entries.reader import EntriesReader, TagFigures
from beastmode.store.entries.upkeep import (
    Limits,
    clear,
    clear_tag,
    finish_clears,
    forget_cleared,
    forget_unused_tags,
    make_room,
)

NOON = 1_764_072_000.0


@pytest.fixture
def file(tmp_path: Path) -> EntriesFile:
    return EntriesFile(tmp_path / "cache.db", NOON)


def row(file: EntriesFile, name: str, *tags: str, since: Moment | None = None, model: str = "m") -> EntryRow:
    since = since or file.moment()
    key, answer = name.encode(), b"a" * 100
    return EntryRow(key, since.generation, NOON, NOON + 60, model, 100, answer, since.clears, tags)


def names(file: EntriesFile) -> str:
    return "".join(sorted(key.decode() for (key,) in file.db.execute("SELECT key FROM entries")))


def tags(file: EntriesFile) -> tuple[TagFigures, ...]:
    reader = EntriesReader(file.path)
    try:
        return reader.figures(NOON).tags
    finally:
        reader.close()


def test_answers_with_a_tag_go_and_all_others_stay(file: EntriesFile) -> None:
    file.write([row(file, "a", "x"), row(file, "b", "x", "y"), row(file, "c", "y"), row(file, "d")])
    file.tell("1-a", NOON, (1, 1), {"l1": TierCount(5, 3)})
    assert clear_tag(file.path, "x", NOON) == 2
    assert names(file) == "cd"
    assert clear_tag(file.path, "x", NOON) == 0
    file.write([row(file, "a", "x")])
    assert names(file) == "acd"


def test_the_largest_tags_are_told_but_those_of_models(file: EntriesFile) -> None:
    file.write([row(file, "a", "x", "model:m"), row(file, "b", "y", "x"), row(file, "c", "z")])
    file.write([row(file, "c", "y")])
    assert tags(file) == (TagFigures("x", 2, 200), TagFigures("y", 2, 200))


def test_an_answer_that_was_begun_before_the_clear_is_not_written_after_it(file: EntriesFile) -> None:
    begun = file.moment()
    clear_tag(file.path, "x", NOON)
    file.write([row(file, "a", "x", since=begun), row(file, "b", "y", since=begun), row(file, "c", "x")])
    assert names(file) == "bc"


def test_whoever_clears_a_tag_knows_of_it_too(file: EntriesFile) -> None:
    begun = file.moment()
    file.clear_tag("x")
    file.write([row(file, "a", "x", since=begun)])
    assert (names(file), file.moment().cleared) == ("", {"x": 1})


def test_a_moment_is_the_same_object_until_something_is_cleared(file: EntriesFile) -> None:
    before = file.moment()
    assert file.moment() is before
    clear_tag(file.path, "x", NOON)
    after = file.moment()
    assert (after.generation, after.cleared_since(before.clears)) == (before.generation, frozenset("x"))
    assert after.cleared_since(after.clears) == frozenset()


def test_what_was_begun_before_more_clears_than_are_remembered_is_not_kept(
    file: EntriesFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beastmode.store.entries.file.MOST_CLEARS", 3)
    monkeypatch.setattr(entries_moment, "MOST_CLEARS", 3)
    begun, kept = file.moment(), row(file, "a", "mine")
    file.write([kept])
    for number in range(5):
        clear_tag(file.path, f"other {number}", NOON)
    assert file.moment().cleared == {"other 2": 3, "other 3": 4, "other 4": 5}
    file.write([row(file, "b", "mine", since=begun)])
    assert names(file) == "a"


def test_a_clear_that_was_killed_after_its_first_step_is_finished_by_the_upkeep(file: EntriesFile) -> None:
    file.write([row(file, f"{number}", "x") for number in range(250)])
    file.write([row(file, "other", "y")])
    file.clear_tag("x")
    file.write([row(file, "new", "x")])
    while make_room(file, Limits(), NOON):
        pass
    assert sorted(key for (key,) in file.db.execute("SELECT key FROM entries")) == [b"new", b"other"]


def test_a_clear_of_all_forgets_tags_too(file: EntriesFile) -> None:
    file.write([row(file, "a", "x")])
    clear(file.path, NOON)
    assert tags(file) == ()
    assert file.db.execute("SELECT count(*) FROM cache_tags").fetchone() == (0,)


def test_sets_of_tags_that_no_answer_has_any_more_are_forgotten_a_few_at_a_time(file: EntriesFile) -> None:
    file.write(
        [row(file, "a", f"once {number}") for number in range(9)]
    )  # each in the place of the one before
    at, looks = forget_unused_tags(file, 0, 4), 1
    while at:
        at, looks = forget_unused_tags(file, at, 4), looks + 1
    assert looks == 3
    assert file.db.execute("SELECT tag FROM cache_tags").fetchall() == [("once 8",)]


def test_the_number_of_a_set_hangs_on_its_tags_alone() -> None:
    assert tag_set_of(("a", "b")) == tag_set_of(["b", "a", "b"]) != tag_set_of(("ab",))
    assert tag_set_of(()) == 0
    assert all(0 < tag_set_of((str(number),)) < 1 << 63 for number in range(1000))


OLD = """
CREATE TABLE cache_format (version BIGINT NOT NULL);
CREATE TABLE cache_memories (process TEXT NOT NULL, seen_unix DOUBLE NOT NULL, entries BIGINT NOT NULL,
    bytes BIGINT NOT NULL, PRIMARY KEY (process));
CREATE TABLE cache_state (generation BIGINT NOT NULL, since_unix DOUBLE NOT NULL);
CREATE TABLE cache_tiers (tier TEXT NOT NULL, hits BIGINT NOT NULL, misses BIGINT NOT NULL, PRIMARY KEY (tier));
CREATE TABLE entries ("key" BLOB NOT NULL, generation BIGINT NOT NULL, stored_unix DOUBLE NOT NULL,
    expires_unix DOUBLE NOT NULL, model TEXT NOT NULL, bytes BIGINT NOT NULL, answer BLOB NOT NULL,
    PRIMARY KEY ("key"));
CREATE INDEX entries_by_age ON entries (generation, stored_unix, expires_unix);
CREATE INDEX entries_by_model ON entries (generation, model, expires_unix, bytes);
INSERT INTO cache_format VALUES (1);
INSERT INTO cache_state VALUES (7, 1764072000.0);
INSERT INTO cache_tiers VALUES ('l1', 5, 3);
INSERT INTO entries VALUES (x'61', 7, 1764072000.0, 1764072060.0, 'm', 3, x'616263');
INSERT INTO entries VALUES (x'62', 7, 1764072000.0, 1764072060.0, 'n', 3, x'616263');
"""
"""A file as the beast before tags made it."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        db.executescript(OLD)
    db.close()
    return path


def test_an_old_file_is_read_as_it_is(old: Path) -> None:
    before = old.read_bytes()
    reader = EntriesReader(old)
    seen = reader.figures(NOON)
    reader.close()
    assert ([model.model for model in seen.models], seen.tags) == (["m", "n"], ())
    assert seen.tiers == {"l1": TierCount(5, 3)}
    assert old.read_bytes() == before


def test_an_old_file_is_brought_to_the_new_form_with_all_that_it_holds(old: Path, file: EntriesFile) -> None:
    new = EntriesFile(old, NOON)
    assert (new.moment(), names(new)) == (Moment(7), "ab")
    assert layout(new.db) == layout(file.db)
    new.write([row(new, "c", "x")])
    EntriesFile(old, NOON).close()  # another one finds nothing to do
    assert (names(new), tags(new)) == ("abc", (TagFigures("x", 1, 100),))


def layout(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    found = db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    return {name: db.execute(f"PRAGMA table_xinfo({name})").fetchall() for (name,) in sorted(found)}


def test_answers_of_an_old_file_go_by_their_model(old: Path) -> None:
    assert clear_tag(old, "model:m", NOON) == 1
    file = EntriesFile(old, NOON)
    assert names(file) == "b"


def test_what_an_older_beast_that_still_runs_writes_is_kept(old: Path) -> None:
    with sqlite3.connect(old, isolation_level=None) as older:
        new = EntriesFile(old, NOON)
        put = 'INSERT INTO entries ("key", generation, stored_unix, expires_unix, model, bytes, answer)'
        older.execute(f"{put} VALUES (x'64', 7, 1764072000.0, 1764072060.0, 'm', 3, x'616263')")
        assert names(new) == "abd"
    older.close()


@pytest.mark.parametrize("step", range(1, len(schema.UPGRADES[1]) + 1))
def test_an_upgrade_that_is_cut_off_leaves_the_old_file(
    old: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {1: (*schema.UPGRADES[1][:step], "garbage")}
    monkeypatch.setattr(schema, "UPGRADES", broken)
    with pytest.raises(Exception, match="cannot be opened"):
        EntriesFile(old, NOON)
    monkeypatch.undo()
    file = EntriesFile(old, NOON)
    assert names(file) == "ab"


def test_a_clear_that_has_no_more_time_is_finished_later(file: EntriesFile) -> None:
    file.write([row(file, f"{number}", "x") for number in range(250)])
    assert clear_tag(file.path, "x", NOON, most_s=0.0) == 250
    assert len(file.db.execute("SELECT key FROM entries").fetchall()) == 150
    finish_clears(file.path, NOON)
    assert names(file) == ""


def test_many_answers_go_in_small_steps(file: EntriesFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write([row(file, f"{number}", "x") for number in range(1000)])
    steps: list[int] = []
    delete = entries_upkeep._delete

    def counted(db: sqlite3.Connection, keys: list[tuple[bytes]]) -> None:
        steps.append(len(keys))
        delete(db, keys)

    monkeypatch.setattr(entries_upkeep, "_delete", counted)
    assert clear_tag(file.path, "x", NOON) == 1000
    assert max(steps) == schema.ROWS_A_STEP


def test_a_tag_in_many_sets_goes_and_no_set_is_looked_at_again_and_again(file: EntriesFile) -> None:
    file.write([row(file, f"{number}", "model:m", f"task:{number}") for number in range(2500)])
    file.write([row(file, "n", "model:n", "task:1")])
    file.clear_tag("model:m")
    looks = 0

    def counted(statement: str) -> None:
        nonlocal looks
        looks += "entries.tag_set =" in statement and statement.startswith("SELECT")

    file.db.set_trace_callback(counted)
    steps = 0
    while forget_cleared(file):
        steps += 1
    file.db.set_trace_callback(None)
    assert names(file) == "n"
    assert 2500 <= looks <= 2500 + 2 * steps


def test_what_could_not_be_deleted_is_not_passed_over(
    file: EntriesFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write([row(file, f"{number}", "x", f"task:{number}") for number in range(250)])
    file.clear_tag("x")
    assert forget_cleared(file)
    with monkeypatch.context() as failing:
        failing.setattr(entries_upkeep, "_delete", _is_locked)
        with pytest.raises(sqlite3.OperationalError):
            forget_cleared(file)
    while forget_cleared(file):
        pass
    assert names(file) == ""


def test_two_clears_of_one_tag_are_both_finished(file: EntriesFile) -> None:
    file.write([row(file, f"{number}", "x", f"task:{number}") for number in range(150)])
    file.clear_tag("x")
    assert forget_cleared(file)
    file.write([row(file, f"new {number}", "x", f"task:{number}") for number in range(150)])
    file.clear_tag("x")
    while forget_cleared(file):
        pass
    assert names(file) == ""


def _is_locked(db: sqlite3.Connection, keys: list[tuple[bytes]]) -> None:
    raise sqlite3.OperationalError("database is locked")
