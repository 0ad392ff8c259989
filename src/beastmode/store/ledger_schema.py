"""The tables of the ledger and the statements that write them, in SQLAlchemy Core: for SQLite and PostgreSQL.

The version stands in a table of its own, and a newer one is refused; an older one is brought up to date when it is
opened to be written (`UPGRADES`). There is no Alembic: it does not refuse a database that is newer than the program.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from beastmode.store.entry import GONE_WRONG

VERSION = 2

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

UPGRADES = {1: ("ALTER TABLE bodies ADD COLUMN sent BLOB",)}
"""By version: the statements that make the next one of it."""

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


def creation(dialect: Dialect) -> list[str]:
    """The statements that make an empty ledger, to be run in one transaction."""
    tables = [str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables]
    indexes = [str(CreateIndex(index).compile(dialect=dialect)) for index in INDEXES]
    return [*tables, *indexes, f"INSERT INTO {FORMAT.name} VALUES ({VERSION})"]  # noqa: S608 names of ours


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
