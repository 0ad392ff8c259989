"""Identical requests at once: one call to the upstream, whoever leaves."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest

from beastmode.settings import parse_rates
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore
from beastmode.testing.chaos import Chaos, Trouble
from beastmode.testing.model_server import ModelServer
from tests.gateway.served import by_hand, gateway, records, serving_app

MANY = 1000


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 110))


async def post(
    session: aiohttp.ClientSession, url: str, *, stream: bool, text: str = "hello", bears_s: str = ""
) -> tuple[int, bytes]:
    """One request.   bears_s: what its client says of its own timeout."""
    body = {"model": "m-small", "stream": stream, "messages": [{"role": "user", "content": text}]}
    headers = {"x-stainless-read-timeout": bears_s} if bears_s else {}
    async with session.post(f"{url}/v1/chat/completions", json=body, headers=headers) as answer:
        return answer.status, await answer.read()


async def received(session: aiohttp.ClientSession, url: str, number: int) -> None:
    """Return once the gateway has received so many requests."""
    told = f"beast_requests_received_total {float(number)}"
    while True:
        async with session.get(f"{url}/metrics") as answer:
            if told in await answer.text():
                return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("stream", [False, True])
def test_a_thousand_at_once_are_one_call_to_the_upstream(tmp_path: Path, stream: bool) -> None:
    async def story() -> tuple[list[tuple[int, bytes]], int]:
        slow = Trouble(latency_s=1.0)
        async with ModelServer() as server, Chaos(server.url, plan=lambda _: slow) as chaos:
            app = by_hand([chaos.url], tmp_path, cache="all")
            connector = aiohttp.TCPConnector(limit=0)
            async with serving_app(app) as url, aiohttp.ClientSession(connector=connector) as session:
                answers = await asyncio.gather(*(post(session, url, stream=stream) for _ in range(MANY)))
            return answers, server.paid

    answers, paid = run(story())
    assert paid == 1
    assert len(set(answers)) == 1
    assert answers[0][0] == 200
    outcomes = Counter(entry.outcome for entry in records(tmp_path))
    assert outcomes == {"upstream_ok": 1, "shared": MANY - 1}
    assert sum(entry.cost_usd or 0.0 for entry in records(tmp_path) if entry.outcome == "shared") == 0.0


@pytest.mark.parametrize("stream", [False, True])
def test_the_leader_s_client_may_go_and_it_is_still_one_call(tmp_path: Path, stream: bool) -> None:
    async def story() -> tuple[list[tuple[int, bytes]], int]:
        slow = Trouble(latency_s=0.5)
        async with ModelServer() as server, Chaos(server.url, plan=lambda _: slow) as chaos:
            app = by_hand([chaos.url], tmp_path, cache="all")
            async with serving_app(app) as url, aiohttp.ClientSession() as session:
                leader = asyncio.create_task(post(session, url, stream=stream))
                await received(session, url, 1)
                others = [asyncio.create_task(post(session, url, stream=stream)) for _ in range(5)]
                await received(session, url, 6)
                leader.cancel()
                answers = await asyncio.gather(*others)
            return answers, server.paid

    answers, paid = run(story())
    assert paid == 1
    assert {status for status, _ in answers} == {200}
    assert Counter(entry.outcome for entry in records(tmp_path)) == {"cancelled": 1, "shared": 5}
    (leader,) = (entry for entry in records(tmp_path) if entry.outcome == "cancelled")
    assert leader.tokens_out  # what the call used is in the record of the one that began it


def test_when_all_clients_have_gone_the_upstream_s_connection_is_closed(tmp_path: Path) -> None:
    async def story() -> None:
        async with Chaos(plan=lambda _: Trouble(fault="hang_mid_stream")) as chaos:
            app = by_hand([chaos.url], tmp_path, cache="all")
            async with serving_app(app) as url, aiohttp.ClientSession() as session:
                clients = [asyncio.create_task(post(session, url, stream=True)) for _ in range(3)]
                while not chaos.requests:
                    await asyncio.sleep(0.01)
                await received(session, url, 3)
                for client in clients:
                    client.cancel()
                async with asyncio.timeout(20.0):  # at once, but the machine may be busy
                    while chaos.connections:
                        await asyncio.sleep(0.01)

    run(story())
    assert Counter(entry.outcome for entry in records(tmp_path)) == {"cancelled": 3}


def test_a_failure_reaches_everybody_and_the_next_one_asks_again(tmp_path: Path) -> None:
    troubles = [Trouble(status=400, latency_s=0.3)]

    async def story() -> tuple[list[tuple[int, bytes]], tuple[int, bytes]]:
        async with (
            ModelServer() as server,
            Chaos(server.url, plan=lambda _: troubles.pop() if troubles else Trouble()) as chaos,
        ):
            app = by_hand([chaos.url], tmp_path, cache="all")
            async with serving_app(app) as url, aiohttp.ClientSession() as session:
                failed = await asyncio.gather(*(post(session, url, stream=False) for _ in range(4)))
                return failed, await post(session, url, stream=False)

    failed, after = run(story())
    assert [status for status, _ in failed] == [400] * 4
    assert after[0] == 200
    outcomes = Counter((entry.outcome, entry.class_) for entry in records(tmp_path))
    assert outcomes == {("failed", "bad_request"): 4, ("upstream_ok", ""): 1}


def test_who_read_along_in_vain_and_then_asked_itself_has_not_shared(tmp_path: Path) -> None:
    async def story() -> list[tuple[int, bytes]]:
        slow = Trouble(latency_s=2.0)
        async with ModelServer() as server, Chaos(server.url, plan=lambda _: slow) as chaos:
            app = by_hand([chaos.url], tmp_path, cache="all", concurrency=1)
            async with serving_app(app) as url, aiohttp.ClientSession() as session:
                before = asyncio.create_task(post(session, url, stream=False, text="the only place is taken"))
                while not chaos.requests:
                    await asyncio.sleep(0.01)
                leader = asyncio.create_task(post(session, url, stream=False, bears_s="2"))
                await received(session, url, 2)
                return [*await asyncio.gather(before, leader, post(session, url, stream=False))]

    assert [status for status, _ in run(story())] == [200, 503, 200]
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok", "rejected", "upstream_ok"]


def test_an_unmodified_client_reads_along_in_a_stream(tmp_path: Path) -> None:
    async def story() -> list[str]:
        slow = Trouble(fault="slow_drip")
        async with (
            ModelServer() as server,
            Chaos(server.url, plan=lambda _: slow, drip_s=0.0005) as chaos,
            serving_app(by_hand([chaos.url], tmp_path, cache="all")) as url,
        ):
            return await asyncio.gather(*(late(url, wait_s) for wait_s in (0.0, 0.1, 0.2)))

    async def late(url: str, wait_s: float) -> str:
        await asyncio.sleep(wait_s)
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as api:
            messages: list[Any] = [{"role": "user", "content": "hello"}]
            chunks = await api.chat.completions.create(model="m-small", messages=messages, stream=True)
            return "".join([one.choices[0].delta.content or "" async for one in chunks if one.choices])

    assert run(story()) == ["It is done."] * 3
    assert Counter(entry.outcome for entry in records(tmp_path)) == {"upstream_ok": 1, "shared": 2}


HURRY = {"x-stainless-read-timeout": "2"}
"""A client that says so is answered after a second, so that it still hears it."""


def test_who_takes_over_from_one_that_was_refused_shares_nothing(tmp_path: Path) -> None:
    async def story() -> list[int]:
        async with (
            ModelServer() as server,
            Chaos(server.url, plan=lambda _: Trouble(latency_s=2.0)) as chaos,
            serving_app(by_hand([chaos.url], tmp_path, cache="all", concurrency=1)) as url,
            aiohttp.ClientSession() as session,
        ):
            other = asyncio.create_task(post(session, url, stream=True))
            while not chaos.requests:
                await asyncio.sleep(0.01)
            async with aiohttp.ClientSession(headers=HURRY) as hurried:
                leader = asyncio.create_task(post(hurried, url, stream=False))
                await asyncio.sleep(0.2)
                joiner = asyncio.create_task(post(session, url, stream=False))
                return [(await one)[0] for one in (other, leader, joiner)]

    assert run(story()) == [200, 503, 200]
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok", "rejected", "upstream_ok"]


def test_a_throttle_that_the_leader_s_client_would_not_wait_for_reaches_nobody_else(tmp_path: Path) -> None:
    troubles = [Trouble(status=429, retry_after="3", latency_s=0.4)]

    async def story() -> list[int]:
        async with (
            ModelServer() as server,
            Chaos(server.url, plan=lambda _: troubles.pop() if troubles else Trouble()) as chaos,
            serving_app(by_hand([chaos.url], tmp_path, cache="all")) as url,
            aiohttp.ClientSession() as session,
            aiohttp.ClientSession(headers=HURRY) as hurried,
        ):
            leader = asyncio.create_task(post(hurried, url, stream=False))
            await asyncio.sleep(0.2)
            joiner = asyncio.create_task(post(session, url, stream=False))
            return [(await one)[0] for one in (leader, joiner)]

    assert run(story()) == [429, 200]
    assert [entry.outcome for entry in records(tmp_path)] == ["failed", "upstream_ok"]


def test_a_joiner_in_a_hurry_is_told_while_its_leader_waits_in_line(tmp_path: Path) -> None:
    async def story() -> tuple[int, list[int]]:
        async with (
            ModelServer() as server,
            Chaos(server.url, plan=lambda _: Trouble(latency_s=4.0)) as chaos,
            serving_app(by_hand([chaos.url], tmp_path, cache="all", concurrency=1)) as url,
            aiohttp.ClientSession() as session,
            aiohttp.ClientSession(headers=HURRY) as hurried,
        ):
            other = asyncio.create_task(post(session, url, stream=True))
            while not chaos.requests:
                await asyncio.sleep(0.01)
            leader = asyncio.create_task(post(session, url, stream=False))
            await asyncio.sleep(0.2)
            told = (await post(hurried, url, stream=False))[0]
            assert not other.done()
            return told, [(await one)[0] for one in (other, leader)]

    assert run(story()) == (503, [200, 200])


def test_nobody_waits_for_the_rate_of_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSTREAM_KEY", "sk-upstream")  # both keys ask as the same tenant
    with closing(KeyStore(keys_path(tmp_path))) as store:
        slow = store.add("slow", KeyLimits(rates=parse_rates("1/min")), time.time())[1]
        free = store.add("free", KeyLimits(), time.time())[1]

    async def story() -> list[int]:
        async with (
            ModelServer() as server,
            gateway(server.url, tmp_path, key_env="UPSTREAM_KEY", cache="all") as url,
            aiohttp.ClientSession(headers={"authorization": f"Bearer {slow}"}) as limited,
            aiohttp.ClientSession(headers={"authorization": f"Bearer {free}"}) as other,
        ):
            used_up = await post(limited, url, stream=True)
            leader = asyncio.create_task(post(limited, url, stream=False))
            await asyncio.sleep(0.3)
            async with asyncio.timeout(20):
                at_once = await post(other, url, stream=False)
            assert not leader.done()
            leader.cancel()
            return [used_up[0], at_once[0]]

    assert run(story()) == [200, 200]
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok", "cancelled", "upstream_ok"]
