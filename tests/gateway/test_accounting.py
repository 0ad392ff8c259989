"""Every request is received, has one outcome, and one record, whatever its upstream and its client do."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.chaos import ANSWER_FAULTS, Chaos, Trouble
from beastmode.testing.wire import Message
from tests.gateway.served import gateway, records

PATHS = {
    "openai.chat": "/v1/chat/completions",
    "openai.responses": "/v1/responses",
    "anthropic.messages": "/v1/messages",
    "gemini.generate": "/v1beta/models/m:generateContent",
    "openai.embeddings": "/v1/embeddings",
    "other": "/v1/files",
}
MANY = int(os.environ.get("BEAST_ACCOUNTING_REQUESTS", "20000"))
LIMITS = ProxyLimits(most_body_bytes=10_000, retries=0, queue_timeout_s=5.0)


def plan(request: Message) -> Trouble:
    """One request in six meets a fault or a refusal; more would open the breaker."""
    dice = random.random()
    if dice < 0.1:
        return Trouble(fault=random.choice(ANSWER_FAULTS))
    return Trouble(status=random.choice((400, 429, 500, 503))) if dice < 0.16 else Trouble()


async def ask(session: aiohttp.ClientSession, url: str, number: int) -> None:
    """One request of a mix: any dialect, streamed or not, now and then too large or given up."""
    asked: dict[str, Any] = {"model": "m", "stream": number % 2 == 0}
    if number % 50 == 7:
        asked["too_large"] = "x" * 20_000
    patience_s = {3: 0.005, 13: 0.002, 23: 0.001}.get(number % 40, 20.0)
    path = list(PATHS.values())[number % len(PATHS)]
    try:
        async with asyncio.timeout(patience_s):
            async with session.post(f"{url}{path}", data=json.dumps(asked)) as answer:
                await answer.read()
                if answer.status == 503:
                    await asyncio.sleep(0.5)  # as clients do: all others were refused while a breaker is open
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass  # each has its record, and that is what is looked at


async def ask_all(url: str, most: int, parallel: int = 24) -> None:
    numbers = iter(range(most))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def some() -> None:
            for number in numbers:
                await ask(session, url, number)

        await asyncio.gather(*(some() for _ in range(parallel)))


async def settled(url: str) -> Counter[str]:
    """What the gateway has counted, once none is in flight."""
    async with aiohttp.ClientSession() as session:
        while True:
            said = await (await session.get(f"{url}/metrics")).text()
            lines = (line.rpartition(" ") for line in said.splitlines() if line.startswith("beast_"))
            counted: Counter[str] = Counter({name: int(float(value)) for name, _, value in lines})
            in_flight = counted.pop("beast_requests_in_flight")
            received = counted["beast_requests_received_total"]
            ended = sum(n for name, n in counted.items() if "outcome" in name)
            assert received == ended + in_flight
            if in_flight == 0:
                return counted
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "most", [600, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.timeout(120 + MANY // 50)])]
)
def test_none_is_unaccounted_for_through_faults_and_clients_that_go_away(tmp_path: Path, most: int) -> None:
    async def story() -> tuple[Counter[str], int]:
        async with (
            Chaos(plan=plan, keep=1, drip_s=0.0) as chaos,
            gateway(chaos.url, tmp_path, limits=LIMITS, idle_s=1.0) as url,
        ):
            await ask_all(url, most)
            return await settled(url), most

    counted, _ = asyncio.run(story())
    kept = records(tmp_path)
    assert counted["beast_requests_received_total"] == len(kept) == len({entry.id for entry in kept})
    by_outcome = Counter(entry.outcome for entry in kept)
    assert all(counted[f'beast_requests_total{{outcome="{name}"}}'] == n for name, n in by_outcome.items())
    # How many an open breaker rejects is a matter of luck.
    assert by_outcome["upstream_ok"] > 2 * by_outcome["failed"]
    assert {"failed", "rejected", "cancelled", "upstream_ok"} <= set(by_outcome)
    assert [entry for entry in kept if entry.outcome in ("failed", "rejected") and not entry.class_] == []
    assert {entry.dialect for entry in kept} == set(PATHS)
