"""What passes through a gateway is what came, in both directions, whatever HTTP allows."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.settings import Rate
from beastmode.store.entry import Entry
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import BODY, CHAT, answering, close, connect, run, take_request

SAID = json.dumps(
    {
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
).encode()
KEEPABLE = json.dumps({**json.loads(BODY), "temperature": 0}).encode()
ONE = (Rate(1, 1.0),)
POST = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
STREAMED = json.dumps({**json.loads(BODY), "stream": True}).encode()
EVENTS = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\ndata: [DONE]\n\n'
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def post(body: bytes = BODY, path: str = CHAT) -> bytes:
    return POST % (path.encode(), len(body), body)


def whole(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer of HTTP as a server writes it."""
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def says(answer: bytes, heard: list[bytes] | None = None) -> Speak:
    """An upstream that sends these bytes to each request, and keeps their heads."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if heard is not None:
                heard.append(head)
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)
            writer.write(answer)

    return speak


async def told(url: str, request: bytes) -> bytes:
    """All that comes back for one request, until the connection closes."""
    reader, writer = await connect(url)
    writer.write(request.replace(b"\r\nHost: x", b"\r\nHost: x\r\nConnection: close", 1))
    try:
        return await reader.read()
    finally:
        await close(writer)


def through(home: Path, speak: Speak, request: bytes, **changes: Any) -> tuple[bytes, Entry]:
    """What a client gets for one request, and its record."""

    async def story() -> bytes:
        async with answering(speak) as upstream, gateway(upstream, home, **changes) as url:
            return await told(url, request)

    got = asyncio.run(asyncio.wait_for(story(), 60))
    (entry,) = records(home)
    return got, entry


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br"])
def test_an_answer_in_a_packing_that_is_not_read_passes_untouched(tmp_path: Path, coding: str) -> None:
    packed = b"\x0b\x02\x80 whatever it is packed with"
    answer = whole(packed, b"Content-Encoding: " + coding.encode())
    got, entry = through(tmp_path, says(answer), post(KEEPABLE))
    assert got.startswith(b"HTTP/1.1 200 ")
    assert got.endswith(b"\r\n\r\n" + packed)
    assert (entry.outcome, entry.status, entry.tries) == ("upstream_ok", 200, 1)
    assert entry.tokens_in is None
    assert "not kept" in entry.cache_why


def test_deflate_without_its_frame_is_read_too(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(SAID) + packer.flush()
    got, entry = through(tmp_path, says(whole(packed, b"Content-Encoding: deflate")), post())
    assert got.endswith(packed)
    assert (entry.outcome, entry.tokens_in, entry.tokens_out) == ("upstream_ok", 3, 1)


@pytest.mark.parametrize(
    ("path", "kind", "part"),
    [
        ("/api/chat", b"application/x-ndjson", b'{"message": {"content": "a"}, "done": false}\n'),
        ("/v1/audio/speech", b"audio/mpeg", b"\xff\xfb\x90\x00"),
        ("/generate", b"", b'{"text": "a"}\x00'),
        ("/completion", b"text/event-stream", b'data: {"content": "a", "stop": false}\n\n'),
    ],
    ids=["ollama", "speech", "untyped", "events"],
)
def test_parts_of_other_answers_are_there_as_they_come(
    tmp_path: Path, path: str, kind: bytes, part: bytes
) -> None:
    seen = asyncio.Event()
    chunk = b"%x\r\n%b\r\n" % (len(part), part)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        typed = b"Content-Type: " + kind + b"\r\n" if kind else b""
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + typed + b"\r\n" + chunk)
        await seen.wait()
        writer.write(chunk + b"0\r\n\r\n")

    async def story() -> None:
        async with answering(speak) as upstream, gateway(upstream, tmp_path) as url:
            reader, writer = await connect(url)
            writer.write(post(path=path))
            await reader.readuntil(part)
            seen.set()
            assert await reader.readuntil(b"0\r\n\r\n") == b"\r\n" + chunk + b"0\r\n\r\n"
            await close(writer)

    run(story())
    assert [(entry.dialect, entry.outcome) for entry in records(tmp_path)] == [("other", "upstream_ok")]


def test_another_answer_that_breaks_off_is_cut_and_failed(tmp_path: Path) -> None:
    part = b'{"done": false}\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(head + b"%x\r\n%b\r\n" % (len(part), part))

    got, entry = through(tmp_path, speak, post(path="/api/chat"))
    assert part in got
    assert not got.endswith(b"0\r\n\r\n")
    assert (entry.outcome, entry.tries, bool(entry.class_)) == ("failed", 1, True)


def test_a_stream_that_comes_packed_after_a_sign_of_life_is_unpacked(tmp_path: Path) -> None:
    """The client was told, with the head of that sign, that what follows is not packed."""
    quick, waited = ProxyLimits(silence_s=0.1, keepalive_s=0.1), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        await waited.wait()
        writer.write(STREAM_HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(EVENTS))

    async def story() -> None:
        async with answering(speak) as upstream, gateway(upstream, tmp_path, limits=quick) as url:
            reader, writer = await connect(url)
            writer.write(post(STREAMED))
            await reader.readuntil(b": waiting\n\n")
            waited.set()
            await reader.readuntil(EVENTS)
            await close(writer)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"]


def test_what_leaves_after_a_sign_of_life_asks_for_no_packing(tmp_path: Path) -> None:
    quick = ProxyLimits(silence_s=0.1, keepalive_s=0.1)
    heads: list[bytes] = []
    speak = says(STREAM_HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(EVENTS), EVENTS), heads)
    request = post(STREAMED).replace(b"Host: x", b"Host: x\r\nAccept-Encoding: gzip, br")

    async def story() -> None:
        async with answering(speak) as upstream, gateway(upstream, tmp_path, limits=quick, rates=ONE) as url:
            assert b"[DONE]" in await told(url, request)
            assert b": waiting" in await told(url, request)

    run(story())
    assert b"gzip, br" in heads[0]
    assert b"accept-encoding: identity\r\n" in heads[1].lower()


def test_a_packed_stream_that_breaks_off_is_cut_as_no_words_of_ours_fit_in(tmp_path: Path) -> None:
    packed = gzip.compress(EVENTS)[:20]

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(STREAM_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 500\r\n\r\n" + packed)

    got, entry = through(tmp_path, speak, post(STREAMED))
    assert packed in got
    assert b"error" not in got
    assert not got.endswith(b"0\r\n\r\n")
    assert (entry.outcome, entry.class_) == ("failed", "truncated_stream")
