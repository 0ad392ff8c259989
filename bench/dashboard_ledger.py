"""A ledger of many requests, made by the database itself: recording millions of them one by one would take an hour."""

from __future__ import annotations

from pathlib import Path

from beastmode.store.ledger_file import LedgerFile
from beastmode.store.ledger_schema import REQUESTS

SPAN_S = 30 * 86_400
"""How long it took them to come: as long as a ledger keeps them."""
_MOST_IN_ONE = 1_000_000

_VALUES = {
    "id": "printf('%013x%011x', us, r & 0xfffffffffff)",
    "received_unix": "us / 1e6",
    "key": "'team-' || ((r >> 3) % 12)",
    "run": "iif(r % 10 = 0, 'r' || (us / 7200000000 % 100), '')",
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
    "cause": "iif(bad, 'HTTP 529 after ' || ((r >> 13) % 10) || ' s: the model is overloaded (req_'"
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
    made AS (SELECT n, :begins_us + n * :apart_us AS us, random() & 0x7fffffffffffffff AS r FROM numbered),
    known AS (SELECT *, iif(r % 100 < 4, 'failed', iif(r % 100 < 5, 'rejected', iif(r % 100 < 30, 'hit', 'upstream_ok')))
        AS ended, r % 100 < 5 AS bad FROM made)
"""


def fill(path: Path, requests: int, until_unix: float) -> None:
    """Make a ledger of so many requests that came at even distances until then: 5 in 100 went wrong, 25 are hits, 10
    belong to a run; 20 models, 12 keys, 3 upstreams."""
    file = LedgerFile(path)
    apart_us = int(SPAN_S * 1e6 / requests)
    begins_us = int(until_unix * 1e6) - requests * apart_us
    names = ", ".join(f'"{name}"' for name in REQUESTS.c.keys())
    values = ", ".join(_VALUES[name] for name in REQUESTS.c.keys())
    insert = f"{_NUMBERED} INSERT INTO requests ({names}) SELECT {values} FROM known"
    for first in range(0, requests, _MOST_IN_ONE):
        last = min(requests, first + _MOST_IN_ONE)
        given = {"first": first, "last": last, "begins_us": begins_us, "apart_us": apart_us}
        file.db.execute(insert, given)
    file.close()
