"""The tables of the cache and the statements that use them, in SQLAlchemy Core: for SQLite and PostgreSQL.

An answer is valid in one generation: `clear` begins another one, and from that moment on nothing older is read or
written, in whichever process. What is left of older ones is deleted in small steps. The clears of a tag are counted:
an answer with that tag is valid where it was begun after the last of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ClauseElement,
    Column,
    ColumnClause,
    Double,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

VERSION = 2
"""2: tags."""

METADATA = MetaData()
_ZERO: ColumnClause[int] = literal_column("0")
_ONE: ColumnClause[int] = literal_column("1")
"""As they stand in a statement: a driver would be asked for their values."""

FORMAT = Table("cache_format", METADATA, Column("version", BigInteger, nullable=False))

STATE = Table(
    "cache_state",
    METADATA,
    Column("generation", BigInteger, nullable=False),
    Column("since_unix", Double, nullable=False),
    Column("clears", BigInteger, nullable=False, server_default=_ZERO),
)
"""One row. generation: a random number, so that a file that was made anew differs too.   since_unix: its begin.
clears: how often a tag was cleared, ever."""

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
    Column("clears", BigInteger, nullable=False, server_default=_ZERO),
    Column("tag_set", BigInteger, nullable=False, server_default=_ZERO),
)
"""One row an answer.   bytes: the length of `answer`, so that counting reads no answer.   clears: of `cache_state` when
it was written.   tag_set: names its tags; 0 where it was written by a beast that knew none."""

TAGS = Table(
    "cache_tags",
    METADATA,
    Column("tag", Text, primary_key=True),
    Column("tag_set", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which tags a set has. Answers of one kind share one: a number in each of them, and no row for each of their tags."""

CLEARED = Table(
    "cache_cleared",
    METADATA,
    Column("tag", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
)
"""The latest clear of each tag.   number: `clears` of `cache_state` with it.   done: 1 once all is deleted."""

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
TAG_INDEXES = (
    Index(
        "entries_by_tags",
        ENTRIES.c.generation,
        ENTRIES.c.tag_set,
        ENTRIES.c.clears,
        ENTRIES.c.expires_unix,
        ENTRIES.c.bytes,
    ),
    Index("cache_tags_by_set", TAGS.c.tag_set),
)

ROWS_A_STEP, SETS_A_STEP = 100, 1000
"""Looked at to be deleted at once."""

_G: BindParameter[int] = bindparam("generation_")
_NOW: BindParameter[float] = bindparam("unix")
_OF_GENERATION = ENTRIES.c.generation == _G
_ROWS = select(ENTRIES.c.key, ENTRIES.c.bytes)

NUMBER = select(func.count()).select_from(ENTRIES)
READ_STATE = select(STATE.c.generation, STATE.c.since_unix)
READ_MOMENT = select(STATE.c.generation, STATE.c.clears)
READ = (
    select(ENTRIES.c.answer, ENTRIES.c.generation, ENTRIES.c.clears)
    .select_from(ENTRIES.join(STATE, ENTRIES.c.generation == STATE.c.generation))
    .where(ENTRIES.c.key == bindparam("key_"))
)
"""key -> answer, generation, clears; nothing of another generation."""
BEGIN_ANEW = update(STATE).values(generation=_G, since_unix=_NOW)
"""generation, since_unix."""
OF_OLDER_GENERATIONS = (_ROWS.where(ENTRIES.c.generation < _G), _ROWS.where(ENTRIES.c.generation > _G))
"""generation -> key, bytes. In two, so that each is a range of the index."""
STORED_BEFORE = _ROWS.where(_OF_GENERATION, ENTRIES.c.stored_unix < _NOW).order_by(ENTRIES.c.stored_unix)
"""generation, stored_unix -> key, bytes."""
OLDEST = _ROWS.where(_OF_GENERATION).order_by(ENTRIES.c.stored_unix)
"""generation -> key, bytes."""
NEWEST_KEYS = (
    select(ENTRIES.c.key, ENTRIES.c.stored_unix)
    .where(_OF_GENERATION, ENTRIES.c.stored_unix >= _NOW)
    .order_by(ENTRIES.c.stored_unix.desc())
)
"""generation, stored_unix -> key, stored_unix; the newest first."""
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

# ---- tags ----

_TAG: BindParameter[str] = bindparam("tag_")
_NUMBER: BindParameter[int] = bindparam("number_")
_SET: BindParameter[int] = bindparam("tag_set_")
_WITH_TAG = _OF_GENERATION, ENTRIES.c.tag_set.in_(select(TAGS.c.tag_set).where(TAGS.c.tag == _TAG))
_OF_MODEL = _OF_GENERATION, ENTRIES.c.model == bindparam("model_"), ENTRIES.c.tag_set == _ZERO

COUNT_CLEAR = update(STATE).values(clears=STATE.c.clears + _ONE)
READ_CLEARED = select(CLEARED.c.tag, CLEARED.c.number)
UNFINISHED = select(CLEARED.c.tag, CLEARED.c.number).where(CLEARED.c.done == _ZERO).order_by(CLEARED.c.number)
FINISH = update(CLEARED).values(done=_ONE).where(CLEARED.c.tag == _TAG, CLEARED.c.number == _NUMBER)
"""tag, number."""
FORGET_CLEARED = delete(CLEARED).where(CLEARED.c.number <= _NUMBER, CLEARED.c.done == _ONE)
"""number."""
SETS_WITH_TAG = (
    select(TAGS.c.tag_set).where(TAGS.c.tag == _TAG, TAGS.c.tag_set >= _SET).order_by(TAGS.c.tag_set)
)
"""tag, tag_set -> that and the next ones, where they have this tag."""
OF_SET = _ROWS.where(_OF_GENERATION, ENTRIES.c.tag_set == _SET, ENTRIES.c.clears < _NUMBER)
"""generation, tag_set, number -> key, bytes."""
OF_MODEL = _ROWS.where(*_OF_MODEL, ENTRIES.c.clears < _NUMBER)
"""generation, model, number -> key, bytes; of those that were written without tags."""
NUMBER_WITH_TAG = select(func.count()).where(*_WITH_TAG)
"""generation, tag."""
NUMBER_OF_MODEL = select(func.count()).where(*_OF_MODEL)
"""generation, model."""
_SETS = (
    select(ENTRIES.c.tag_set, func.count().label("entries"), func.sum(ENTRIES.c.bytes).label("bytes"))
    .where(_OF_GENERATION, ENTRIES.c.expires_unix > _NOW)
    .group_by(ENTRIES.c.tag_set)
    .subquery()
)
BY_TAG = (
    select(TAGS.c.tag, func.sum(_SETS.c.entries), func.sum(_SETS.c.bytes))
    .select_from(TAGS.join(_SETS, TAGS.c.tag_set == _SETS.c.tag_set))
    .where(TAGS.c.tag.not_like(literal_column("'model:%'")))
    .group_by(TAGS.c.tag)
    .order_by(func.sum(_SETS.c.bytes).desc(), TAGS.c.tag)
)
"""generation, now -> tag, entries, bytes; the most bytes first. Not of models, which `BY_MODEL` has."""
SETS_FROM = select(TAGS.c.tag_set).where(TAGS.c.tag_set > _SET).distinct().order_by(TAGS.c.tag_set)
"""tag_set -> the next ones."""
IS_USED = select(ENTRIES.c.key).where(_OF_GENERATION, ENTRIES.c.tag_set == _SET)
"""generation, tag_set."""
FORGET_SET = delete(TAGS).where(TAGS.c.tag_set == _SET)
FORGET_SETS = delete(TAGS)

UPGRADES: dict[int, tuple[ClauseElement | str, ...]] = {
    1: (
        "ALTER TABLE cache_state ADD COLUMN clears BIGINT DEFAULT 0 NOT NULL",
        "ALTER TABLE entries ADD COLUMN clears BIGINT DEFAULT 0 NOT NULL",
        "ALTER TABLE entries ADD COLUMN tag_set BIGINT DEFAULT 0 NOT NULL",
        CreateTable(TAGS),
        CreateTable(CLEARED),
        *map(CreateIndex, TAG_INDEXES),
    )
}
"""What brings a file of each older version to the next."""


def text(statement: ClauseElement, dialect: Dialect) -> str:
    """A statement's text for a driver; values go in by position, in the order named above."""
    return str(statement.compile(dialect=dialect))


def put(table: Table, dialect: Dialect) -> str:
    """The statement that inserts a row, or replaces the one of the same primary key. The columns of the table."""
    statement, keys = _insert(table, dialect), [column.name for column in table.primary_key]
    replaced = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    if not replaced:
        return text(statement.on_conflict_do_nothing(), dialect)
    return text(statement.on_conflict_do_update(index_elements=keys, set_=replaced), dialect)


def count(dialect: Dialect) -> str:
    """The statement that adds to the counts of a tier.   tier, hits, misses."""
    statement = _insert(TIERS, dialect)
    added = {name: TIERS.c[name] + statement.excluded[name] for name in ("hits", "misses")}
    return text(statement.on_conflict_do_update(index_elements=["tier"], set_=added), dialect)


def creation(dialect: Dialect, generation: int, now_unix: float) -> list[tuple[str, tuple[object, ...]]]:
    """The statements, and their values, that make an empty cache, to be run in one transaction."""
    indexes = map(CreateIndex, (*INDEXES, *TAG_INDEXES))
    made: list[ClauseElement] = [*map(CreateTable, METADATA.sorted_tables), *indexes]
    return [
        *((text(statement, dialect), ()) for statement in made),
        (text(_insert(FORMAT, dialect), dialect), (VERSION,)),
        (text(_insert(STATE, dialect), dialect), (generation, now_unix, 0)),
    ]


def upgrade(dialect: Dialect, version: int) -> list[str]:
    """The statements that bring a file of that version to ours, to be run in one transaction."""
    steps = [step for old in range(version, VERSION) for step in UPGRADES[old]]
    said = [step if isinstance(step, str) else text(step, dialect) for step in steps]
    return [*said, f"UPDATE {FORMAT.name} SET version = {VERSION}"]  # noqa: S608 names of ours


def _insert(table: Table, dialect: Dialect) -> Any:
    of_dialect = postgresql if dialect.name == "postgresql" else sqlite
    return of_dialect.insert(table).values(dict.fromkeys(table.c.keys()))
