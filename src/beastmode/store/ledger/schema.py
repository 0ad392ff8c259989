"""The tables of the ledger and the statements that write them, in SQLAlchemy Core: for SQLite and PostgreSQL.

The version stands in a table of its own, and a newer one is refused; an older one is brought up to date when it is
opened to be written (`UPGRADES`). There is no Alembic: it does not refuse a database that is newer than the program.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from beastmode.store.ledger.entry import GONE_WRONG

VERSION = 3

METADATA = MetaData()

FORMAT = Table("ledger_format", METADATA, Column("version", Integer, nullable=False))

REQUESTS = Table(
    "requests",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("received_unix", Double, nullable=False),
    Column("key", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("attempt", Integer),
    Column("upstream", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("status", Integer),
    Column("class", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("tip", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("queue_s", Double),
    Column("first_byte_s", Double),
    Column("total_s", Double),
    Column("tokens_in", Integer),
    Column("tokens_out", Integer),
    Column("tokens_cached", Integer),
    Column("tokens_reasoning", Integer),
    Column("cost_usd", Double),
    Column("priced", Boolean, nullable=False),
    Column("cache", Text, nullable=False),
    Column("cache_why", Text, nullable=False),
    Column("outcome", Text),
    Column("process", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""One row a request. `outcome` is NULL while it is in flight, or where its process was killed."""

BODIES = Table(
    "bodies",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("request", LargeBinary),
    Column("answer", LargeBinary),
    Column("sent", LargeBinary),
)
"""Apart from the rows, which stay small; most requests have none. `sent`: an `entry.Sent` as JSON."""

FIGURES = Table(
    "figures",
    METADATA,
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("began", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", Text, primary_key=True),
    Column("class", Text, primary_key=True),
    Column("tier", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    Column("cost_usd", Double, nullable=False),
    Column("saved_usd", Double, nullable=False),
    Column("repeats", BigInteger, nullable=False),
    Column("unpriced", BigInteger, nullable=False),
    Column("slowest_s", Double, nullable=False),
    Column("lengths", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What requests came to that have ended: of the minute, and of the hour, in which they were received. `began` is the
Unix time of that, `span` its seconds; `lengths` are `latencies.packed`. It stays when the requests go."""

KINDS = Table(
    "kinds",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("upstream", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("class", Text, nullable=False),
    UniqueConstraint("key", "upstream", "model", "outcome", "class"),
)
"""Which kinds of requests there are, a few hundred of millions of them."""

SEEN = Table(
    "seen",
    METADATA,
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""In which minutes (of Unix time) there is one of a kind that has ended: what is rare is found without an index of
millions of rows for everything that it could be looked for by."""

OF_RUNS = Table(
    "requests_of_runs",
    METADATA,
    Column("run", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("task", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Requests that belong to a run and have ended. A table, not an index: that could not be made for an old ledger
without reading all of it while others wait."""

SHAPES = Table(
    "failure_shapes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("class", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("tip", Text, nullable=False),
    UniqueConstraint("class", "cause", "tip"),
)
"""What failures say, without what differs in each: see `rollups.shapes`."""

FAILURES = Table(
    "failures",
    METADATA,
    Column("shape", Integer, primary_key=True, autoincrement=False),
    Column("began", BigInteger, primary_key=True, autoincrement=False),
    Column("requests", BigInteger, nullable=False),
    Column("first", Text, nullable=False),
    Column("last", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Requests that went wrong, by what they say and by ten minutes: how many, and ids of the first and the last."""

WHO = Table(
    "failures_of_whom",
    METADATA,
    Column("shape", Integer, primary_key=True, autoincrement=False),
    Column("began", BigInteger, primary_key=True, autoincrement=False),
    Column("who", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Some of those that were hit (`ledger_shapes.Who` as JSON). Apart: counting reads all of the other table."""

TEXTS = Table(
    "failure_texts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What each request that went wrong says, without its case: so narrow that half a million are looked through in a
quarter of a second, which is why there is no index of words."""

ROLLED = Table(
    "ledger_rolled",
    METADATA,
    Column("from_id", Text, nullable=False),
    Column("repeats_from_id", Text, nullable=False),
)
"""One row: requests from `from_id` on are in the tables above as soon as they have ended; older ones are to come. Of
those before `repeats_from_id` nobody recorded whether they were asked for before."""

NOTHING_YET = "~"
"""Greater than any id: in an old ledger nothing is in those tables yet."""

ROLLUPS = (FIGURES, KINDS, SEEN, OF_RUNS, SHAPES, FAILURES, WHO, TEXTS, ROLLED)

IS_OPEN = text("outcome IS NULL")
HAS_GONE_WRONG = text(f"outcome IN {GONE_WRONG}")
HAS_CLASS = text("class <> ''")
"""Written out, not bound: a partial index serves only a query that repeats its condition."""

INDEXES = (
    Index("requests_open", REQUESTS.c.process, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
    Index("requests_gone_wrong", REQUESTS.c.id, sqlite_where=HAS_GONE_WRONG, postgresql_where=HAS_GONE_WRONG),
    Index(
        "requests_of_class",
        REQUESTS.c["class"],
        REQUESTS.c.id,
        sqlite_where=HAS_CLASS,
        postgresql_where=HAS_CLASS,
    ),
    Index("requests_of_model", REQUESTS.c.model, REQUESTS.c.id),
)
ROLLUP_INDEXES = (
    Index("seen_in", SEEN.c.minute),
    Index("requests_of_tasks", OF_RUNS.c.task, OF_RUNS.c.run, OF_RUNS.c.id),
    Index("failures_in", FAILURES.c.began),
    Index("failures_of_whom_in", WHO.c.began),
)
_DIALECT = sqlite.dialect()


_NEWER_THAN_ALL = "(SELECT coalesce(max(id) || '~', '') FROM requests)"


def _rollups(dialect: Dialect, from_id: str) -> tuple[str, ...]:
    tables = [str(CreateTable(table).compile(dialect=dialect)) for table in ROLLUPS]
    indexes = [str(CreateIndex(index).compile(dialect=dialect)) for index in ROLLUP_INDEXES]
    return (*tables, *indexes, f"INSERT INTO {ROLLED.name} VALUES ('{from_id}', {_NEWER_THAN_ALL})")  # noqa: S608 names of ours


UPGRADES = {
    1: ("ALTER TABLE bodies ADD COLUMN sent BLOB",),
    2: _rollups(_DIALECT, NOTHING_YET),
}
"""By version: the statements that make the next one of it (SQLite)."""


def creation(dialect: Dialect) -> list[str]:
    """The statements that make an empty ledger, to be run in one transaction."""
    tables = [str(CreateTable(table).compile(dialect=dialect)) for table in (FORMAT, REQUESTS, BODIES)]
    indexes = [str(CreateIndex(index).compile(dialect=dialect)) for index in INDEXES]
    return [*tables, *indexes, *_rollups(dialect, ""), f"INSERT INTO {FORMAT.name} VALUES ({VERSION})"]  # noqa: S608 names of ours


def upgrade(version: int) -> list[str]:
    """The statements that bring a ledger of an older version up to date, to be run in one transaction."""
    steps = [statement for old in range(version, VERSION) for statement in UPGRADES[old]]
    return [*steps, f"UPDATE {FORMAT.name} SET version = {VERSION}"]  # noqa: S608 names of ours


def put(table: Table, dialect: Dialect) -> str:
    """The statement that inserts a row, or replaces that of the same id."""
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(dict.fromkeys(table.c.keys()))
    replaced = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return str(statement.on_conflict_do_update(index_elements=["id"], set_=replaced).compile(dialect=dialect))
