"""Large bodies are read by a process of their own: what it finds is what is there, and its end is nobody's."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from beastmode.gateway import aside
from beastmode.gateway.aside import ASIDE_BYTES, Aside
from beastmode.gateway.dialects.openai_chat import OpenAIChat
from beastmode.gateway.reading import Found, Reading, found_in
from beastmode.testing.model_server import ModelServer
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import answering, close, connect, run, until_none_in_flight
from tests.gateway.test_wire import Server

CHAT = "/v1/chat/completions"
READING = Reading("POST", CHAT, "", ((b"content-type", b"application/json"),), in_run=False)


def asking(content: object, model: str = "m-small") -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": content}]}).encode()


LARGE = asking("word " * 600_000)
SHORT_TEXTS = asking(["a"] * 600_000)


@asynccontextmanager
async def reader() -> AsyncIterator[Aside]:
    one = Aside()
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize(
    "body",
    [LARGE, SHORT_TEXTS, LARGE[:-1], b"\x00\xff" * ASIDE_BYTES],
    ids=["long", "short", "cut", "binary"],
)
def test_what_it_finds_is_what_is_there(body: bytes) -> None:
    async def story() -> Found:
        async with reader() as one:
            return await one.read(READING, body)

    assert asyncio.run(story()) == found_in(READING, body)


def test_one_after_the_other_is_read_by_the_same_process_and_by_another_where_that_has_ended() -> None:
    async def story() -> list[int]:
        async with reader() as one:
            pids = []
            for _ in range(4):
                assert (await one.read(READING, LARGE)).asked.model == "m-small"
                assert one._process is not None
                pids.append(one._process.pid)
                if len(pids) == 3:
                    os.kill(pids[-1], signal.SIGKILL)
            return pids

    first, second, third, fourth = asyncio.run(story())
    assert first == second == third != fourth


@pytest.mark.parametrize("command", [("/nowhere",), ("true",)], ids=["no such", "ends"])
def test_where_there_can_be_no_process_it_is_read_here(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(aside, "_COMMAND", command)

    async def story() -> Found:
        async with reader() as one:
            return await one.read(READING, memoryview(SHORT_TEXTS))  # type: ignore[arg-type]

    assert asyncio.run(story()) == found_in(READING, SHORT_TEXTS)


def test_the_gateway_itself_reads_nothing_that_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the event loop, and not in a thread beside it."""
    read, sizes = OpenAIChat.read, list[int]()

    def noted(self: OpenAIChat, path: str, query: str, body: bytes) -> object:
        sizes.append(len(body))
        return read(self, path, query, body)

    monkeypatch.setattr(OpenAIChat, "read", noted)

    said = json.dumps({"choices": [{"message": {"role": "assistant", "content": "hi"}}]}).encode()
    upstream = Server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
    bodies = [LARGE, SHORT_TEXTS, asking("read here first")]

    async def story() -> None:
        async with (
            answering(upstream.speak) as base,
            gateway(base, tmp_path) as url,
            aiohttp.ClientSession() as session,
        ):
            for body in bodies:
                assert (await session.post(f"{url}{CHAT}", data=io.BytesIO(body))).status == 200

    run(story())
    assert upstream.bodies == bodies
    assert sizes == [len(asking("read here first"))]
    assert [entry.model for entry in records(tmp_path)] == ["m-small"] * 3


def test_a_large_one_that_is_no_json_is_told_where_it_breaks(tmp_path: Path) -> None:
    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            async with aiohttp.ClientSession() as session:
                answer = await session.post(f"{url}{CHAT}", data=io.BytesIO(LARGE[:-1]))
                assert (answer.status, f"column {len(LARGE)}" in await answer.text()) == (400, True)
            assert upstream.asked == []

    run(story())


def test_who_goes_away_while_it_is_read_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        aside, "_COMMAND", ("sleep", "60")
    )  # it takes what fits into a pipe, and says nothing

    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            _, writer = await connect(url)
            head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(LARGE)}\r\n\r\n"
            writer.write(head.encode() + LARGE)
            await writer.drain()
            await close(writer)
            await until_none_in_flight(url)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"]


def test_a_dialect_of_which_nothing_is_read_needs_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_COMMAND", ("sleep", "60"))

    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            _, writer = await connect(url)
            head = f"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: {len(LARGE)}\r\n\r\n"
            writer.write(head.encode() + LARGE)
            await writer.drain()
            await until_none_in_flight(url)
            await close(writer)

    run(story())
