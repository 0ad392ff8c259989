"""When names were first seen: to the minute, and not told where it cannot be known."""

from __future__ import annotations

import asyncio
from pathlib import Path

from beastmode.store.ledger.reading.first import first_seen
from beastmode.store.ledger.reading.reader import LedgerReader
from tests.store.ledgers import NOON, entry, opened, sql, upstream_call


def ledger(path: Path) -> LedgerReader:
    """Two upstreams, the second from 10 minutes on."""

    async def play() -> None:
        ledger = opened(path)
        for minute in range(20):
            upstream = "http://b" if minute >= 10 and minute % 2 else "http://a"
            await upstream_call(
                ledger, entry(NOON + minute * 60 + 7, upstream=upstream, key=f"k{minute // 10}")
            )
        await ledger.close()

    asyncio.run(play())
    return LedgerReader(path)


def test_each_name_was_first_seen_in_its_first_minute(tmp_path: Path) -> None:
    firsts = first_seen(ledger(tmp_path / "ledger.db"))
    assert firsts == {
        ("upstream", "http://a"): NOON,
        ("upstream", "http://b"): NOON + 660,
        ("model", "m"): NOON,
        ("key", "k0"): NOON,
        ("key", "k1"): NOON + 600,
    }


def test_while_older_requests_are_still_brought_in_nothing_is_known(tmp_path: Path) -> None:
    reader = ledger(tmp_path / "ledger.db")
    sql(tmp_path / "ledger.db", "UPDATE ledger_rolled SET from_id = '5'")
    assert first_seen(reader) == {}
