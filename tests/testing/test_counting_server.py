"""The counting model server that tests and the example share: it counts all, and refuses what is too much."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from beastmode.settings import Rate
from beastmode.testing.counting_server import CountingServer


async def ask(session: aiohttp.ClientSession, server: CountingServer, text: str) -> tuple[int, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    async with session.post(f"{server.url}/v1/chat/completions", json=body) as answer:
        return answer.status, await answer.json()


def test_it_answers_says_back_what_it_was_asked_and_counts() -> None:
    async def story() -> None:
        async with CountingServer(work_s=lambda asked: 0.0) as server, aiohttp.ClientSession() as session:
            status, answer = await ask(session, server, "hello")
            assert (status, answer["choices"][0]["message"]["content"]) == (200, "You asked: hello")
            async with session.get(f"{server.url}/counts") as counts:
                expected = {"served": 1, "refused": 0, "most_in_flight": 1, "most_in_window": 0}
                assert await counts.json() == expected
            assert [arrival.asked for arrival in server.arrivals] == ["hello"]

    asyncio.run(story())


def test_it_refuses_what_exceeds_its_slots() -> None:
    async def story() -> None:
        async with CountingServer(slots=2) as server, aiohttp.ClientSession() as session:
            answers = await asyncio.gather(*(ask(session, server, "hello") for _ in range(3)))
            assert sorted(status for status, _ in answers) == [200, 200, 429]
            assert (server.served, server.refused, server.most_in_flight) == (2, 1, 3)

    asyncio.run(story())


def test_it_refuses_what_exceeds_its_rate_health_checks_included() -> None:
    async def story() -> None:
        rate = Rate(2, 3600.0)
        async with (
            CountingServer(rate=rate, work_s=lambda asked: 0.0) as server,
            aiohttp.ClientSession() as session,
        ):
            async with session.get(f"{server.url}/health") as well:
                assert well.status == 200
            statuses = [(await ask(session, server, "hello"))[0] for _ in range(2)]
            assert statuses == [200, 429]
            assert (server.refused, server.most_in_window) == (1, 3)

    asyncio.run(story())
