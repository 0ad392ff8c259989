"""The tables of the ledger and the statements that make them (SQLite).

The version stands in a table of its own, and a newer one is refused; an older one is brought up to date when it is
opened to be written (`UPGRADES`). The statements are written out: a library that puts them together takes 0.15 s to
load, nearly as long as all else that `beast requests` does.
"""

from __future__ import annotations

from beastmode.store.ledger.entry import GONE_WRONG

VERSION = 3
FORMAT = "ledger_format"
"""The table that holds it."""

REQUESTS = {
    "id": "TEXT NOT NULL PRIMARY KEY",
    "received_unix": "DOUBLE NOT NULL",
    "key": "TEXT NOT NULL",
    "run": "TEXT NOT NULL",
    "task": "TEXT NOT NULL",
    "attempt": "INTEGER",
    "upstream": "TEXT NOT NULL",
    "method": "TEXT NOT NULL",
    "path": "TEXT NOT NULL",
    "model": "TEXT NOT NULL",
    "dialect": "TEXT NOT NULL",
    "stream": "BOOLEAN NOT NULL",
    "status": "INTEGER",
    "class": "TEXT NOT NULL",
    "cause": "TEXT NOT NULL",
    "tip": "TEXT NOT NULL",
    "tries": "INTEGER NOT NULL",
    "queue_s": "DOUBLE",
    "first_byte_s": "DOUBLE",
    "total_s": "DOUBLE",
    "tokens_in": "INTEGER",
    "tokens_out": "INTEGER",
    "tokens_cached": "INTEGER",
    "tokens_reasoning": "INTEGER",
    "cost_usd": "DOUBLE",
    "priced": "BOOLEAN NOT NULL",
    "cache": "TEXT NOT NULL",
    "cache_why": "TEXT NOT NULL",
    "outcome": "TEXT",
    "process": "TEXT NOT NULL",
}
"""The columns of `requests`, one row a request. `outcome` is NULL while it is in flight, or where its process was
killed."""
COLUMNS = tuple(REQUESTS)

ROLLUPS = {
    # What requests came to that have ended: of the minute, and of the hour, in which they were received. `began` is
    # the Unix time of that, `span` its seconds; `lengths` are `latencies.packed`. It stays when the requests go.
    "figures": """(
        span INTEGER NOT NULL,
        began BIGINT NOT NULL,
        outcome TEXT NOT NULL,
        class TEXT NOT NULL,
        tier TEXT NOT NULL,
        requests BIGINT NOT NULL,
        tokens_in BIGINT NOT NULL,
        tokens_out BIGINT NOT NULL,
        cost_usd DOUBLE NOT NULL,
        saved_usd DOUBLE NOT NULL,
        repeats BIGINT NOT NULL,
        unpriced BIGINT NOT NULL,
        slowest_s DOUBLE NOT NULL,
        lengths BLOB NOT NULL,
        PRIMARY KEY (span, began, outcome, class, tier)
    ) WITHOUT ROWID""",
    # Which kinds of requests there are, a few hundred of millions of them.
    "kinds": """(
        id INTEGER NOT NULL PRIMARY KEY,
        key TEXT NOT NULL,
        upstream TEXT NOT NULL,
        model TEXT NOT NULL,
        outcome TEXT NOT NULL,
        class TEXT NOT NULL,
        UNIQUE (key, upstream, model, outcome, class)
    )""",
    # In which minutes (of Unix time) there is one of a kind that has ended: what is rare is found without an index of
    # millions of rows for everything that it could be looked for by.
    "seen": """(
        kind INTEGER NOT NULL,
        minute BIGINT NOT NULL,
        PRIMARY KEY (kind, minute)
    ) WITHOUT ROWID""",
    # Requests that belong to a run and have ended. A table, not an index: that could not be made for an old ledger
    # without reading all of it while others wait.
    "requests_of_runs": """(
        run TEXT NOT NULL,
        id TEXT NOT NULL,
        task TEXT NOT NULL,
        PRIMARY KEY (run, id)
    ) WITHOUT ROWID""",
    # What failures say, without what differs in each: see `rollups.shapes`.
    "failure_shapes": """(
        id INTEGER NOT NULL PRIMARY KEY,
        class TEXT NOT NULL,
        cause TEXT NOT NULL,
        tip TEXT NOT NULL,
        UNIQUE (class, cause, tip)
    )""",
    # Requests that went wrong, by what they say and by ten minutes: how many, and ids of the first and the last.
    "failures": """(
        shape INTEGER NOT NULL,
        began BIGINT NOT NULL,
        requests BIGINT NOT NULL,
        first TEXT NOT NULL,
        last TEXT NOT NULL,
        PRIMARY KEY (shape, began)
    ) WITHOUT ROWID""",
    # Some of those that were hit (`rollups.shapes.Who` as JSON). Apart: counting reads all of the other table.
    "failures_of_whom": """(
        shape INTEGER NOT NULL,
        began BIGINT NOT NULL,
        who BLOB NOT NULL,
        PRIMARY KEY (shape, began)
    ) WITHOUT ROWID""",
    # What each request that went wrong says, without its case: so narrow that half a million are looked through in a
    # quarter of a second, which is why there is no index of words.
    "failure_texts": """(
        id TEXT NOT NULL PRIMARY KEY,
        text TEXT NOT NULL
    ) WITHOUT ROWID""",
    # One row: requests from `from_id` on are in the tables above as soon as they have ended; older ones are to come.
    # Of those before `repeats_from_id` nobody recorded whether they were asked for before.
    "ledger_rolled": "(from_id TEXT NOT NULL, repeats_from_id TEXT NOT NULL)",
}
"""What is made of requests that have ended."""

NOTHING_YET = "~"
"""Greater than any id: in an old ledger nothing is in those tables yet."""

HAS_GONE_WRONG = f"outcome IN {GONE_WRONG}"
HAS_CLASS = "class <> ''"
"""Written out, not bound: a partial index serves only a query that repeats its condition."""

_BODIES = "CREATE TABLE bodies (id TEXT NOT NULL PRIMARY KEY, request BLOB, answer BLOB, sent BLOB)"
"""Apart from the rows, which stay small; most requests have none. `sent`: an `entry.Sent` as JSON."""
_INDEXES = (
    "CREATE INDEX requests_open ON requests (process) WHERE outcome IS NULL",
    f"CREATE INDEX requests_gone_wrong ON requests (id) WHERE {HAS_GONE_WRONG}",
    f"CREATE INDEX requests_of_class ON requests (class, id) WHERE {HAS_CLASS}",
    "CREATE INDEX requests_of_model ON requests (model, id)",
)
_ROLLUP_INDEXES = (
    "CREATE INDEX seen_in ON seen (minute)",
    "CREATE INDEX requests_of_tasks ON requests_of_runs (task, run, id)",
    "CREATE INDEX failures_in ON failures (began)",
    "CREATE INDEX failures_of_whom_in ON failures_of_whom (began)",
)
_NEWER_THAN_ALL = "(SELECT coalesce(max(id) || '~', '') FROM requests)"


def _rollups(from_id: str) -> tuple[str, ...]:
    tables = [f"CREATE TABLE {name} {columns}" for name, columns in ROLLUPS.items()]
    began = f"INSERT INTO ledger_rolled VALUES ('{from_id}', {_NEWER_THAN_ALL})"  # noqa: S608 names of ours
    return (*tables, *_ROLLUP_INDEXES, began)


UPGRADES = {
    1: ("ALTER TABLE bodies ADD COLUMN sent BLOB",),
    2: _rollups(NOTHING_YET),
}
"""By version: the statements that make the next one of it."""


def creation() -> list[str]:
    """The statements that make an empty ledger, to be run in one transaction."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in REQUESTS.items())
    tables = (
        f"CREATE TABLE {FORMAT} (version INTEGER NOT NULL)",
        f"CREATE TABLE requests ({columns}) WITHOUT ROWID",
        _BODIES,
    )
    return [*tables, *_INDEXES, *_rollups(""), f"INSERT INTO {FORMAT} VALUES ({VERSION})"]  # noqa: S608 names of ours


def upgrade(version: int) -> list[str]:
    """The statements that bring a ledger of an older version up to date, to be run in one transaction."""
    steps = [statement for old in range(version, VERSION) for statement in UPGRADES[old]]
    return [*steps, f"UPDATE {FORMAT} SET version = {VERSION}"]  # noqa: S608 names of ours
