"""What a gateway says of itself: only to who shows its token, uncounted, as things stand, and never a secret."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from beastmode.compose.serve.seen import Seen
from beastmode.compose.serve.settings.choice import Chosen
from beastmode.compose.serve.signs import signs_in
from beastmode.gateway.now import PATH
from beastmode.settings import Rate, TokenRate
from beastmode.store.allowance import parse_allowances
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore
from beastmode.testing.model_server import ModelServer, Refusal, Script
from tests.compose.coding.gateways import ask, played
from tests.compose.coding.gateways import question as question_to
from tests.gateway.served import gateway, records
from tests.processes import eventually


def question(words: str = "hi") -> dict[str, Any]:
    return question_to(words, "m-small")


async def said(home: Path) -> dict[str, Any]:
    """What the one gateway of a home says now."""
    (sign,) = signs_in(home).at_work
    headers = {"authorization": f"Bearer {sign.token}"}
    async with aiohttp.ClientSession() as session, session.get(sign.url + PATH, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        told: dict[str, Any] = await answer.json()
        return told


@asynccontextmanager
async def asked(
    home: Path, script: Script | None = None, **changes: Any
) -> AsyncIterator[tuple[str, ModelServer]]:
    """A gateway that can be seen; its URL, and the server behind it."""
    async with (
        ModelServer(script or Script()) as server,
        gateway(server.url, home, seen=Seen("serve"), **changes) as url,
    ):
        yield url, server


def gauges(told: dict[str, Any]) -> dict[str, tuple[float, float | None]]:
    (upstream,) = told["upstreams"]
    return {one["name"]: (one["used"], one["most"]) for one in upstream["gauges"]}


@played
async def test_its_limits_and_how_much_of_them_is_taken(tmp_path: Path) -> None:
    slow = Script(work_s=lambda asked: 0.5)
    limits = {
        "rates": (Rate(50, 1.0), Rate(1000, 60.0)),
        "concurrency": 2,
        "tokens": (TokenRate(10**6, 60.0),),
    }
    async with asked(tmp_path, slow, **limits) as (url, server):
        before = gauges(await said(tmp_path))
        asking = [asyncio.ensure_future(ask(url, question(f"q{number}"))) for number in range(5)]
        while server.most_in_flight < 2:
            await asyncio.sleep(0.01)
        told = await said(tmp_path)
        assert [status for status, _ in await asyncio.gather(*asking)] == [200] * 5
        after = gauges(await said(tmp_path))
    assert (told["in_flight"], told["waiting"], told["upstreams"][0]["waiting"]) == (2, 3, 3)
    now = gauges(told)
    assert (now["in flight"], after["in flight"]) == ((2, 2), (0, 2))
    used = [one["requests per 60 s"][0] - before["requests per 60 s"][0] for one in (now, after)]
    assert used == [2, 5]
    assert {name: most for name, (_, most) in now.items()} == {
        "requests per 1 s": 50,
        "requests per 60 s": 1000,
        "in flight": 2,
        "tokens per 60 s": 10**6,
    }
    assert now["tokens per 60 s"][0] > before["tokens per 60 s"][0]


@played
async def test_an_upstream_that_asked_to_wait_is_paused_until_then(tmp_path: Path) -> None:
    async with asked(tmp_path, Script(refusals=deque([Refusal(429, "600")]))) as (url, _):
        asking = asyncio.ensure_future(ask(url, question()))
        while (await said(tmp_path))["upstreams"][0]["state"] == "well":
            await asyncio.sleep(0.01)
        told = (await said(tmp_path))["upstreams"][0]
        asking.cancel()
    assert told["state"] == "paused"
    assert "asked to wait" in told["why"]
    assert told["paused_until_unix"] > 1.7e9


@played
async def test_a_breaker_that_is_open_says_why(tmp_path: Path) -> None:
    async with asked(tmp_path, Script(answer=(500, "boom"))) as (url, _):
        while (await said(tmp_path))["upstreams"][0]["state"] == "well":
            asking = asyncio.ensure_future(ask(url, question()))
            await asyncio.wait([asking], timeout=2.0)
            asking.cancel()
        told = (await said(tmp_path))["upstreams"][0]
    assert (told["state"], bool(told["why"]), bool(told["paused_until_unix"])) == ("open", True, True)
    assert "500" in told["last"]
    assert told["tip"]


@played
async def test_tiers_budgets_and_settings(tmp_path: Path) -> None:
    store = KeyStore(keys_path(tmp_path))
    limits = KeyLimits(allowances=parse_allowances("1000requests/day"))
    _, secret = store.add("ci", limits, 1.7e9)
    store.close()
    async with asked(tmp_path, cache="all") as (url, _):
        for _ in range(2):
            assert (await ask(url, question(), authorization=f"Bearer {secret}"))[0] == 200
        told = await said(tmp_path)
    memory, database = told["tiers"]
    assert (memory["name"], memory["hits"], memory["misses"], memory["entries"]) == ("l1", 1, 1, 1)
    assert (database["name"], database["state"]) == ("l3", "on")
    assert told["budgets"] == [
        {"name": "budget of key ci per day", "used": 1.0, "most": 1000.0, "unit": "requests"}
    ]
    assert told["alarms"] == []


@played
async def test_nobody_sees_it_without_the_token_and_no_look_is_a_request(tmp_path: Path) -> None:
    async with asked(tmp_path) as (url, server):
        async with aiohttp.ClientSession() as session:
            for headers in (
                {},
                {"authorization": "Bearer x"},
                {"authorization": signs_in(tmp_path).at_work[0].token},
            ):
                async with session.get(url + PATH, headers=headers) as answer:
                    assert answer.status == 401
                    assert b"upstreams" not in await answer.read()
        await said(tmp_path)
        assert server.asked == []
    assert records(tmp_path) == []


@played
async def test_a_gateway_that_nobody_is_to_see_has_no_such_page(tmp_path: Path) -> None:
    async with ModelServer(Script()) as server, gateway(server.url, tmp_path):
        assert signs_in(tmp_path).at_work == []


@played
async def test_no_setting_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSTREAM_API_KEY", "sk-of-the-upstream")
    chosen = [
        Chosen("upstream", "https://me:sk-of-the-upstream@example.com/v1", "--upstream", "main"),
        Chosen("upstream_key_env", "UPSTREAM_API_KEY", "BEAST_SERVE_UPSTREAM_KEY_ENV", "main"),
        Chosen("rate", "8/s", "beast.toml:3", "main"),
        Chosen("cache", "deterministic", "default"),
    ]
    seen = Seen("serve", chosen)
    async with (
        ModelServer(Script()) as server,
        gateway(server.url, tmp_path, seen=seen, key_env="UPSTREAM_API_KEY"),
    ):
        told = (await said(tmp_path))["settings"]
    assert "sk-of-the-upstream" not in str(told)
    assert [one["origin"] for one in told] == ["flag", "environment", "file", "default"]
    assert (told[1]["value"], told[2]["where"]) == ("UPSTREAM_API_KEY", "beast.toml:3")
    assert told[3]["help"].startswith("Which answers are kept")


@played
async def test_it_says_again_and_again_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beastmode.compose.serve.server.ALIVE_S", 0.01)
    async with asked(tmp_path):
        (path,) = (tmp_path / "gateways").iterdir()
        os.utime(path, (5.0, 5.0))
        await asyncio.to_thread(eventually, lambda: path.stat().st_mtime > 5.0)
