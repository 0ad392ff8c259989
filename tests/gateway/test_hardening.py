"""Bad input through a real gateway: each leaves its record, and other clients are unharmed."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from beastmode.gateway.client.connection import Connection
from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.model_server import ModelServer
from tests.gateway.served import gateway, records

CHAT = "/v1/chat/completions"
GEMINI = "/v1beta/models/m-small:generateContent"
BODY = json.dumps({"model": "m-small", "messages": [{"role": "user", "content": "hello"}]}).encode()
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))


async def post(url: str, body: bytes = BODY, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{url}{CHAT}", data=body, headers=headers)
        return answer.status, await answer.text()


async def take_request(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def answering(speak: Speak) -> AsyncIterator[str]:
    """An upstream that speaks as it likes; gives its URL."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # LimitOverrunError: a body that `speak` never reads.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await speak(reader, writer)
        await close(writer)

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def until_none_in_flight(url: str) -> None:
    """Wait until one request was received and none is in flight."""
    async with aiohttp.ClientSession() as session:
        while True:
            said = await (await session.get(f"{url}/metrics")).text()
            if "received_total 1.0" in said and "in_flight 0.0" in said:
                return
            await asyncio.sleep(0.01)


def run(story: Awaitable[None]) -> None:
    async def timed() -> None:
        await asyncio.wait_for(story, 60)

    asyncio.run(timed())


def test_a_claim_of_1_gb_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async def story() -> None:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url:
            reader, writer = await connect(url)
            writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {2**30}\r\n\r\n".encode())
            assert b" 413 " in await reader.readline()
            await close(writer)

    run(story())
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.status, entry.class_) == ("rejected", 413, "payload_too_large")


def test_a_body_without_a_length_is_refused_at_its_limit(tmp_path: Path) -> None:
    async def story() -> None:
        limits = ProxyLimits(most_body_bytes=100_000)
        async with ModelServer() as server, gateway(server.url, tmp_path, limits=limits) as url:
            reader, writer = await connect(url)
            writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            for _ in range(20):
                writer.write(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
            assert b" 413 " in await reader.readline()
            await close(writer)
            assert server.asked == []

    run(story())
    assert [entry.class_ for entry in records(tmp_path)] == ["payload_too_large"]


def test_a_large_body_passes_whole_with_a_length_and_without(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        bodies.append(await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0])))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()

    body = bytes(range(256)) * 12_000

    async def story() -> None:
        async with answering(keep) as upstream, gateway(upstream, tmp_path) as url:
            for told in (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"):
                reader, writer = await connect(url)
                writer.write(f"POST /v1/files HTTP/1.1\r\nHost: x\r\n{told}\r\n\r\n".encode())
                if "chunked" in told:
                    for at in range(0, len(body), 50_000):
                        piece = body[at : at + 50_000]
                        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    writer.write(b"0\r\n\r\n")
                else:
                    writer.write(body)
                assert b" 200 " in await reader.readline()
                await close(writer)

    run(story())
    assert bodies == [body, body]


def test_a_client_that_goes_away_while_its_large_body_waits_for_a_turn_is_noticed(tmp_path: Path) -> None:
    async def story() -> None:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url:
            head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"
            writers = [(await connect(url))[1] for _ in range(10)]
            for writer in writers:
                writer.write(head.encode() + b"x" * 1_000_000)
                await writer.drain()
            for writer in writers:
                writer.transport.abort()
            async with aiohttp.ClientSession() as session, asyncio.timeout(10):
                while "in_flight 0.0" not in await (await session.get(f"{url}/metrics")).text():
                    await asyncio.sleep(0.01)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"] * 10


def test_large_headers_are_refused_with_a_record_and_endless_ones_are_cut_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url:
            status, text = await post(url, headers={"X-Large": "x" * 100_000})
            assert (status, "headers are larger" in text) == (431, True)
            reader, writer = await connect(url)
            writer.write(f"POST {CHAT} HTTP/1.1\r\nX-Endless: ".encode() + b"x" * 600_000)
            assert b" 400 " in await reader.readline()
            await close(writer)
            assert (await post(url))[0] == 200

    run(story())
    kept = [(entry.outcome, entry.status, entry.class_) for entry in records(tmp_path)]
    refused = [("rejected", 431, "payload_too_large"), ("rejected", 400, "bad_request")]
    assert kept == [*refused, ("upstream_ok", 200, "")]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages", GEMINI])
@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b'{"model": ', "application/json", "line 1, column 11"),
        (b"\x00\xff<a>", "text/plain", "content-type application/json"),
        (b"", "", "no JSON"),
    ],
    ids=["cut", "binary", "empty"],
)
def test_what_is_no_json_is_refused_with_what_to_do(
    tmp_path: Path, path: str, body: bytes, kind: str, told: str
) -> None:
    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            headers = {"Content-Type": kind} if kind else {}
            async with (
                aiohttp.ClientSession() as session,
                session.post(url + path, data=body, headers=headers) as answer,
            ):
                error = json.loads(await answer.read())["error"]
                assert answer.status == 400
                assert told in error["message"]
                assert "Send the request as one JSON object" in error["message"]
            assert upstream.asked == []

    run(story())
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.class_, entry.tries) == ("rejected", "bad_request", 0)


@pytest.mark.parametrize("body", [b'{"max_tokens": "9"}', b'{"x": NaN}', b'\xef\xbb\xbf{"stream": 3}', b"[]"])
def test_odd_json_is_the_upstream_s_to_judge(tmp_path: Path, body: bytes) -> None:
    async def story() -> None:
        async with ModelServer() as upstream, gateway(upstream.url, tmp_path) as url:
            await post(url, body)
            assert len(upstream.asked) == 1

    run(story())


def test_hundreds_of_slow_clients_are_cut_and_others_unharmed(tmp_path: Path) -> None:
    limits = ProxyLimits(slow_client_s=1.0)

    async def crawling(url: str, start: bytes) -> None:
        reader, writer = await connect(url)
        writer.write(start)
        reading = asyncio.create_task(reader.read())
        while not reading.done():
            writer.write(b"x")
            await asyncio.wait([reading], timeout=0.2)
        await close(writer)
        reading.exception()

    async def story() -> None:
        async with ModelServer() as server, gateway(server.url, tmp_path, limits=limits) as url:
            head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n".encode()
            starts = [head + b"X-Slow: ", head + b"Content-Length: 100000\r\n\r\n"]
            slow = [asyncio.create_task(crawling(url, starts[n % 2])) for n in range(200)]
            assert {(await post(url))[0] for _ in range(20)} == {200}
            await asyncio.wait_for(asyncio.gather(*slow), 30)

    run(story())
    outcomes = [entry.outcome for entry in records(tmp_path)]
    assert (outcomes.count("upstream_ok"), outcomes.count("cancelled")) == (20, 100)


def test_a_client_that_never_reads_its_stream_is_cut(tmp_path: Path) -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"data: " + b"x" * 60_000 + b"\n\n")
            await writer.drain()

    async def story() -> None:
        limits = ProxyLimits(slow_client_s=0.5)
        async with answering(pour) as upstream, gateway(upstream, tmp_path, limits=limits) as url:
            _, writer = await connect(url)
            body = json.dumps({"model": "m", "stream": True}).encode()
            writer.write(
                f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )
            await until_none_in_flight(url)
            await close(writer)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"]


def test_a_connection_on_which_nothing_more_is_asked_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beastmode.compose.serve.server._IDLE_CLIENT_S", 0.3)

    async def story() -> None:
        limits = ProxyLimits(slow_client_s=0.5)
        async with ModelServer() as server, gateway(server.url, tmp_path, limits=limits) as url:
            reader, writer = await connect(url)
            for _ in range(2):
                writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
                await reader.readexactly(len(b"alive\n"))
            assert await reader.read() == b""
            await close(writer)

    run(story())


def test_a_connection_whose_whole_answer_is_not_read_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()

    let_go = Connection.connection_lost

    def connection_lost(self: Connection, error: Exception | None) -> None:
        let_go(self, error)
        lost.set()

    monkeypatch.setattr(Connection, "connection_lost", connection_lost)

    async def say_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        await writer.drain()

    async def story() -> None:
        limits = ProxyLimits(slow_client_s=0.5)
        async with answering(say_much) as upstream, gateway(upstream, tmp_path, limits=limits) as url:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", int(url.rpartition(":")[2])))
                client.sendall(b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
                await lost.wait()

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"]


@pytest.mark.parametrize("asked", [{}, {"temperature": 0}], ids=["alone", "shared"])
def test_an_answer_that_is_not_read_keeps_its_place_at_the_upstream_from_nobody(
    tmp_path: Path, asked: dict[str, int]
) -> None:
    """And where as much is held as may be, the next answer flows as it comes."""
    said = json.dumps({"choices": [{"message": {"content": "x" * 4_000_000}}]}).encode()

    async def say_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
        await writer.drain()

    async def story() -> None:
        limits = ProxyLimits(most_held_answers_bytes=5_000_000)
        unread = json.dumps({"model": "unread", **asked}).encode()
        async with (
            answering(say_much) as upstream,
            gateway(upstream, tmp_path, limits=limits, concurrency=1) as url,
            aiohttp.ClientSession() as session,
        ):
            reader, writer = await connect(url)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(
                f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(unread)}\r\n\r\n".encode() + unread
            )
            for number in range(3):
                async with session.post(url + CHAT, json={"model": f"m{number}", **asked}) as answer:
                    assert await answer.read() == said
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(len(said)) == said
            await close(writer)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"] * 4


def test_an_error_without_an_end_is_told_by_its_status(tmp_path: Path) -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await take_request(reader)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 100_000)
            sent += 100_000
            await writer.drain()

    async def story() -> None:
        limits = ProxyLimits(most_answer_bytes=1_000_000)
        async with answering(pour) as upstream, gateway(upstream, tmp_path, limits=limits) as url:
            answer = await post(url)

        assert answer[0] == 502
        assert "message" in json.loads(answer[1])["error"]

    run(story())
    assert sent < 10_000_000
    assert [(entry.outcome, entry.class_) for entry in records(tmp_path)] == [("failed", "bad_request")]


def test_a_hit_that_is_not_read_takes_no_memory_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, connections = Connection.connection_made, list[Connection]()

    def connection_made(self: Connection, transport: asyncio.Transport) -> None:
        made(self, transport)
        connections.append(self)

    monkeypatch.setattr(Connection, "connection_made", connection_made)
    answer = {"message": {"role": "assistant", "content": "x" * 5_000_000}, "finish_reason": "stop"}
    said = json.dumps({"choices": [answer]}).encode()

    async def say_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
        await writer.drain()

    raw = f"POST {CHAT} HTTP/1.1\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY

    async def story() -> None:
        async with answering(say_much) as upstream, gateway(upstream, tmp_path, cache="all") as url:
            reader, writer = await connect(url)
            writer.write(raw)
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(len(said)) == said
            await close(writer)
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", int(url.rpartition(":")[2])))
                client.sendall(raw)
                await until_begun(connections)
                assert connections[-1].transport.get_write_buffer_size() < 1_000_000

    run(story())
    kept = [(entry.outcome, entry.cache) for entry in records(tmp_path)]
    assert kept == [("upstream_ok", "miss"), ("cancelled", "hit")]


async def until_begun(connections: list[Connection]) -> None:
    """Until the last of two clients has been sent something, and no more as it does not read."""
    while len(connections) < 2 or not connections[1].transport.get_write_buffer_size():
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 999 What\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{"error":{"message":"broken"}}\n',
        b"SSH-2.0-OpenSSH\r\n\r\n",
    ],
    ids=["status", "short", "lengths", "header", "error in 200", "no HTTP"],
)
def test_whatever_an_upstream_sends_is_one_failed_record_with_a_class(tmp_path: Path, answer: bytes) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(answer)
        writer.close()

    async def story() -> None:
        limits = ProxyLimits(retries=0)
        async with answering(say) as upstream, gateway(upstream, tmp_path, limits=limits) as url:
            status, text = await post(url)
            assert status >= 500
            assert json.loads(text)["error"]["message"]

    run(story())
    (entry,) = records(tmp_path)
    assert (entry.outcome, bool(entry.class_), bool(entry.tip)) == ("failed", True, True)


def test_a_kept_connection_that_has_died_is_tried_again_and_counted(tmp_path: Path) -> None:
    requests: list[int] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        requests.append(1)
        said = json.dumps({"choices": [{"message": {"role": "assistant", "content": "hi"}}]}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(said), said))
        await take_request(reader)  # a second one on this connection is taken, and never answered
        requests.append(1)
        writer.close()

    async def story() -> None:
        async with answering(once) as upstream, gateway(upstream, tmp_path) as url:
            assert [(await post(url))[0] for _ in range(2)] == [200, 200]

    run(story())
    assert [(entry.outcome, entry.tries) for entry in records(tmp_path)] == [
        ("upstream_ok", 1),
        ("upstream_ok", 2),
    ]
    assert len(requests) == 3
