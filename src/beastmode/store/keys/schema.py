"""The tables of the keys (SQLite). The version stands in a table of its own, and a newer one is refused."""

from __future__ import annotations

VERSION = 1
FORMAT = "keys_format"
"""The table that holds it."""

_TABLES = {
    FORMAT: "(version INTEGER NOT NULL)",
    # models, rates, budgets, rights: as they are written, with commas between them; `none` without any.
    "keys": """(
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        models TEXT NOT NULL,
        rates TEXT NOT NULL,
        budgets TEXT NOT NULL,
        rights TEXT NOT NULL,
        created_unix DOUBLE NOT NULL,
        expires_unix DOUBLE,
        revoked_unix DOUBLE,
        used_unix DOUBLE
    )""",
    # Of each key the hash of its secret, and of those before it, which work or worked until then.
    "secrets": "(hash BLOB NOT NULL PRIMARY KEY, key TEXT NOT NULL, until_unix DOUBLE)",
    # What a key has used in a day (`2026-11-26`) and in a month (`2026-11`), by all gateways of the home together.
    "spent": """(
        key TEXT NOT NULL,
        period TEXT NOT NULL,
        requests INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        usd DOUBLE NOT NULL,
        unpriced INTEGER NOT NULL,
        PRIMARY KEY (key, period)
    )""",
}


def creation() -> list[str]:
    """The statements that make an empty file, to be run in one transaction."""
    tables = [f"CREATE TABLE {name} {columns}" for name, columns in _TABLES.items()]
    return [*tables, f"INSERT INTO {FORMAT} VALUES ({VERSION})"]  # noqa: S608 a name of ours
