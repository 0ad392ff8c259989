"""The tables of the cache and the statements that use them (SQLite). Values go in by position, in the order named.

An answer is valid in one generation: `clear` begins another one, and from that moment on nothing older is read or
written, in whichever process. What is left of older ones is deleted in small steps. The clears of a tag are counted:
an answer with that tag is valid where it was begun after the last of them.
"""

from __future__ import annotations

VERSION = 2
"""2: tags."""
FORMAT = "cache_format"
"""The table that holds it."""

_TABLES = {
    FORMAT: "(version BIGINT NOT NULL)",
    # One row. generation: a random number, so that a file that was made anew differs too.   since_unix: its begin.
    # clears: how often a tag was cleared, ever.
    "cache_state": """(
        generation BIGINT NOT NULL,
        since_unix DOUBLE NOT NULL,
        clears BIGINT DEFAULT 0 NOT NULL
    )""",
    # One row an answer.   bytes: the length of `answer`, so that counting reads no answer.   clears: of `cache_state`
    # when it was written.   tag_set: names its tags; 0 where it was written by a beast that knew none.
    "entries": """(
        key BLOB NOT NULL PRIMARY KEY,
        generation BIGINT NOT NULL,
        stored_unix DOUBLE NOT NULL,
        expires_unix DOUBLE NOT NULL,
        model TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        answer BLOB NOT NULL,
        clears BIGINT DEFAULT 0 NOT NULL,
        tag_set BIGINT DEFAULT 0 NOT NULL
    )""",
    # Of all processes together, since the generation began.
    "cache_tiers": "(tier TEXT NOT NULL PRIMARY KEY, hits BIGINT NOT NULL, misses BIGINT NOT NULL)",
    # One row for each process that has a memory in front, as it last told.
    "cache_memories": """(
        process TEXT NOT NULL PRIMARY KEY,
        seen_unix DOUBLE NOT NULL,
        entries BIGINT NOT NULL,
        bytes BIGINT NOT NULL
    )""",
}
_TAG_TABLES = {
    # Which tags a set has. Answers of one kind share one: a number in each of them, and no row for each of their tags.
    "cache_tags": """(
        tag TEXT NOT NULL,
        tag_set BIGINT NOT NULL,
        PRIMARY KEY (tag, tag_set)
    ) WITHOUT ROWID""",
    # The latest clear of each tag.   number: `clears` of `cache_state` with it.   done: 1 once all is deleted.
    "cache_cleared": "(tag TEXT NOT NULL PRIMARY KEY, number BIGINT NOT NULL, done BIGINT NOT NULL)",
}
_INDEXES = (
    "CREATE INDEX entries_by_age ON entries (generation, stored_unix, expires_unix)",
    "CREATE INDEX entries_by_model ON entries (generation, model, expires_unix, bytes)",
)
_TAG_INDEXES = (
    "CREATE INDEX entries_by_tags ON entries (generation, tag_set, clears, expires_unix, bytes)",
    "CREATE INDEX cache_tags_by_set ON cache_tags (tag_set)",
)

ROWS_A_STEP, SETS_A_STEP = 100, 1000
"""Looked at to be deleted at once."""

NUMBER = "SELECT count(*) FROM entries"
READ_STATE = "SELECT generation, since_unix FROM cache_state"
READ_MOMENT = "SELECT generation, clears FROM cache_state"
READ = """
    SELECT entries.answer, entries.generation, entries.clears
    FROM entries JOIN cache_state ON entries.generation = cache_state.generation
    WHERE entries.key = ?
"""
"""key -> answer, generation, clears; nothing of another generation."""
PUT = """
    INSERT INTO entries (key, generation, stored_unix, expires_unix, model, bytes, answer, clears, tag_set)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
        generation = excluded.generation, stored_unix = excluded.stored_unix, expires_unix = excluded.expires_unix,
        model = excluded.model, bytes = excluded.bytes, answer = excluded.answer, clears = excluded.clears,
        tag_set = excluded.tag_set
"""
"""A row, in the place of that of the same key."""
BEGIN_ANEW = "UPDATE cache_state SET generation = ?, since_unix = ?"
OF_OLDER_GENERATIONS = (
    "SELECT key, bytes FROM entries WHERE generation < ?",
    "SELECT key, bytes FROM entries WHERE generation > ?",
)
"""generation -> key, bytes. In two, so that each is a range of the index."""
STORED_BEFORE = "SELECT key, bytes FROM entries WHERE generation = ? AND stored_unix < ? ORDER BY stored_unix"
"""generation, stored_unix -> key, bytes."""
OLDEST = "SELECT key, bytes FROM entries WHERE generation = ? ORDER BY stored_unix"
"""generation -> key, bytes."""
NEWEST_KEYS = """
    SELECT key, stored_unix FROM entries WHERE generation = ? AND stored_unix >= ? ORDER BY stored_unix DESC
"""
"""generation, stored_unix -> key, stored_unix; the newest first."""
DELETE = "DELETE FROM entries WHERE key = ?"
DELETE_ALL = "DELETE FROM entries"
TELL_MEMORY = """
    INSERT INTO cache_memories (process, seen_unix, entries, bytes) VALUES (?, ?, ?, ?)
    ON CONFLICT (process) DO UPDATE SET
        seen_unix = excluded.seen_unix, entries = excluded.entries, bytes = excluded.bytes
"""
FORGET_MEMORY = "DELETE FROM cache_memories WHERE process = ?"
FORGET_SILENT = "DELETE FROM cache_memories WHERE seen_unix < ?"
ADD_COUNTS = """
    INSERT INTO cache_tiers (tier, hits, misses) VALUES (?, ?, ?)
    ON CONFLICT (tier) DO UPDATE SET hits = hits + excluded.hits, misses = misses + excluded.misses
"""
FORGET_COUNTS = "DELETE FROM cache_tiers"
READ_TIERS = "SELECT tier, hits, misses FROM cache_tiers"
READ_MEMORIES = "SELECT count(*), sum(entries), sum(bytes) FROM cache_memories WHERE seen_unix >= ?"
"""seen_unix -> processes, entries, bytes."""
BY_MODEL = """
    SELECT model, count(*), sum(bytes) FROM entries WHERE generation = ? AND expires_unix > ?
    GROUP BY model ORDER BY sum(bytes) DESC, model
"""
"""generation, now -> model, entries, bytes; the most bytes first."""
AGES = "SELECT min(stored_unix), max(stored_unix) FROM entries WHERE generation = ? AND expires_unix > ?"
"""generation, now -> oldest, newest."""

# ---- tags ----

PUT_TAG = "INSERT INTO cache_tags (tag, tag_set) VALUES (?, ?) ON CONFLICT DO NOTHING"
COUNT_CLEAR = "UPDATE cache_state SET clears = clears + 1"
PUT_CLEARED = """
    INSERT INTO cache_cleared (tag, number, done) VALUES (?, ?, ?)
    ON CONFLICT (tag) DO UPDATE SET number = excluded.number, done = excluded.done
"""
READ_CLEARED = "SELECT tag, number FROM cache_cleared"
UNFINISHED = "SELECT tag, number FROM cache_cleared WHERE done = 0 ORDER BY number"
FINISH = "UPDATE cache_cleared SET done = 1 WHERE tag = ? AND number = ?"
FORGET_CLEARED = "DELETE FROM cache_cleared WHERE number <= ? AND done = 1"
"""number."""
SETS_WITH_TAG = "SELECT tag_set FROM cache_tags WHERE tag = ? AND tag_set >= ? ORDER BY tag_set"
"""tag, tag_set -> that and the next ones, where they have this tag."""
OF_SET = "SELECT key, bytes FROM entries WHERE generation = ? AND tag_set = ? AND clears < ?"
"""generation, tag_set, number -> key, bytes."""
OF_MODEL = "SELECT key, bytes FROM entries WHERE generation = ? AND model = ? AND tag_set = 0 AND clears < ?"
"""generation, model, number -> key, bytes; of those that were written without tags."""
NUMBER_WITH_TAG = """
    SELECT count(*) FROM entries
    WHERE generation = ? AND tag_set IN (SELECT tag_set FROM cache_tags WHERE tag = ?)
"""
"""generation, tag."""
NUMBER_OF_MODEL = "SELECT count(*) FROM entries WHERE generation = ? AND model = ? AND tag_set = 0"
"""generation, model."""
BY_TAG = """
    SELECT cache_tags.tag, sum(sets.entries), sum(sets.bytes)
    FROM cache_tags JOIN (
        SELECT tag_set, count(*) AS entries, sum(bytes) AS bytes FROM entries
        WHERE generation = ? AND expires_unix > ? GROUP BY tag_set
    ) AS sets ON cache_tags.tag_set = sets.tag_set
    WHERE cache_tags.tag NOT LIKE 'model:%'
    GROUP BY cache_tags.tag ORDER BY sum(sets.bytes) DESC, cache_tags.tag
"""
"""generation, now -> tag, entries, bytes; the most bytes first. Not of models, which `BY_MODEL` has."""
SETS_FROM = "SELECT DISTINCT tag_set FROM cache_tags WHERE tag_set > ? ORDER BY tag_set"
"""tag_set -> the next ones."""
IS_USED = "SELECT key FROM entries WHERE generation = ? AND tag_set = ?"
FORGET_SET = "DELETE FROM cache_tags WHERE tag_set = ?"
FORGET_SETS = "DELETE FROM cache_tags"


def _made(tables: dict[str, str]) -> list[str]:
    return [f"CREATE TABLE {name} {columns}" for name, columns in tables.items()]


UPGRADES = {
    1: (
        "ALTER TABLE cache_state ADD COLUMN clears BIGINT DEFAULT 0 NOT NULL",
        "ALTER TABLE entries ADD COLUMN clears BIGINT DEFAULT 0 NOT NULL",
        "ALTER TABLE entries ADD COLUMN tag_set BIGINT DEFAULT 0 NOT NULL",
        *_made(_TAG_TABLES),
        *_TAG_INDEXES,
    )
}
"""What brings a file of each older version to the next."""


def creation(generation: int, now_unix: float) -> list[tuple[str, tuple[object, ...]]]:
    """The statements, and their values, that make an empty cache, to be run in one transaction."""
    made = (*_made(_TABLES | _TAG_TABLES), *_INDEXES, *_TAG_INDEXES)
    return [
        *((statement, ()) for statement in made),
        (f"INSERT INTO {FORMAT} VALUES (?)", (VERSION,)),  # noqa: S608 a name of ours
        ("INSERT INTO cache_state VALUES (?, ?, 0)", (generation, now_unix)),
    ]


def upgrade(version: int) -> list[str]:
    """The statements that bring a file of that version to ours, to be run in one transaction."""
    steps = [step for old in range(version, VERSION) for step in UPGRADES[old]]
    return [*steps, f"UPDATE {FORMAT} SET version = {VERSION}"]  # noqa: S608 a name of ours
