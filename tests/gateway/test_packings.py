"""Packed answers: upstreams are asked for what can be read here, and what comes otherwise passes as it came."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.store.ledger.entry import Entry
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import Speak, answering, close, connect, take_request
from tests.gateway.test_sharing import received
from tests.gateway.test_transparency import (
    EVENTS,
    KEEPABLE,
    SAID,
    STREAM_HEAD,
    STREAMED,
    post,
    says,
    told,
    whole,
)

BR = b"\x0b\x02\x80 whatever it is packed with"
KEPT_STREAM = json.dumps({**json.loads(STREAMED), "temperature": 0}).encode()


def taking(*codings: bytes, body: bytes = KEEPABLE) -> bytes:
    """A request of a client that says so of its codings, in a line each."""
    lines = b"".join(b"\r\nAccept-Encoding: " + one for one in codings)
    return post(body).replace(b"Host: x", b"Host: x" + lines, 1)


def through(
    home: Path, speak: Speak, requests: Sequence[bytes], **changes: Any
) -> tuple[list[bytes], list[Entry]]:
    """What clients get for these, one after the other, and the records."""

    async def story() -> list[bytes]:
        async with answering(speak) as upstream, gateway(upstream, home, **changes) as url:
            return [await told(url, request) for request in requests]

    return asyncio.run(asyncio.wait_for(story(), 60)), records(home)


def in_a_hurry(request: bytes) -> bytes:
    """Its client bears little silence, and so hears a sign of life soon."""
    return request.replace(b"Host: x", b"Host: x\r\nX-Stainless-Read-Timeout: 0.2", 1)


def asked(head: bytes) -> list[bytes]:
    """The lines in which an upstream is told what it may pack an answer with."""
    return [line[17:] for line in head.lower().split(b"\r\n") if line.startswith(b"accept-encoding: ")]


def test_an_upstream_is_asked_only_for_what_is_read_here_and_its_answer_is_read(tmp_path: Path) -> None:
    heads: list[bytes] = []
    packed = gzip.compress(SAID)
    answer = whole(packed, b"Content-Encoding: gzip")
    got, (entry,) = through(tmp_path, says(answer, heads), [taking(b"br, gzip;q=0.9", b"zstd")])
    assert asked(heads[0]) == [b"gzip;q=0.9"]
    assert got[0].endswith(b"\r\n\r\n" + packed)
    assert (entry.tokens_in, entry.tokens_out, entry.cause) == (3, 1, "")


def test_a_request_that_says_nothing_of_packings_goes_on_saying_nothing(tmp_path: Path) -> None:
    heads: list[bytes] = []
    through(tmp_path, says(whole(SAID), heads), [taking()])
    assert asked(heads[0]) == []


def test_clients_that_differ_only_in_what_is_not_asked_for_share_an_answer(tmp_path: Path) -> None:
    packed = gzip.compress(SAID)
    answer = whole(packed, b"Content-Encoding: gzip")
    clients = [taking(b"gzip, deflate, br, zstd"), taking(b"deflate", b"gzip"), taking(b"deflate")]
    got, entries = through(tmp_path, says(answer), clients)
    assert [entry.cache for entry in entries] == ["miss", "hit", "miss"]
    assert all(one.endswith(b"\r\n\r\n" + packed) for one in got)


@pytest.mark.parametrize(
    ("codings", "coding"),
    [(b"br", b"gzip"), (b"deflate, br", b"gzip"), (b"", b"gzip"), (b"gzip, identity;q=0", b"identity")],
)
def test_an_answer_in_a_packing_that_its_client_did_not_want_passes_and_is_not_kept(
    tmp_path: Path, codings: bytes, coding: bytes
) -> None:
    packed = gzip.compress(SAID) if coding == b"gzip" else SAID
    answer = whole(packed, b"Content-Encoding: " + coding)
    got, entries = through(tmp_path, says(answer), [taking(codings)] * 2)
    assert [one.endswith(b"\r\n\r\n" + packed) for one in got] == [True, True]
    assert [(entry.cache, entry.tokens_in) for entry in entries] == [("miss", 3)] * 2
    assert all("not kept: packed with" in entry.cache_why for entry in entries)


@pytest.mark.parametrize(
    ("body", "most_bytes", "why"),
    [(KEEPABLE, 1000, "packed with br"), (KEEPABLE, 10, "too large"), (KEPT_STREAM, 1000, "packed with br")],
    ids=["whole", "large", "stream"],
)
def test_the_record_says_why_nothing_is_known_of_an_answer_in_a_packing_that_is_not_read(
    tmp_path: Path, body: bytes, most_bytes: int, why: str
) -> None:
    packed = b"Content-Encoding: br\r\nContent-Length: %d\r\n\r\n%b" % (len(BR), BR)
    answer = whole(BR, b"Content-Encoding: br") if body is KEEPABLE else STREAM_HEAD + packed
    limits = ProxyLimits(most_answer_bytes=most_bytes)
    got, (entry,) = through(tmp_path, says(answer), [taking(b"gzip", body=body)], limits=limits)
    assert BR in got[0]
    assert (entry.outcome, entry.tokens_in, entry.class_) == ("upstream_ok", None, "")
    assert entry.cause == "the answer is packed with br, which is not read here: it passed as it came"
    assert entry.cache_why == f"new; not kept: {why}"


def test_what_an_upstream_says_of_a_failure_in_such_a_packing_is_not_quoted(tmp_path: Path) -> None:
    answer = whole(BR, b"Content-Encoding: br", status=b"401 Unauthorized")
    got, (entry,) = through(tmp_path, says(answer), [taking(b"gzip")])
    assert got[0].endswith(b"\r\n\r\n" + BR)
    assert (entry.class_, entry.status, entry.cause) == ("auth", 401, "HTTP 401")
    assert not entry.answer_body


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_who_joins_a_packed_stream_after_a_sign_of_life_gets_it_plain(tmp_path: Path, coding: str) -> None:
    """It was told, with the head of that sign, that what follows is not packed; its leader was not. What cannot be
    unpacked for it is asked for once more, plain."""
    heard, asked_for = asyncio.Event(), []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
        asked_for.extend(asked(head))
        await heard.wait()
        plain = b"identity" in asked(head)
        packed = EVENTS if plain else gzip.compress(EVENTS) if coding == "gzip" else BR
        line = b"" if plain else b"Content-Encoding: %b\r\n" % coding.encode()
        writer.write(STREAM_HEAD + line + b"Content-Length: %d\r\n\r\n%b" % (len(packed), packed))

    async def story() -> tuple[bytes, bytes]:
        async with (
            answering(speak) as upstream,
            gateway(upstream, tmp_path) as url,
            aiohttp.ClientSession() as session,
        ):
            leader = asyncio.create_task(told(url, taking(b"gzip, br", body=KEPT_STREAM)))
            await received(session, url, 1)
            reader, writer = await connect(url)
            writer.write(in_a_hurry(taking(b"gzip, br", body=KEPT_STREAM)))
            begun = await reader.readuntil(b": waiting\n\n")
            heard.set()
            rest = await reader.readuntil(EVENTS)
            await close(writer)
            return await leader, begun + rest

    led, joined = asyncio.run(asyncio.wait_for(story(), 60))
    assert (BR if coding == "br" else gzip.compress(EVENTS)[10:]) in led
    assert b"content-encoding" not in joined
    assert b"error" not in joined
    again = [] if coding == "gzip" else [b"identity"]
    assert asked_for == [b"gzip", *again]
    assert [entry.outcome for entry in records(tmp_path)] == [
        "upstream_ok",
        "upstream_ok" if again else "shared",
    ]


def test_a_packing_that_breaks_in_a_stream_after_a_sign_of_life_is_a_failure_of_the_upstream_s(
    tmp_path: Path,
) -> None:
    heard, read = asyncio.Event(), asyncio.Event()
    begun = EVENTS[: EVENTS.index(b"\n\n") + 2]

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        await heard.wait()
        packing = zlib.compressobj(wbits=31)
        writer.write(STREAM_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 500\r\n\r\n")
        writer.write(packing.compress(begun) + packing.flush(zlib.Z_SYNC_FLUSH))
        await read.wait()
        writer.write(b"\xff" * 50)

    async def story() -> list[bytes]:
        async with (
            answering(speak) as upstream,
            gateway(upstream, tmp_path) as url,
            aiohttp.ClientSession() as session,
        ):
            both = [await connect(url) for _ in range(2)]
            for n, (_, writer) in enumerate(both, start=1):
                writer.write(in_a_hurry(taking(b"gzip", body=KEPT_STREAM)))
                await received(session, url, n)
            for reader, _ in both:
                await reader.readuntil(b": waiting\n\n")
            heard.set()
            for reader, _ in both:
                await reader.readuntil(begun)
            read.set()
            ends = [await reader.readuntil(b"0\r\n\r\n") for reader, _ in both]
            for _, writer in both:
                await close(writer)
            return ends

    for end in asyncio.run(asyncio.wait_for(story(), 60)):
        assert b'data: {"error"' in end
    assert [(entry.outcome, entry.class_) for entry in records(tmp_path)] == [
        ("failed", "truncated_stream")
    ] * 2
