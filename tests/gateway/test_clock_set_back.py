"""The clock of the machine is set back by an hour while requests are in flight: nothing waits for it or is lost."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

import aiohttp

from beastmode.clock import Clock
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.figures import over
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.testing.model_server import ModelServer, Script
from tests.gateway.served import by_hand, records, serving_app
from tests.gateway.test_remembering import post

HOUR_S = 3600.0


def story_in(home: Path, unix: list[float]) -> list[str]:
    """One request before, one during, three after; what is said of the cache."""

    async def story() -> list[str]:
        clock = Clock(unix=lambda: unix[0] + time.monotonic())
        async with (
            ModelServer(Script(work_s=lambda _: 0.3)) as server,
            serving_app(by_hand([server.url], home, cache="deterministic", clock=clock)) as url,
            aiohttp.ClientSession() as session,
        ):
            first = await post(session, url)
            during = asyncio.create_task(post(session, url, seed=1))
            while not server.in_flight:
                await asyncio.sleep(0.01)
            unix[0] -= HOUR_S
            seconds = [await during, await post(session, url), await post(session, url, seed=1)]
            seconds.append(await post(session, url, headers={"cache-control": "max-age=5"}))
            assert {status for status, _, _ in (first, *seconds)} == {200}
            return [told for _, _, told in (first, *seconds)]

    return asyncio.run(asyncio.wait_for(story(), 30))


def test_answers_are_no_older_than_nothing_and_every_request_is_one_record(tmp_path: Path) -> None:
    unix = [time.time() - time.monotonic()]
    told = story_in(tmp_path, unix)
    assert told == ["miss; why=new"] * 2 + ["hit; tier=l1; age=0"] * 3
    kept = records(tmp_path)
    assert sorted(str(entry.outcome) for entry in kept) == ["hit"] * 3 + ["upstream_ok"] * 2
    assert len({entry.id for entry in kept}) == 5
    assert all(0 <= (entry.total_s or 0.0) < 30 for entry in kept)
    now = unix[0] + time.monotonic()
    assert sorted(round((now - entry.received_unix) / HOUR_S) for entry in kept) == [-1, -1, 0, 0, 0]
    with closing(LedgerReader(ledger_path(tmp_path))) as reader:
        both = over(reader, now - HOUR_S, now + 2 * HOUR_S)
    assert {name: many for name, many in both.outcomes.items() if many} == {"hit": 3, "upstream_ok": 2}
