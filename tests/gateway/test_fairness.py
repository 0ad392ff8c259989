"""The fair line of a real gateway, over real sockets: counted in arrivals at the upstream, never in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from beastmode.testing.counting_server import CountingServer
from tests.gateway.served import gateway, records
from tests.gateway.test_proxy import run


class HeldServer(CountingServer):
    """Counts what arrives, and answers nothing until it is opened."""

    def __init__(self, slots: int | None) -> None:
        super().__init__(slots=slots, work_s=lambda asked: 0.05)
        self.opened = asyncio.Event()

    async def _complete(self, request: web.Request) -> web.Response:
        await self.opened.wait()
        return await super()._complete(request)

    @property
    def order(self) -> list[str]:
        return [arrival.asked for arrival in self.arrivals]


@dataclass
class Clients:
    """Many clients of one gateway. Each request is in line before the next call returns."""

    url: str
    session: aiohttp.ClientSession
    group: asyncio.TaskGroup
    asked: int = 0

    async def ask(self, *words: str, credential: str = "a", **headers: str) -> list[asyncio.Task[None]]:
        headers = {"Authorization": f"Bearer {credential}"} | headers
        asking = [self.group.create_task(self._ask(word, headers)) for word in words]
        self.asked += len(words)
        await self.until("beast_requests_received_total", self.asked)
        await (
            self._metrics()
        )  # one way and back more, in which bodies that come behind their headers are read
        return asking

    async def until(self, name: str, least: int) -> None:
        """Look at a metric until it is that high."""
        while not any(
            line.startswith(f"{name} ") and float(line.split()[1]) >= least for line in await self._metrics()
        ):
            await asyncio.sleep(0.01)

    async def _ask(self, word: str, headers: dict[str, str]) -> None:
        body: Any = {"model": "m", "messages": [{"role": "user", "content": word}]}
        async with self.session.post(f"{self.url}/v1/chat/completions", json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def _metrics(self) -> list[str]:
        return (await (await self.session.get(f"{self.url}/metrics")).text()).splitlines()


@asynccontextmanager
async def clients_of(upstream: str, home: Path, concurrency: int | None) -> AsyncIterator[Clients]:
    async with (
        gateway(upstream, home, concurrency=concurrency) as url,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        asyncio.TaskGroup() as group,
    ):
        yield Clients(url, session, group)


def test_one_request_starts_within_two_service_times_though_another_key_has_queued_200(
    tmp_path: Path,
) -> None:
    async def story() -> HeldServer:
        async with HeldServer(slots=2) as server, clients_of(server.url, tmp_path, concurrency=2) as clients:
            await clients.ask(*["one of many"] * 200, credential="greedy")
            await clients.ask("the only one", credential="modest")
            server.opened.set()
        return server

    server = run(story())
    in_flight_already, service_times = 2, 2
    assert server.order.index("the only one") <= in_flight_already + 2 * service_times
    assert (server.served, server.refused, server.most_in_flight) == (201, 0, 2)
    names = [entry.key for entry in records(tmp_path)]
    assert sorted(names.count(name) for name in set(names)) == [1, 200]


def test_batch_waits_behind_interactive_and_warming_behind_both_and_all_are_served(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with HeldServer(slots=1) as server, clients_of(server.url, tmp_path, concurrency=1) as clients:
            await clients.ask("in flight")
            await clients.ask("at the head")
            await clients.ask("warming", **{"x-beast-priority": "warming"})
            await clients.ask("batch", **{"X-Beast-Priority": "batch"})
            for number in range(4):
                await clients.ask(f"interactive {number}", credential="b")
            server.opened.set()
        return server.order

    interactive = [f"interactive {number}" for number in range(4)]
    assert run(story()) == ["in flight", "at the head", *interactive, "batch", "warming"]


def test_clients_that_leave_the_line_are_never_sent_and_hold_nobody_up(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with HeldServer(slots=1) as server, clients_of(server.url, tmp_path, concurrency=1) as clients:
            await clients.ask("in flight")
            leaving = await clients.ask(*["gone"] * 5)
            await clients.ask("stays")
            for task in leaving:
                task.cancel()
            await clients.until('beast_requests_total{outcome="cancelled"}', 5)
            server.opened.set()
        return server.order

    assert run(story()) == ["in flight", "stays"]
    outcomes = [str(entry.outcome) for entry in records(tmp_path)]
    assert sorted(outcomes) == ["cancelled"] * 5 + ["upstream_ok"] * 2


class FailsFirst(HeldServer):
    """Answers "new" at once; refuses all else the first time, and holds it the second, until it is opened."""

    def __init__(self) -> None:
        super().__init__(slots=None)
        self.seen: list[str] = []

    async def _complete(self, request: web.Request) -> web.Response:
        asked = (await request.json())["messages"][-1]["content"]
        self.seen.append(asked)
        if asked == "new":
            return await CountingServer._complete(self, request)
        if self.seen.count(asked) == 1:
            return web.json_response({"error": {"message": "a moment, please"}}, status=503)
        return await super()._complete(request)


def test_tries_again_that_wait_for_their_budget_keep_no_first_try_waiting(tmp_path: Path) -> None:
    async def story() -> FailsFirst:
        async with FailsFirst() as server, clients_of(server.url, tmp_path, concurrency=None) as clients:
            await asyncio.gather(*await clients.ask(*["new"] * 6))  # so the failures trip no breaker
            await clients.ask(*(f"again {number}" for number in range(5)))
            while (
                len(server.seen) < 6 + 5 + 3
            ):  # three are all the budget; in half a second the others want it too
                await asyncio.sleep(0.01)
            for _ in range(12):
                await asyncio.gather(*await clients.ask("new"))
                await asyncio.sleep(0.05)
            assert len(server.seen) == 6 + 5 + 3 + 12
            server.opened.set()
        return server

    assert run(story()).served == 6 + 5 + 12
