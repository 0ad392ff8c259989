"""Limits of an upstream through the gateway: tokens, and limits of each credential."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.safeguards.host.folder import FOLDER_SETTING
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


def test_limits_that_cannot_be_kept_are_told_and_let_pass_again_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "limits"
    monkeypatch.setenv(FOLDER_SETTING, str(folder))

    async def ready(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
        answer = await session.get(f"{url}/readyz")
        return answer.status, (await answer.json())["reason"]

    async def story() -> list[tuple[int, str]]:
        async with (
            ModelServer() as server,
            gateway(server.url, tmp_path / "home", limits=SHORT, log_format="json") as url,
            aiohttp.ClientSession() as session,
        ):
            await ask(url)
            said = [await ready(session, url)]
            (path,) = folder.glob("*.db")
            for one in folder.glob("*.db*"):
                one.unlink()
            path.mkdir()
            with pytest.raises(openai.InternalServerError, match=f"cannot be opened.*{FOLDER_SETTING}"):
                await ask(url)
            said.append(await ready(session, url))
            path.rmdir()
            await ask(url)
            said.append(await ready(session, url))
            return said

    before, meanwhile, after = run(story())
    assert before == after == (200, "")
    assert meanwhile[0] == 503
    assert "the limits cannot be kept" in meanwhile[1]
    assert FOLDER_SETTING in meanwhile[1]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    alarms = [line for line in lines if "alarm" in str(line.get("event", line))]
    assert len(alarms) == 2
    assert ["cannot be kept" in str(alarms[0]), "can be kept again" in str(alarms[1])] == [True, True]
    kept = [(entry.outcome, "limits cannot be kept" in entry.cause) for entry in records(tmp_path / "home")]
    assert kept == [("upstream_ok", False), ("rejected", True), ("upstream_ok", False)]
