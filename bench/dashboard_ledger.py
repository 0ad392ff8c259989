"""A ledger of many requests, made by the database itself: recording millions one by one would take an hour."""

from __future__ import annotations

from pathlib import Path

from beastmode.store.ledger.entry import first_id
from beastmode.store.ledger.schema import NOTHING_YET
from beastmode.store.ledger.writing.backfill import roll
from beastmode.store.ledger.writing.file import LedgerFile

SPAN_S = 30 * 86_400
"""How long it took them to come: as long as a ledger keeps them."""
_PIECE = 1_000_000
"""So many are made and counted as a gateway does; more are the same once more, some days earlier."""

_HOUR_US = 3_600_000_000
_OF_IDS = {"id": "earlier(id)", "where": "id >= :first"}
_BY_TIME = {"began": "began - :earlier_s", "where": "began >= :began"}
_EARLIER = {
    "requests": _OF_IDS | {"received_unix": "received_unix - :earlier_s"},
    "requests_of_runs": _OF_IDS,
    "failure_texts": _OF_IDS,
    "figures": _BY_TIME | {"where": "began >= :began"},
    "failures": _BY_TIME | {"first": "earlier(first)", "last": "earlier(last)"},
    "failures_of_whom": _BY_TIME,
    "seen": {"minute": "minute - :earlier_s / 60", "where": "minute >= :began / 60"},
}
"""Of each table: what differs in a row that is the same some time earlier."""

_VALUES = {
    "id": "printf('%013x%011x', us, r & 0xfffffffffff)",
    "received_unix": "us / 1e6",
    "key": "'team-' || ((r >> 3) % 12)",
    "run": "iif(r % 10 = 0, 'r' || (n / 50000 % 20), '')",
    "task": "iif(r % 10 = 0, 'task-' || ((r >> 7) % 200), '')",
    "attempt": "iif(r % 10 = 0, 1 + (r >> 9) % 2, NULL)",
    "upstream": "iif(ended IN ('hit', 'rejected'), '', 'https://models-' || ((r >> 5) % 3) || '.example/v1')",
    "method": "'POST'",
    "path": "'/v1/chat/completions'",
    "model": "iif(n % 1000003 = 7, 'rare-model', 'model-' || ((r >> 11) % 20))",
    "dialect": "'openai.chat'",
    "stream": "r & 1",
    "status": "iif(ended = 'failed', 529, 200)",
    "class": "iif(bad, substr('overloadedrate_limit', 1 + 10 * (r & 1), 10), '')",
    "cause": "iif(bad, 'HTTP 529 after ' || ((r >> 13) % 10) || ' s: the model is overloaded (req_0'"
    " || printf('%x', r & 0xfffff) || ')', '')",
    "tip": "iif(bad, 'Wait for it, or name a spare with --fallback.', '')",
    "tries": "iif(ended IN ('hit', 'rejected'), 0, 1)",
    "queue_s": "(r >> 17) % 1000 / 1e4",
    "first_byte_s": "(r >> 19) % 1000 / 1e3",
    "total_s": "iif(n % 1000003 = 9, 900.0, (r >> 21) % 10000 / 1e3)",
    "tokens_in": "iif(bad, NULL, (r >> 23) % 4000)",
    "tokens_out": "iif(bad, NULL, (r >> 27) % 1000)",
    "tokens_cached": "0",
    "tokens_reasoning": "0",
    "cost_usd": "iif(bad, NULL, iif(ended = 'hit', 0.0, (r >> 23) % 4000 * 1e-6))",
    "priced": "NOT bad",
    "cache": "iif(ended = 'hit', 'hit', 'miss')",
    "cache_why": "iif(ended = 'hit', 'l1', 'new')",
    "outcome": "ended",
    "process": "'bench'",
}
_NUMBERED = """
WITH RECURSIVE numbered(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbered WHERE n + 1 < :last),
    made AS MATERIALIZED (SELECT n, :begins_us + n * :apart_us AS us, random() & 0x7fffffffffffffff AS r FROM numbered),
    known AS (SELECT *, r % 100 < 5 AS bad,
        iif(r % 100 < 4, 'failed', iif(r % 100 < 5, 'rejected', iif(r % 100 < 30, 'hit', 'upstream_ok'))) AS ended
        FROM made)
"""


def fill(path: Path, requests: int, until_unix: float, span_s: float = SPAN_S) -> None:
    """Make a ledger of so many requests that came at even distances until then: 5 in 100 went wrong, 25 are hits, 10
    belong to a run; 20 models, 12 keys, 3 upstreams. Two in a million are of a rare model, or slow.   span_s: an hour
    for each million, at least."""
    pieces = max(1, requests // _PIECE)
    span_us = int(span_s * 1e6) // pieces // _HOUR_US * _HOUR_US
    apart_us = span_us // (requests // pieces)
    file = LedgerFile(path)
    file.db.execute("UPDATE ledger_rolled SET from_id = ?", (NOTHING_YET,))
    _make(file, requests // pieces, int(until_unix * 1e6) - span_us, apart_us)
    while roll(file, 10_000):
        pass
    for piece in range(1, pieces):
        _copy(file, first_id(until_unix - span_us / 1e6), piece * span_us)
    file.close()


def _make(file: LedgerFile, requests: int, begins_us: int, apart_us: int) -> None:
    names = ", ".join(f'"{name}"' for name in _VALUES)
    insert = f"INSERT INTO requests ({names}) SELECT {', '.join(_VALUES.values())} FROM known"  # noqa: S608 ours
    given = {"first": 0, "last": requests, "begins_us": begins_us, "apart_us": apart_us}
    file.db.execute(_NUMBERED + insert, given)


def _copy(file: LedgerFile, first: str, earlier_us: int) -> None:
    """All from that id on once more, so much earlier: full hours."""

    def earlier(name: str) -> str:
        return f"{int(name[:13], 16) - earlier_us:013x}{name[13:]}"

    file.db.create_function("earlier", 1, earlier, deterministic=True)
    given = {"first": first, "began": int(first[:13], 16) // 1_000_000, "earlier_s": earlier_us // 1_000_000}
    with file.changed():
        for table, changed in _EARLIER.items():
            columns = [name for _, name, *_ in file.db.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
            where = changed["where"]
            file.db.execute(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {where}", given)  # noqa: S608
