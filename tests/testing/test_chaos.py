"""Chaos makes its faults for real: what a raw client sees on the wire."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from beastmode.testing.chaos import ANSWER_FAULTS, Chaos, Trouble
from beastmode.testing.wire import Message

ASKED = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
PATH = "/v1/chat/completions"


def played(story: Callable[[Chaos], Awaitable[None]], chaos: Chaos | None = None) -> None:
    async def play() -> None:
        async with chaos or Chaos() as entered:
            await story(entered)

    asyncio.run(asyncio.wait_for(play(), 30))


async def raw(url: str) -> bytes:
    """All that the server sends to one request, until it hangs up."""
    host, _, path = url.removeprefix("http://").partition("/")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    body = json.dumps(ASKED).encode()
    writer.write(f"POST /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    try:
        return await reader.read(-1)
    finally:
        writer.close()


async def post(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.post(url, json=ASKED) as answer:
        return answer.status, await answer.read()


def test_without_trouble_the_answer_is_whole_and_streamed() -> None:
    async def story(chaos: Chaos) -> None:
        status, body = await post(chaos.url + PATH)
        assert (status, body.rstrip().endswith(b"data: [DONE]")) == (200, True)
        assert [request.target for request in chaos.requests] == [PATH]

    played(story)


def test_a_reset_is_a_reset_and_not_an_end() -> None:
    async def story(chaos: Chaos) -> None:
        for fault in ("reset_before_headers", "reset_mid_body"):
            with pytest.raises(ConnectionResetError):
                await raw(chaos.url_of(fault) + PATH)

    played(story)


def test_what_is_cut_ends_in_the_middle() -> None:
    async def story(chaos: Chaos) -> None:
        chunked = await raw(chaos.url_of("truncated_chunked") + PATH)
        assert not chunked.endswith(b"0\r\n\r\n")
        stream = await raw(chaos.url_of("truncated_sse") + PATH)
        assert stream.endswith(b"\n\n\r\n0\r\n\r\n"), "HTTP finds it whole"
        assert b"[DONE]" not in stream

    played(story)


def test_a_hang_sends_no_more_and_ends_with_the_client() -> None:
    async def story(chaos: Chaos) -> None:
        reader, writer = await asyncio.open_connection(*chaos.url.removeprefix("http://").split(":"))
        writer.write(f"GET /fault/hang_mid_stream{PATH} HTTP/1.1\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n")
        await reader.read(1 << 16)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        writer.close()

    played(story)


def test_the_certificate_is_refused_even_by_who_trusts_it() -> None:
    async def story(chaos: Chaos) -> None:
        host, port = chaos.url_of("tls_wrong_host").removeprefix("https://").split(":")
        trusting = chaos.trusted.client_context()
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            await asyncio.open_connection(host, int(port), ssl=trusting)
        _, writer = await asyncio.open_connection(
            host, int(port), ssl=trusting, server_hostname="another-host.example"
        )
        writer.close()

    played(story)


def test_nobody_listens_and_no_name_resolves() -> None:
    async def story(chaos: Chaos) -> None:
        with pytest.raises(ConnectionRefusedError):
            await raw(chaos.url_of("refused") + PATH)
        name = chaos.url_of("dns").removeprefix("http://")
        with pytest.raises(socket.gaierror):
            await asyncio.get_running_loop().getaddrinfo(name, 80)

    played(story)


def test_in_front_of_a_real_server_each_fault_breaks_its_answer() -> None:
    async def story(behind: Chaos) -> None:
        async with Chaos(behind.url) as chaos:
            for fault in ANSWER_FAULTS:
                if fault not in ("hang_before_headers", "hang_mid_stream", "slow_drip"):
                    try:
                        got = await raw(chaos.url_of(fault) + PATH)
                    except ConnectionResetError:
                        got = b""
                    assert b"[DONE]" not in got, fault
            assert await post(chaos.url + PATH) == await post(behind.url + PATH)
        assert {request.target for request in behind.requests} == {PATH}
        assert json.loads(behind.requests[0].body) == ASKED

    played(story)


def test_a_plan_refuses_repeats_and_breaks_request_by_request() -> None:
    troubles = iter([Trouble(status=429, retry_after="7"), Trouble(copies=3), Trouble("html_200"), Trouble()])

    def plan(request: Message) -> Trouble:
        return next(troubles)

    async def story(behind: Chaos) -> None:
        async with Chaos(behind.url, plan) as chaos, aiohttp.ClientSession() as session:
            async with session.post(chaos.url + PATH, json=ASKED) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
            assert not behind.requests
            assert (await post(chaos.url + PATH))[0] == 200
            assert len(behind.requests) == 3
            assert b"<html>" in (await post(chaos.url + PATH))[1]
            assert b"[DONE]" in (await post(chaos.url + PATH))[1]

    played(story)
