"""Streams of events through a real gateway: how they begin, how they end, and how they come packed."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.store.ledger.entry import Entry
from beastmode.testing.model_answers import events
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import CHAT, Speak, answering, take_request

WHOLE = b"".join(events("chat", "m", ["It ", "is done."]))
OVERLOADED = b'data: {"error": {"message": "Overloaded", "type": "overloaded_error", "code": 529}}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
ENDLESS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
Then = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Behind what has been sent."""


async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def ping_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not reader.at_eof():
        writer.write(chunk(b": ping\n\n"))
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.5)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await writer.drain()
    writer.transport.abort()


def say(answers: Sequence[bytes], then: Then = hang_up) -> Speak:
    """One after the other, the last again and again."""
    left = list(answers)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await then(reader, writer)

    return speak


def ask(speak: Speak, home: Path) -> tuple[int, bytes, Entry]:
    """What a client that wants a stream gets, packed as it comes, and its record."""

    async def story() -> tuple[int, bytes]:
        body = {"model": "m", "stream": True, "temperature": 0, "messages": []}
        async with (
            answering(speak) as upstream,
            gateway(upstream, home) as url,
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.post(url + CHAT, json=body) as answer,
        ):
            return answer.status, await answer.read()

    status, text = asyncio.run(asyncio.wait_for(story(), 60))
    (entry,) = records(home)
    return status, text, entry


@pytest.mark.parametrize("then", [hang_up, stay, reset])
def test_a_stream_is_whole_with_its_terminal_event_whatever_becomes_of_the_connection(
    tmp_path: Path, then: Then
) -> None:
    status, text, entry = ask(say([ENDLESS + chunk(WHOLE)], then), tmp_path)
    assert (status, text) == (200, WHOLE)
    assert (entry.outcome, entry.tokens_out, entry.tries) == ("upstream_ok", 8, 1)


def test_pings_behind_the_end_do_not_go_on_for_ever(tmp_path: Path) -> None:
    _, text, entry = ask(say([ENDLESS + chunk(WHOLE)], ping_on), tmp_path)
    assert text.startswith(WHOLE + b": ping\n\n")
    assert entry.outcome == "upstream_ok"


def test_lines_that_end_with_cr_alone_end_it_too(tmp_path: Path) -> None:
    said = WHOLE.replace(b"\n", b"\r")
    _, text, entry = ask(say([ENDLESS + chunk(said)], stay), tmp_path)
    assert (text, entry.outcome) == (said, "upstream_ok")


@pytest.mark.parametrize(
    "cut", [-3, 0, 1, 2], ids=["in a line", "behind it", "in the blank one", "behind that"]
)
def test_the_error_of_a_stream_that_breaks_off_is_an_event_of_its_own(tmp_path: Path, cut: int) -> None:
    begun = WHOLE[: WHOLE.index(b"\n\n") + cut]
    _, text, _ = ask(say([ENDLESS + chunk(begun)]), tmp_path)
    assert text.startswith(begun)
    *_, error, end = re.split(b"\n{2,}", text)
    assert (error[:15], end) == (b'data: {"error":', b"")


@pytest.mark.parametrize(
    ("first", "then"),
    [(b"", hang_up), (b"", reset), (OVERLOADED, hang_up), (OVERLOADED, stay), (OVERLOADED, reset)],
)
def test_one_that_has_not_begun_is_tried_again(tmp_path: Path, first: bytes, then: Then) -> None:
    """One that says nothing and stays is waited for: it may still begin."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (then if asked.pop() == 1 else hang_up)(reader, writer)

    asked = [2, 1]
    answers = [ENDLESS + (chunk(first) if first else b""), ENDLESS + chunk(WHOLE)]
    status, text, entry = ask(say(answers, once), tmp_path)
    assert (status, text) == (200, WHOLE)
    assert (entry.outcome, entry.tries) == ("upstream_ok", 2)


def test_one_that_never_begins_is_an_error_with_a_status(tmp_path: Path) -> None:
    status, text, entry = ask(say([ENDLESS + chunk(OVERLOADED)]), tmp_path)
    assert (status, entry.outcome, entry.class_, entry.tries) == (502, "failed", "overloaded", 3)
    assert "Overloaded" in json.loads(text)["error"]["message"]
    assert entry.status == 502


@pytest.mark.parametrize("then", [hang_up, stay])
@pytest.mark.parametrize("rest", [b"", b"data: [DONE]\n\n"], ids=["cut", "ended"])
def test_an_error_in_the_midst_of_a_stream_is_a_failure_also_where_it_ends_well(
    tmp_path: Path, then: Then, rest: bytes
) -> None:
    begun = WHOLE[: WHOLE.index(b"\n\n") + 2]
    status, text, entry = ask(say([ENDLESS + chunk(begun + OVERLOADED + rest)], then), tmp_path)
    assert (status, entry.outcome, entry.class_, entry.tries) == (200, "failed", "overloaded", 1)
    assert text.startswith(begun + OVERLOADED + rest)


def test_where_the_gateway_ends_in_the_midst_of_a_line_all_its_readers_can_read_why(tmp_path: Path) -> None:
    begun = WHOLE[: WHOLE.index(b"\n\n") - 3]
    body = {"model": "m", "stream": True, "temperature": 0, "messages": []}

    async def story() -> list[bytes]:
        async with answering(say([ENDLESS + chunk(begun)], stay)) as upstream:
            async with gateway(upstream, tmp_path, drain_s=0.0) as url:
                session = aiohttp.ClientSession()
                answers = [await session.post(url + CHAT, json=body) for _ in range(2)]
                for answer in answers:
                    assert await answer.content.readexactly(len(begun)) == begun
            rests = [await answer.read() for answer in answers]
            await session.close()
            return rests

    for rest in asyncio.run(asyncio.wait_for(story(), 60)):
        assert rest.startswith(b'\n\ndata: {"error"')
    ends = [(entry.outcome, entry.class_, entry.status) for entry in records(tmp_path)]
    assert ends == [("failed", "killed", 200)] * 2


def packed(data: bytes, coding: str) -> bytes:
    body = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    return (
        HEAD + b"Content-Encoding: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % coding.encode() + chunk(body)
    )


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_comes_packed_is_read_on_the_side_and_passes_as_it_is(tmp_path: Path, coding: str) -> None:
    answer = packed(WHOLE, coding)
    _, text, entry = ask(say([answer + b"0\r\n\r\n"]), tmp_path)
    assert chunk(text) == answer.partition(b"\r\n\r\n")[2]
    assert (entry.outcome, entry.tokens_in, entry.tokens_out) == ("upstream_ok", 8, 8)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_comes_packed_ends_with_its_terminal_event_too(tmp_path: Path, coding: str) -> None:
    answer = packed(WHOLE, coding)
    _, text, entry = ask(say([answer], stay), tmp_path)
    assert chunk(text) == answer.partition(b"\r\n\r\n")[2]
    assert (entry.outcome, entry.tokens_out) == ("upstream_ok", 8)


def test_one_that_comes_packed_and_breaks_off_is_a_failure(tmp_path: Path) -> None:
    begun = WHOLE[: WHOLE.index(b"\n\n") + 2]
    with pytest.raises(
        aiohttp.ClientPayloadError
    ):  # no word of ours can follow, and nobody takes it for the whole
        ask(say([packed(begun, "gzip") + b"0\r\n\r\n"]), tmp_path)
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.class_) == ("failed", "truncated_stream")


@pytest.mark.parametrize("kind", [b"text/plain", b"application/json", b"application/octet-stream"])
def test_a_stream_flows_whatever_its_content_type_says(tmp_path: Path, kind: bytes) -> None:
    begun = WHOLE[: WHOLE.index(b"\n\n") + 2]

    async def story() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await take_request(reader)
            writer.write(ENDLESS.replace(b"text/event-stream", kind) + chunk(begun[:3]) + chunk(begun[3:]))
            await heard.wait()
            writer.write(chunk(WHOLE[len(begun) :]) + b"0\r\n\r\n")

        heard = asyncio.Event()
        async with (
            answering(speak) as upstream,
            gateway(upstream, tmp_path) as url,
            aiohttp.ClientSession() as session,
            session.post(url + CHAT, json={"model": "m", "stream": True, "messages": []}) as answer,
        ):
            assert await answer.content.readexactly(len(begun)) == begun
            heard.set()
            assert begun + await answer.read() == WHOLE

    asyncio.run(asyncio.wait_for(story(), 60))
    assert [(entry.outcome, entry.tokens_out) for entry in records(tmp_path)] == [("upstream_ok", 8)]


def test_a_client_that_leaves_a_stream_of_no_dialect_in_its_midst_is_cancelled(tmp_path: Path) -> None:
    """Of llama.cpp's `/completion` nobody here knows where it ends."""

    async def story() -> None:
        gone = asyncio.Event()

        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await take_request(reader)
            writer.write(ENDLESS + chunk(b'data: {"content": "x"}\n\n'))
            await reader.read()
            gone.set()

        async with answering(speak) as upstream, gateway(upstream, tmp_path) as url:
            async with (
                aiohttp.ClientSession() as session,
                session.post(url + "/completion", json={"stream": True}) as answer,
            ):
                await answer.content.readany()
            await gone.wait()

    asyncio.run(asyncio.wait_for(story(), 60))
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"]


@pytest.mark.parametrize(
    ("kind", "ahead"),
    [(b"text/event-stream", False), (b"application/json", False), (b"application/json", True)],
    ids=["stream", "whole", "whole, its head ahead"],
)
def test_what_comes_packed_in_vain_after_a_sign_of_life_is_asked_for_again(
    tmp_path: Path, kind: bytes, ahead: bool
) -> None:
    packed = HEAD.replace(b"text/event-stream", kind) + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\n"

    async def story() -> bytes:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
            if b"accept-encoding: gzip" in head:
                writer.write(packed if ahead else b"")
                await heard.wait()
                writer.write((b"" if ahead else packed) + b"???")
            else:
                assert b"accept-encoding: identity" in head
                writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)

        heard = asyncio.Event()
        limits = ProxyLimits(silence_s=0.1, keepalive_s=0.1)
        async with (
            answering(speak) as upstream,
            gateway(upstream, tmp_path, limits=limits) as url,
            aiohttp.ClientSession(headers={"Accept-Encoding": "gzip, br"}) as session,
            session.post(url + CHAT, json={"model": "m", "stream": True, "messages": []}) as answer,
        ):
            assert (await answer.content.readline()).startswith(b":")
            heard.set()
            return await answer.read()

    assert asyncio.run(asyncio.wait_for(story(), 60)).endswith(WHOLE)
    assert [(entry.outcome, entry.tries) for entry in records(tmp_path)] == [("upstream_ok", 2)]
