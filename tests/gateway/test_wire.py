"""Requests as they stand on a wire, and what becomes of the connection that they went out on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from beastmode.gateway.client.head import Headers
from beastmode.gateway.wire import Wire
from tests.gateway.test_hardening import answering

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Server:
    """Answers each request with `answer` once its head has come. What came of each is kept: head, and body as far as it
    was read;   connections: how many there were;   reads: bodies."""

    def __init__(self, answer: bytes = ANSWER, *, reads: bool = True) -> None:
        self.answer, self.reads = answer, reads
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if self.reads:
                lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")]
                self.bodies.append(await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0))
            writer.write(self.answer)


def ask(
    server: Server,
    *asked: tuple[str, bytes],
    headers: Headers = (),
    idle_s: float = 5.0,
    connect_s: float = 5.0,
) -> list[bytes]:
    """The bodies of the answers to requests (method, body), one after the other on one wire."""

    async def story() -> list[bytes]:
        async with answering(server.speak) as base:
            wire = Wire(base, idle_s=idle_s, connect_s=connect_s)
            try:
                return [await one(wire, f"{base}/v1/x?a=b", *each) for each in asked]
            finally:
                await wire.close()

    async def one(wire: Wire, url: str, method: str, body: bytes) -> bytes:
        left: list[str] = []
        async with wire.exchange(method, url, headers, body, lambda: left.append("once")) as answer:
            assert left == ["once"]
            return b"".join([piece async for piece in answer.pieces()])

    return asyncio.run(asyncio.wait_for(story(), 60))


def test_a_request_is_its_own_bytes_with_host_and_length() -> None:
    server = Server()
    assert ask(server, ("POST", b"body"), headers=[(b"x-name", b"caf\xe9"), (b"x-name", b"2")]) == [b"hi"]
    (head,) = server.heads
    assert head.startswith(b"POST /v1/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert head.endswith(b"\r\nx-name: caf\xe9\r\nx-name: 2\r\nContent-Length: 4\r\n\r\n")
    assert server.bodies == [b"body"]


@pytest.mark.parametrize(
    ("method", "told"), [("GET", False), ("OPTIONS", False), ("POST", True), ("DELETE", True)]
)
def test_without_a_body_the_method_says_whether_a_length_is_told(method: str, told: bool) -> None:
    server = Server()
    ask(server, (method, b""))
    assert (b"Content-Length: 0" in server.heads[0]) == told


def test_a_connection_is_kept_where_the_answer_was_read_to_its_end() -> None:
    server = Server()
    assert ask(server, ("POST", b"1"), ("POST", b"2"), ("GET", b"")) == [b"hi"] * 3
    assert server.connections == 1


def test_a_large_body_goes_out_whole() -> None:
    server, body = Server(), bytes(range(256)) * 10_000
    assert ask(server, ("POST", body), ("POST", b"small")) == [b"hi", b"hi"]
    assert server.bodies == [body, b"small"]
    assert server.connections == 1


def test_an_answer_that_comes_before_a_large_body_has_gone_out_ends_it() -> None:
    server = Server(reads=False)
    assert ask(server, ("POST", bytes(50_000_000))) == [b"hi"]


def test_what_a_server_says_before_its_answer_is_passed_over() -> None:
    server = Server(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ANSWER)
    assert ask(server, ("POST", b"1"), ("POST", b"2")) == [b"hi", b"hi"]


def test_nothing_of_an_answer_without_body_is_awaited() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    assert ask(server, ("HEAD", b""), ("HEAD", b"")) == [b"", b""]
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 700 No\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"SSH-2.0\r\n\r\n",
    ],
)
def test_what_is_no_answer_of_http_is_told_as_such(answer: bytes) -> None:
    with pytest.raises(aiohttp.ClientResponseError) as raised:
        ask(Server(answer), ("POST", b"1"))
    assert isinstance(raised.value.__cause__, aiohttp.http_exceptions.HttpProcessingError)


def test_what_nobody_asked_for_is_no_answer_to_whoever_asks_next() -> None:
    """Else a server that says too much, or its proxy, gives one client the answer to another."""
    let_go, closed = asyncio.Event(), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        if not let_go.is_set():
            await let_go.wait()
            writer.write(ANSWER.replace(b"hi", b"no"))
        await reader.read()
        closed.set()

    async def story() -> list[bytes]:
        async def one() -> bytes:
            async with wire.exchange("GET", f"{base}/x", (), b"", lambda: None) as answer:
                return b"".join([piece async for piece in answer.pieces()])

        async with answering(speak) as base:
            wire = Wire(base, idle_s=5.0, connect_s=5.0)
            said = [await one()]
            let_go.set()
            await closed.wait()
            said.append(await one())
            await wire.close()
            return said

    assert asyncio.run(asyncio.wait_for(story(), 30)) == [b"hi", b"hi"]


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"]
)
def test_a_server_that_falls_silent_is_given_up(said: bytes) -> None:
    with pytest.raises(aiohttp.SocketTimeoutError):
        ask(Server(said), ("POST", b"1"), idle_s=0.1)


def test_a_server_whose_answer_nobody_takes_need_not_say_more() -> None:
    size = 50_000_000
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))

    async def story() -> int:
        async with answering(server.speak) as base:
            wire = Wire(base, idle_s=5.0, connect_s=5.0)
            exchange = wire.exchange("GET", f"{base}/x", (), b"", lambda: None)
            async with exchange as answer:
                while exchange.heard() is not None:
                    await asyncio.sleep(0)
                came = sum([len(piece) async for piece in answer.pieces()])
                assert exchange.heard() is None  # that was all
            await wire.close()
            return came

    assert asyncio.run(asyncio.wait_for(story(), 60)) == size


def test_a_body_whose_rest_is_no_http_is_not_waited_for() -> None:
    async def story() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
            await seen.wait()
            writer.write(b"ZZ\r\nno chunk")
            await reader.read()

        seen = asyncio.Event()
        async with answering(speak) as base:
            wire = Wire(base, idle_s=600.0, connect_s=5.0)
            with pytest.raises(aiohttp.ClientPayloadError, match="no HTTP"):
                async with wire.exchange("GET", f"{base}/x", (), b"", lambda: None) as answer:
                    async for _ in answer.pieces():
                        seen.set()
            await wire.close()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_where_nobody_listens_the_request_has_not_left() -> None:
    async def story() -> None:
        async with answering(Server().speak) as base:
            pass
        wire, left = Wire(base, idle_s=5.0, connect_s=5.0), list[str]()
        with pytest.raises(aiohttp.ClientConnectorError):
            async with wire.exchange("GET", f"{base}/x", (), b"", lambda: left.append("no")):
                pass
        await wire.close()
        assert left == []

    asyncio.run(story())


def test_a_request_has_gone_out_when_its_start_is_stamped() -> None:
    """Until then its place counts as leaving now: a stamp that comes late lets nobody start too early."""
    seen: list[socket.socket | bytes] = []

    async def story(listener: socket.socket, base: str) -> None:
        def leaves() -> None:
            connection, _ = listener.accept()
            connection.settimeout(5)
            seen.extend((connection, connection.recv(1000)))
            connection.sendall(ANSWER)

        wire = Wire(base, idle_s=5.0, connect_s=5.0)
        async with wire.exchange("GET", f"{base}/v1/x", (), b"", leaves) as answer:
            assert [piece async for piece in answer.pieces()] == [b"hi"]
        await wire.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(asyncio.wait_for(story(listener, f"http://127.0.0.1:{listener.getsockname()[1]}"), 60))
    connection, asked = seen
    assert isinstance(connection, socket.socket)
    connection.close()
    assert isinstance(asked, bytes)
    assert asked.startswith(b"GET /v1/x HTTP/1.1")


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"".join(b"X-%d: %b\r\n" % (number, b"y" * 60_000) for number in range(20)),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20_000,
        CHUNKED + b"2;" + b"x" * 600_000,
        CHUNKED + b"2\r\nhi\r\n0\r\n" + b"".join(b"X: %b\r\n" % (b"y" * 60_000) for _ in range(20)),
    ],
    ids=["head", "heads before it", "chunk extension", "trailers"],
)
def test_an_answer_with_more_around_its_body_than_in_it_is_given_up(answer: bytes) -> None:
    with pytest.raises(aiohttp.ClientError, match="more around its body than in it"):
        ask(Server(answer), ("POST", b"body"))


def test_what_stands_around_is_counted_anew_for_each_answer_and_small_chunks_are_no_fault() -> None:
    chunks = CHUNKED + b"1\r\nx\r\n" * 150_000 + b"0\r\n\r\n"
    long_head = HEAD + b"".join(b"X-%d: %b\r\n" % (number, b"y" * 50_000) for number in range(6))
    assert ask(Server(chunks), *[("POST", b"")] * 2) == [b"x" * 150_000] * 2
    assert ask(Server(long_head + b"Content-Length: 2\r\n\r\nhi"), *[("POST", b"")] * 3) == [b"hi"] * 3
