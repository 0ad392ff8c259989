"""The tables of the cache and the statements that use them, in SQLAlchemy Core: for SQLite and PostgreSQL.

An answer is valid in one generation: `clear` begins another one, and from that moment on nothing older is read or
written, in whichever process. What is left of older ones is deleted in small steps.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ClauseElement,
    Column,
    Double,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

VERSION = 1

METADATA = MetaData()

FORMAT = Table("cache_format", METADATA, Column("version", BigInteger, nullable=False))

STATE = Table(
    "cache_state",
    METADATA,
    Column("generation", BigInteger, nullable=False),
    Column("since_unix", Double, nullable=False),
)
"""One row. generation: a random number, so that a file that was made anew differs too.   since_unix: its begin."""

ENTRIES = Table(
    "entries",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("stored_unix", Double, nullable=False),
    Column("expires_unix", Double, nullable=False),
    Column("model", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)
"""One row an answer.   bytes: the length of `answer`, so that counting reads no answer."""

TIERS = Table(
    "cache_tiers",
    METADATA,
    Column("tier", Text, primary_key=True),
    Column("hits", BigInteger, nullable=False),
    Column("misses", BigInteger, nullable=False),
)
"""Of all processes together, since the generation began."""

MEMORIES = Table(
    "cache_memories",
    METADATA,
    Column("process", Text, primary_key=True),
    Column("seen_unix", Double, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
"""One row for each process that has a memory in front, as it last told."""

INDEXES = (
    Index("entries_by_age", ENTRIES.c.generation, ENTRIES.c.stored_unix, ENTRIES.c.expires_unix),
    Index(
        "entries_by_model",
        ENTRIES.c.generation,
        ENTRIES.c.model,
        ENTRIES.c.expires_unix,
        ENTRIES.c.bytes,
    ),
)


ROWS_A_STEP = 100
"""Looked at to be deleted at once."""

_G: BindParameter[int] = bindparam("generation_")
_NOW: BindParameter[float] = bindparam("unix")
_OF_GENERATION = ENTRIES.c.generation == _G
_ROWS = select(ENTRIES.c.key, ENTRIES.c.bytes)

NUMBER = select(func.count()).select_from(ENTRIES)
READ_STATE = select(STATE.c.generation, STATE.c.since_unix)
READ = (
    select(ENTRIES.c.answer, ENTRIES.c.generation)
    .select_from(ENTRIES.join(STATE, ENTRIES.c.generation == STATE.c.generation))
    .where(ENTRIES.c.key == bindparam("key_"))
)
"""key -> answer, generation; nothing of another generation."""
BEGIN_ANEW = update(STATE).values(generation=_G, since_unix=_NOW)
"""generation, since_unix."""
OF_OLDER_GENERATIONS = (_ROWS.where(ENTRIES.c.generation < _G), _ROWS.where(ENTRIES.c.generation > _G))
"""generation -> key, bytes. In two, so that each is a range of the index."""
STORED_BEFORE = _ROWS.where(_OF_GENERATION, ENTRIES.c.stored_unix < _NOW).order_by(ENTRIES.c.stored_unix)
"""generation, stored_unix -> key, bytes."""
OLDEST = _ROWS.where(_OF_GENERATION).order_by(ENTRIES.c.stored_unix)
"""generation -> key, bytes."""
DELETE = delete(ENTRIES).where(ENTRIES.c.key == bindparam("key_"))
DELETE_ALL = delete(ENTRIES)
FORGET_MEMORY = delete(MEMORIES).where(MEMORIES.c.process == bindparam("process_"))
FORGET_SILENT = delete(MEMORIES).where(MEMORIES.c.seen_unix < _NOW)
FORGET_COUNTS = delete(TIERS)
READ_TIERS = select(TIERS.c.tier, TIERS.c.hits, TIERS.c.misses)
READ_MEMORIES = select(func.count(), func.sum(MEMORIES.c.entries), func.sum(MEMORIES.c.bytes)).where(
    MEMORIES.c.seen_unix >= _NOW
)
"""seen_unix -> processes, entries, bytes."""
BY_MODEL = (
    select(ENTRIES.c.model, func.count(), func.sum(ENTRIES.c.bytes))
    .where(_OF_GENERATION, ENTRIES.c.expires_unix > _NOW)
    .group_by(ENTRIES.c.model)
    .order_by(func.sum(ENTRIES.c.bytes).desc(), ENTRIES.c.model)
)
"""generation, now -> model, entries, bytes; the most bytes first."""
AGES = select(func.min(ENTRIES.c.stored_unix), func.max(ENTRIES.c.stored_unix)).where(
    _OF_GENERATION, ENTRIES.c.expires_unix > _NOW
)
"""generation, now -> oldest, newest."""


def text(statement: ClauseElement, dialect: Dialect) -> str:
    """A statement's text for a driver; values go in by position, in the order named above."""
    return str(statement.compile(dialect=dialect))


def put(table: Table, dialect: Dialect) -> str:
    """The statement that inserts a row, or replaces the one of the same primary key. The columns of the table."""
    statement, key = _insert(table, dialect), _key_of(table)
    replaced = {column.name: statement.excluded[column.name] for column in table.c if column.name != key}
    return text(statement.on_conflict_do_update(index_elements=[key], set_=replaced), dialect)


def count(dialect: Dialect) -> str:
    """The statement that adds to the counts of a tier.   tier, hits, misses."""
    statement = _insert(TIERS, dialect)
    added = {name: TIERS.c[name] + statement.excluded[name] for name in ("hits", "misses")}
    return text(statement.on_conflict_do_update(index_elements=["tier"], set_=added), dialect)


def creation(dialect: Dialect, generation: int, now_unix: float) -> list[tuple[str, tuple[object, ...]]]:
    """The statements, and their values, that make an empty cache, to be run in one transaction."""
    made: list[ClauseElement] = [*map(CreateTable, METADATA.sorted_tables), *map(CreateIndex, INDEXES)]
    return [
        *((text(statement, dialect), ()) for statement in made),
        (text(_insert(FORMAT, dialect), dialect), (VERSION,)),
        (text(_insert(STATE, dialect), dialect), (generation, now_unix)),
    ]


def _insert(table: Table, dialect: Dialect) -> Any:
    of_dialect = postgresql if dialect.name == "postgresql" else sqlite
    return of_dialect.insert(table).values(dict.fromkeys(table.c.keys()))


def _key_of(table: Table) -> str:
    (column,) = table.primary_key
    return column.name
