"""The scripted model server, as clients meet it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp
import pytest

from beastmode.failures.answers import Dialect
from beastmode.testing.model_server import ModelServer, Refusal, Script

PATHS: dict[Dialect, str] = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "gemini": "/v1beta/models/m-small:generateContent",
}
Story = Callable[[ModelServer, aiohttp.ClientSession], Awaitable[None]]


def played(story: Story, script: Script) -> None:
    async def play() -> None:
        async with ModelServer(script) as server, aiohttp.ClientSession() as session:
            await story(server, session)

    asyncio.run(asyncio.wait_for(play(), 30))


@pytest.mark.parametrize("dialect", PATHS)
def test_every_dialect_is_answered_whole_and_as_a_stream(dialect: Dialect) -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        url = server.url + PATHS[dialect]
        async with session.post(url, json={"model": "m-small"}) as answer:
            assert answer.status == 200
            assert "It is done." in json.dumps(await answer.json())
        url = url.replace("generateContent", "streamGenerateContent?alt=sse")
        async with session.post(url, json={"model": "m-small", "stream": True}) as answer:
            assert answer.content_type == "text/event-stream"
            assert (await answer.read()).count(b"data: ") >= 4
        assert server.paid == 2

    played(story, Script(prefix="/v1beta" if dialect == "gemini" else "/v1"))


@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "api-key", "x-goog-api-key"])
def test_a_key_is_found_wherever_a_dialect_puts_it(header: str) -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        value = "Bearer k" if header == "Authorization" else "k"
        async with session.get(f"{server.url}/v1/models", headers={header: value}) as answer:
            assert [model["id"] for model in (await answer.json())["data"]] == ["m-small", "m-large"]
        async with session.get(f"{server.url}/v1/models", headers={header: "Bearer other"}) as answer:
            assert answer.status == 401

    played(story, Script(keys=frozenset({"k"})))


def test_it_refuses_what_it_does_not_know_and_shows_its_limits() -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        async with session.post(f"{server.url}/v1/messages", json={"model": "gone"}) as answer:
            assert (answer.status, (await answer.json())["type"]) == (404, "error")
            assert answer.headers["x-ratelimit-limit-requests"] == "60"
        async with session.get(f"{server.url}/elsewhere") as answer:
            assert answer.status == 404

    played(story, Script(headers={"x-ratelimit-limit-requests": "60"}))


def test_it_embeds_and_counts() -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        asked = {"model": "m-small", "input": ["hi", "you"]}
        async with session.post(f"{server.url}/v1/embeddings", json=asked) as answer:
            assert [each["embedding"] for each in (await answer.json())["data"]] == [[2.0, 1.0], [3.0, 1.0]]
        async with session.post(
            f"{server.url}/v1/messages/count_tokens", json={"model": "m-small"}
        ) as answer:
            assert await answer.json() == {"input_tokens": 8}
        assert server.paid == 1

    played(story, Script())


def test_it_refuses_as_often_as_it_is_told_takes_its_time_and_counts() -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        async def ask() -> tuple[int, str]:
            async with session.post(f"{server.url}/v1/chat/completions", json={"model": "m-small"}) as answer:
                return answer.status, answer.headers.get("Retry-After", "")

        refusals = [Refusal(429, retry_after="7"), Refusal(529)]
        server.script.refusals.extend(refusals)
        assert [await ask(), await ask()] == [(429, "7"), (529, "")]
        assert await asyncio.gather(*(ask() for _ in range(3))) == [(200, "")] * 3
        assert (server.most_in_flight, server.most_in_window(60.0), server.most_in_window(1e-9)) == (3, 5, 1)

    played(story, Script(work_s=lambda asked: 0.2))


def test_a_body_that_is_no_json_is_refused() -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        async with session.post(f"{server.url}/v1/messages", data=b"{") as answer:
            assert answer.status == 400

    played(story, Script())


def test_a_turn_may_have_words_of_its_own() -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        for asked, said in (("echo", "echo echo"), ("other", "It is done.")):
            body = {"model": "m-small", "messages": [{"role": "user", "content": asked}]}
            async with session.post(server.url + PATHS["chat"], json=body) as answer:
                assert (await answer.json())["choices"][0]["message"]["content"] == said

    def turn(_dialect: Dialect, asked: Mapping[str, Any]) -> Sequence[str] | None:
        return ("echo", " echo") if asked["messages"][-1]["content"] == "echo" else None

    played(story, Script(turn=turn))


def test_it_is_in_trouble_as_often_as_it_is_told_and_comes_back_after_being_down() -> None:
    async def story(server: ModelServer, session: aiohttp.ClientSession) -> None:
        async def ask() -> int:
            async with session.post(server.url + PATHS["chat"], json={"model": "m-small"}) as answer:
                return answer.status

        assert await ask() == 200
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await ask()
        down = asyncio.wrap_future(server.go_down(0.2))
        while not server.is_down:
            await asyncio.sleep(0)
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask()
        await down
        assert await ask() == 200
        assert server.in_flight == 0

    played(story, Script(trouble=lambda number: Refusal(0) if number == 2 else None))
