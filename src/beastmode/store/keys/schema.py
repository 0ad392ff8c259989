"""The tables of the keys, in SQLAlchemy Core. The version stands in a table of its own, and a newer one is refused."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable

VERSION = 1

METADATA = MetaData()

FORMAT = Table("keys_format", METADATA, Column("version", Integer, nullable=False))

KEYS = Table(
    "keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("models", Text, nullable=False),
    Column("rates", Text, nullable=False),
    Column("budgets", Text, nullable=False),
    Column("rights", Text, nullable=False),
    Column("created_unix", Double, nullable=False),
    Column("expires_unix", Double),
    Column("revoked_unix", Double),
    Column("used_unix", Double),
)
"""models, rates, budgets, rights: as they are written, with commas between them; `none` without any."""

SECRETS = Table(
    "secrets",
    METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("key", Text, nullable=False),
    Column("until_unix", Double),
)
"""Of each key the hash of its secret, and of those before it, which work or worked until then."""

SPENT = Table(
    "spent",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("usd", Double, nullable=False),
    Column("unpriced", Integer, nullable=False),
)
"""What a key has used in a day (`2026-11-26`) and in a month (`2026-11`), by all gateways of the home together."""


def creation(dialect: Dialect) -> list[str]:
    """The statements that make an empty file, to be run in one transaction."""
    tables = [str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables]
    return [*tables, f"INSERT INTO {FORMAT.name} VALUES ({VERSION})"]  # noqa: S608 names of ours
