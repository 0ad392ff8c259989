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
from beastmode.store.ledger.entry import Entry
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import BODY, CHAT, answering, close, connect, run, take_request

SAID = json.dumps(
    {
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
).encode()
KEEPABLE = json.dumps({**json.loads(BODY), "temperature": 0}).encode()
LARGE = json.dumps({"model": "m-small", "messages": [], "pad": "x" * 3_000_000}).encode()
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
    assert b"accept-encoding: gzip\r\n" in heads[0].lower()
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


def test_headers_beyond_ascii_reach_the_upstream_as_they_came(tmp_path: Path) -> None:
    heads: list[bytes] = []
    request = post().replace(b"Host: x", b"Host: x\r\nX-Name: caf\xc3\xa9")
    through(tmp_path, says(whole(SAID), heads), request)
    assert b"x-name: caf\xc3\xa9\r\n" in heads[0].lower()


@pytest.mark.parametrize("headers", [[b"X-Big: " + b"y" * 60_000], [b"X-%d: z" % n for n in range(500)]])
def test_an_answer_with_a_large_head_passes(tmp_path: Path, headers: list[bytes]) -> None:
    got, entry = through(tmp_path, says(whole(SAID, *headers)), post())
    assert got.startswith(b"HTTP/1.1 200 ")
    assert got.count(b"\r\nx-") == len(headers) + 1  # and ours, of the cache
    assert entry.outcome == "upstream_ok"


def test_not_modified_with_a_length_is_a_good_answer(tmp_path: Path) -> None:
    answer = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1234\r\n\r\n'
    got, entry = through(tmp_path, says(answer), b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 304 ")
    assert b'etag: "a"\r\n' in got
    assert (entry.outcome, entry.status) == ("upstream_ok", 304)


@pytest.mark.parametrize("line", [b"OPTIONS * HTTP/1.1", b"CONNECT /v1/models HTTP/1.1"])
def test_a_request_that_names_nothing_at_the_upstream_is_refused(tmp_path: Path, line: bytes) -> None:
    heads: list[bytes] = []
    got, entry = through(tmp_path, says(whole(b"{}"), heads), line + b"\r\nHost: x\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 400 ")
    assert (entry.outcome, entry.class_, heads) == ("rejected", "bad_request", [])


def test_what_stands_behind_a_chunked_body_is_no_header(tmp_path: Path) -> None:
    heads: list[bytes] = []
    request = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    request += b"%x\r\n%b\r\n0\r\nX-Late: 1\r\n\r\n" % (len(BODY), BODY)
    _, entry = through(tmp_path, says(whole(SAID), heads), request)
    assert entry.outcome == "upstream_ok"
    assert b"x-late" not in heads[0].lower()


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
"""What Java's own client sends to any server without TLS, and curl with --http2."""
CHUNKED = b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"


@pytest.mark.parametrize("request_", [post(LARGE), CHUNKED % (CHAT.encode(), len(BODY), BODY)])
def test_the_body_behind_an_offer_of_http_2_is_read(tmp_path: Path, request_: bytes) -> None:
    heads: list[bytes] = []
    offering = request_.replace(b"Host: x\r\n", b"Host: x\r\n" + OFFER, 1)
    got, entry = through(tmp_path, says(whole(SAID), heads), offering)
    assert got.endswith(b"\r\n\r\n" + SAID)
    assert (entry.outcome, entry.model) == ("upstream_ok", "m-small")
    assert b"upgrade" not in heads[0].lower()
    assert b"http2-settings" not in heads[0].lower()


@pytest.mark.parametrize(("body", "head", "said"), [(BODY, b"", SAID), (STREAMED, STREAM_HEAD, EVENTS)])
def test_clients_of_http_1_0_get_no_chunks(tmp_path: Path, body: bytes, head: bytes, said: bytes) -> None:
    head = head or b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(said), said)
    got, entry = through(tmp_path, says(chunked), post(body).replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert got.endswith(b"\r\n\r\n" + said)
    assert b"transfer-encoding" not in got
    assert entry.outcome == "upstream_ok"


def test_a_client_of_http_1_0_gets_the_length_that_the_upstream_stated(tmp_path: Path) -> None:
    got, _ = through(tmp_path, says(whole(SAID)), post().replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert b"content-length: %d\r\n" % len(SAID) in got
    assert got.endswith(b"\r\n\r\n" + SAID)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 600 What\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 2000 + b"Content-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["status", "switch", "headers", "control"],
)
def test_an_answer_that_is_no_http_is_not_laid_at_the_clients_door(tmp_path: Path, answer: bytes) -> None:
    got, entry = through(tmp_path, says(answer), post(), limits=ProxyLimits(retries=0))
    assert got.startswith(b"HTTP/1.1 502 ")
    assert (entry.outcome, entry.class_) == ("failed", "invalid_response")


@pytest.mark.parametrize(("body", "behind"), [(BODY, b""), (LARGE, b""), (BODY, post())])
def test_a_client_is_missed_when_it_goes_whatever_it_has_sent(
    tmp_path: Path, body: bytes, behind: bytes
) -> None:
    """uvicorn stops to read behind 64 KB of a body, and behind a request that waits for its turn."""
    began, cut = asyncio.Event(), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        began.set()
        await reader.read()
        cut.set()

    async def story() -> None:
        async with answering(speak) as upstream, gateway(upstream, tmp_path) as url:
            _, writer = await connect(url)
            writer.write(post(body))
            await began.wait()
            writer.write(behind)
            await writer.drain()
            await close(writer)
            await asyncio.wait_for(cut.wait(), 5)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"]
