"""Why requests were not answered from the cache, counted over a real ledger."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode.errors import LedgerError
from beastmode.store.ledger.entry import Outcome
from beastmode.store.ledger.reading.cache_use import CacheUse, cache_use
from tests.store.ledgers import NOON, end, entry, opened

KEPT: list[tuple[float, str, str, Outcome]] = [
    (0, "miss", "new", "upstream_ok"),
    (1, "miss", "new", "upstream_ok"),
    (2, "hit", "l1", "hit"),
    (3, "off", "", "upstream_ok"),
    (4, "miss", "stateful", "failed"),
    (5, "miss", "new", "shared"),
    (6, "", "", "rejected"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"

    async def play() -> None:
        ledger = opened(path)
        for at, cache, why, outcome in KEPT:
            request = entry(NOON + at, cache=cache, cache_why=why)
            ledger.begin(request)
            end(ledger, request, outcome)
        await ledger.close()

    asyncio.run(play())
    return path


def test_reasons_are_counted_without_hits_shared_answers_and_what_had_nothing_to_do_with_it(
    path: Path,
) -> None:
    use = cache_use(path, NOON)
    assert use.reasons == [("new", 2), ("off", 1), ("stateful", 1)]
    assert (use.asked, use.all) == (5, True)


def test_older_requests_and_more_than_are_looked_at_do_not_count(path: Path) -> None:
    assert cache_use(path, NOON + 2).reasons == [("off", 1), ("stateful", 1)]
    use = cache_use(path, NOON, most=4)
    assert (use.reasons, use.asked, use.all) == ([("off", 1), ("stateful", 1)], 2, False)


def test_where_there_is_no_ledger_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert cache_use(tmp_path / "none.db", NOON) == CacheUse([], 0, all=True)
    (tmp_path / "garbage.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(LedgerError):
        cache_use(tmp_path / "garbage.db", NOON)
