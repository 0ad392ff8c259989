"""What is no HTTP is refused like any other bad request: in order, in the words of its dialect, with a record; and
what other protocols a client offers is declined without harm to what it asks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import BODY, CHAT, close, connect, run
from tests.gateway.test_transparency import KEEPABLE, SAID, STREAMED, post, says, through, whole

LINE = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n".encode()
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
MESSAGES = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
H2C = b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA"
BROKEN = {
    "two lengths": LINE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "odd length": LINE + b"Content-Length: +5\r\n\r\n12345",
    "blank in a name": LINE + b"X-A : b\r\n\r\n",
    "folded": LINE + b"X-A: b\r\n c\r\n\r\n",
    "NUL": LINE + b"X-A: b\x00\r\n\r\n",
    "bad chunk": CHUNKED + b"2\r\n{}\r\nzz\r\n",
    "huge chunk": CHUNKED + b"fffffffffffffffff\r\n",
    "other coding": LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "tunnel": b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n\x16\x03\x01",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(150),
    "no HTTP": b"hello\r\n\r\n",
    "headers without end": LINE + b"a:\r\n" * 5000,
}


async def all_said(url: str, sent: bytes) -> bytes:
    """What comes back until the gateway closes the connection."""
    reader, writer = await connect(url)
    writer.write(sent)
    said = await reader.read()
    await close(writer)
    return said


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_refused_with_a_record_and_what_to_do(tmp_path: Path, name: str) -> None:
    heads: list[bytes] = []
    request = BROKEN[name].replace(b"\r\nHost: x", b"\r\nHost: x\r\nConnection: close", 1)
    got, entry = through(tmp_path, says(whole(SAID), heads), request)
    assert got.startswith(b"HTTP/1.1 400 ")
    assert "Send HTTP/1.1" in json.loads(got.partition(b"\r\n\r\n")[2])["error"]["message"]
    assert (entry.outcome, entry.class_, entry.status, heads) == ("rejected", "bad_request", 400, [])


def test_it_is_told_in_the_words_of_its_dialect(tmp_path: Path) -> None:
    got, entry = through(tmp_path, says(whole(SAID)), MESSAGES + b"Content-Length: -1\r\n\r\n")
    assert b'{"type": "error", "error": {"type": "invalid_request_error"' in got
    assert entry.dialect == "anthropic.messages"


@pytest.mark.parametrize("first", [KEEPABLE, STREAMED], ids=["whole", "stream"])
def test_it_harms_no_request_before_it_and_ends_the_connection(tmp_path: Path, first: bytes) -> None:
    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            said = await all_said(url, post(first) + b"\x00garbage\r\n\r\n" + post())
            assert [line[9:12] for line in said.split(b"\r\n") if line.startswith(b"HTTP/")][:1] == [b"200"]
            assert said.index(b" 200 OK") < said.index(b"HTTP/1.1 400 ")
            assert len(upstream.asked) == 1

    run(story())
    assert sorted(entry.outcome or "" for entry in records(tmp_path)) == ["rejected", "upstream_ok"]


@pytest.mark.parametrize(
    "around", [b"0\r\nX-Late: " + b"x" * 2**20, b"5;" + b"x" * 2**20, b"0\r\n" + b"a: b\r\n" * 2**18]
)
def test_what_stands_around_chunks_is_bounded(tmp_path: Path, around: bytes) -> None:
    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            reader, writer = await connect(url)
            writer.write(CHUNKED + b"2\r\n{}\r\n" + around)
            assert b" 400 " in await reader.readline()
            await close(writer)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["rejected"]


def test_small_chunks_pass(tmp_path: Path) -> None:
    body = KEEPABLE[:-1] + b', "pad": "' + b"x" * 100_000 + b'"}'
    chunks = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in body) + b"0\r\nX-Late: 1\r\n\r\n"
    _, entry = through(tmp_path, says(whole(SAID)), CHUNKED + chunks)
    assert (entry.outcome, entry.model) == ("upstream_ok", "m-small")


def test_http_2_in_the_clear_is_declined_and_the_body_is_read(tmp_path: Path) -> None:
    """Java's HttpClient offers it with the first request of each connection."""

    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            reader, writer = await connect(url)
            writer.write(post(BODY).replace(b"Host: x", H2C) + post(BODY + b" "))
            for _ in range(2):
                assert b" 200 OK" in await reader.readuntil(b"\r\n\r\n")
                await reader.readuntil(b"}}")
            await close(writer)
            assert [asked.body for asked in upstream.asked] == [BODY, BODY + b" "]

    run(story())


def test_a_path_that_leads_elsewhere_asks_nobody(tmp_path: Path) -> None:
    heads: list[bytes] = []
    got, entry = through(
        tmp_path, says(whole(SAID), heads), b"GET /v1/%2e%2e/admin HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert got.startswith(b"HTTP/1.1 400 ")
    assert (entry.outcome, entry.class_, heads) == ("rejected", "bad_request", [])


def test_who_waits_for_a_word_and_is_refused_can_misread_nothing(tmp_path: Path) -> None:
    """Whether the body follows all the same, only that client knows."""

    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            request = LINE + b"Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n"
            said = await asyncio.wait_for(all_said(url, request), 20)
            assert said.startswith(b"HTTP/1.1 413 ")
            assert b"\r\nconnection: close\r\n" in said

    run(story())


@pytest.mark.parametrize(
    "request_", [post().replace(b"HTTP/1.1", b"HTTP/1.0"), b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_no_word_is_given_to_who_knows_none_or_has_nothing_to_send(tmp_path: Path, request_: bytes) -> None:
    request = request_.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue")
    got, _ = through(tmp_path, says(whole(SAID)), request)
    assert got.startswith(b"HTTP/1.1 200 ")
