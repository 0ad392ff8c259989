"""Limits of an upstream through the gateway: tokens, and limits of each credential."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.settings import TokenRate
from beastmode.testing.model_server import ModelServer, Script
from tests.gateway.served import gateway, records

SHORT = ProxyLimits(queue_timeout_s=0.5)


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 60))


async def ask(url: str, key: str = "a", most_tokens: int = 100) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as api:
        hello: Any = [{"role": "user", "content": key}]
        await api.chat.completions.create(model="m-small", messages=hello, max_tokens=most_tokens)


@pytest.mark.parametrize(("per", "most"), [("upstream", 1), ("credential", 2)])
def test_limits_hold_for_the_upstream_or_for_each_credential(tmp_path: Path, per: Any, most: int) -> None:
    async def story() -> int:
        async with (
            ModelServer(Script(work_s=lambda _: 0.2)) as server,
            gateway(server.url, tmp_path, concurrency=1, limits_per=per) as url,
        ):
            await asyncio.gather(*(ask(url, key) for key in "aabb"))
            return server.most_in_flight

    assert run(story()) == most


def test_what_a_request_may_cost_is_set_aside_until_it_is_known(tmp_path: Path) -> None:
    tokens = (TokenRate(1000, 3600.0),)

    async def story() -> int:
        async with (
            ModelServer(Script(work_s=lambda _: 0.2)) as server,
            gateway(server.url, tmp_path, tokens=tokens) as url,
        ):
            await asyncio.gather(*(ask(url, most_tokens=450) for _ in range(6)))
            return server.most_in_flight

    assert run(story()) == 2  # two guesses of about 470 fit at once, and what was not used is free after each
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"] * 6


def test_past_the_tokens_of_its_time_a_request_waits_and_is_told_which_limit_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with ModelServer() as server:
            tokens = (TokenRate(30, 3600.0),)
            async with gateway(server.url, tmp_path, tokens=tokens, limits=SHORT) as url:
                for _ in range(20):
                    await ask(url, most_tokens=1)

    with pytest.raises(openai.InternalServerError, match="--tokens"):
        run(story())
