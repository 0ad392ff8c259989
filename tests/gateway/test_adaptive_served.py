"""`--upstream-concurrency auto` in real time: a real gateway in front of a server of hidden capacity, halved half-way.

`-s` shows how much got through beside the best fixed numbers in the same run; the machine has other work too, so only
half of that is asserted. What is asserted in full: hardly any request is refused, no client sees one, all is answered.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from beastmode.settings import Auto
from beastmode.testing.model_server import ModelServer, Script
from tests.gateway.served import gateway

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

BODY = json.dumps({"model": "m-small", "messages": [{"role": "user", "content": "hello"}]}).encode()
HALF_S = 20.0


async def flood(url: str, for_s: float, clients: int = 40) -> int:
    """Ask all the time, many at once; how many were answered. Each answer is a good one."""
    until = asyncio.get_running_loop().time() + for_s

    async def client(session: aiohttp.ClientSession) -> int:
        answered = 0
        while asyncio.get_running_loop().time() < until:
            async with session.post(f"{url}/v1/chat/completions", data=BODY) as answer:
                assert answer.status == 200, await answer.text()
            answered += 1
        return answered

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return sum(await asyncio.gather(*(client(session) for _ in range(clients))))


@pytest.mark.parametrize("capacity", [12, 3])
def test_requests_find_the_capacity_of_their_upstream(capacity: int, tmp_path: Path) -> None:
    asyncio.run(find(capacity, tmp_path))


async def find(capacity: int, tmp_path: Path) -> None:
    work_s, best = 0.2 if capacity > 6 else 0.1, 0
    async with ModelServer(Script(work_s=lambda asked: work_s)) as server:
        for number in (capacity, capacity // 2):
            async with gateway(server.url, tmp_path / str(number), concurrency=number, cache="off") as url:
                best += await flood(url, HALF_S / 2) * 2
        server.asked.clear()
        server.script.refuses_above = capacity
        async with gateway(server.url, tmp_path / "auto", concurrency=Auto(32), cache="off") as url:
            first = await flood(url, HALF_S)
            server.script.refuses_above = capacity // 2
            second = await flood(url, HALF_S)
        share, came = server.refused / server.paid, server.paid
    print(
        f"\ncapacity {capacity}: {first + second} answered, {(first + second) / best:.0%} of the best fixed numbers; "
        f"{server.refused} of {came} refused ({share:.2%})"
    )
    assert share <= 0.01
    assert first + second >= 0.5 * best
