"""Eleven minutes in line, a hundred times as fast: unmodified clients finish, and each asked the upstream once.

Every time is a hundredth of what it is for real: the gateway's silence (30 s), its signs of life (15 s) and its queue
(15 min), the timeouts of the clients (10 min), and the time for which somebody else holds the only slot (11 min).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import openai
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.model_server import ModelServer, Refusal, Script
from tests.gateway.served import gateway, records

HELD_S, CLIENT_S = 6.6, 6.0
FAST = ProxyLimits(silence_s=0.3, keepalive_s=0.15, queue_timeout_s=9.0)
HI: Any = [{"role": "user", "content": "hi"}]
WORDS = "It is done."
WRONG = '{"error": {"type": "invalid_request_error", "message": "too many words", "code": null}}'
Ask = Callable[..., Awaitable[str]]


async def chat(url: str, timeout_s: float = CLIENT_S) -> str:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", timeout=timeout_s) as api:
        answer = await api.chat.completions.create(model="m-small", messages=HI)
        return str(answer.choices[0].message.content)


async def chat_streamed(url: str, timeout_s: float = CLIENT_S) -> str:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", timeout=timeout_s) as api:
        pieces = await api.chat.completions.create(model="m-small", messages=HI, stream=True)
        return "".join([piece.choices[0].delta.content or "" async for piece in pieces if piece.choices])


async def respond_streamed(url: str, timeout_s: float = CLIENT_S) -> str:
    async with (
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", timeout=timeout_s) as api,
        api.responses.stream(model="m-small", input="hi") as stream,
    ):
        return (await stream.get_final_response()).output_text


async def message(url: str, timeout_s: float = CLIENT_S) -> str:
    async with anthropic.AsyncAnthropic(base_url=url, api_key="k", timeout=timeout_s) as api:
        (block,) = (await api.messages.create(model="m-small", max_tokens=9, messages=HI)).content
        return block.text if block.type == "text" else ""


async def message_streamed(url: str, timeout_s: float = CLIENT_S) -> str:
    async with (
        anthropic.AsyncAnthropic(base_url=url, api_key="k", timeout=timeout_s) as api,
        api.messages.stream(model="m-small", max_tokens=9, messages=HI) as stream,
    ):
        return await stream.get_final_text()


STREAMED: list[Ask] = [chat_streamed, respond_streamed, message_streamed]
WHOLE: list[Ask] = [chat, message]


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    """Clients load parts of themselves when first used: for longer, on a busy machine, than any of them waits here."""

    async def story() -> None:
        async with ModelServer() as server:
            for ask in (*STREAMED, *WHOLE):
                await ask(server.url, 100.0)

    run(story())


@asynccontextmanager
async def held(home: Path, script: Script) -> AsyncIterator[tuple[str, ModelServer]]:
    """A gateway whose upstream's only slot is in use for eleven minutes; gives its URL and the upstream."""
    script.work_s = lambda asked: HELD_S if asked["model"] == "m-large" else 0.0
    async with (
        ModelServer(script) as server,
        gateway(server.url, home, limits=FAST, concurrency=1) as url,
        aiohttp.ClientSession() as session,
    ):
        asked = {"model": "m-large", "messages": HI}
        holding = asyncio.create_task(session.post(f"{url}/v1/chat/completions", json=asked))
        while not server.paid:
            await asyncio.sleep(0.01)
        yield url, server
        await holding


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 100))


def test_all_finish_and_each_asked_the_upstream_once(tmp_path: Path) -> None:
    asking = [*STREAMED, *WHOLE]

    async def story() -> int:
        async with held(tmp_path, Script()) as (url, server):
            assert await asyncio.gather(*(ask(url) for ask in asking)) == [WORDS] * len(asking)
            return server.paid

    assert run(story()) == 1 + len(asking)
    outcomes = [entry.outcome for entry in records(tmp_path)]
    assert outcomes.count("upstream_ok") == 1 + len(asking)
    assert outcomes.count("rejected") == len(WHOLE), (
        "they were asked to come again, before their own time was over"
    )
    assert len(outcomes) == 1 + len(asking) + len(WHOLE)


def test_a_400_after_the_wait_reaches_them_as_an_error_with_what_to_do(tmp_path: Path) -> None:
    async def story() -> list[BaseException | str]:
        async with held(tmp_path, Script()) as (url, server):
            server.script.refusals.extend([Refusal(400, body=WRONG)] * len(STREAMED))
            return await asyncio.gather(*(ask(url) for ask in STREAMED), return_exceptions=True)

    for error in run(story()):
        assert isinstance(error, (openai.APIError, anthropic.APIError))
        assert re.search("too many words.*[Cc]orrect the request", str(error))
    assert sorted(str(entry.outcome) for entry in records(tmp_path)) == ["failed"] * 3 + ["upstream_ok"]


def test_a_client_of_little_patience_hears_of_its_stream_in_time(tmp_path: Path) -> None:
    """It gives up after 3 s without a byte, the upstream takes 4.5 s, and the gateway would be silent for 30 s."""

    async def story() -> list[str]:
        slow = Script(work_s=lambda asked: 4.5)
        async with ModelServer(slow) as server, gateway(server.url, tmp_path) as url:
            return await asyncio.gather(*(ask(url, 3.0) for ask in STREAMED))

    assert run(story()) == [WORDS] * len(STREAMED)
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"] * len(STREAMED)


def test_a_throttle_beyond_its_patience_is_waited_for_by_the_client_itself(tmp_path: Path) -> None:
    async def story() -> str:
        refusing = Script(refusals=deque([Refusal(429, retry_after="4")]))
        async with ModelServer(refusing) as server, gateway(server.url, tmp_path) as url:
            return await chat(url, 3.0)

    assert run(story()) == WORDS
    assert [(entry.outcome, entry.status) for entry in records(tmp_path)] == [
        ("failed", 429),
        ("upstream_ok", 200),
    ]
