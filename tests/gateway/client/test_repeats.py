"""Requests that come again, byte for byte, are heard as they were the first time: whoever sends them, in whatever
pieces, before and behind whatever else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from beastmode.gateway.client import repeats
from beastmode.gateway.client.connection import Connection
from beastmode.gateway.client.incoming import Incoming, Receive, Scope
from beastmode.gateway.client.reply import Send
from tests.gateway.client.test_connection import Wire

REQUESTS = [
    b"POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]",
    b"POST /t/beast_1~r~t/v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /v1/x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\nGET /v1/models HTTP/1.1\r\n\r\n",
    b"POST /v1/x HTTP/1.1\r\nContent-Length: 6\r\n\r\n\r\n\r\n{}\r\n",
    b"POST /v1/x HTTP/1.1\nContent-Length: 2\n\n{}",
    b"HEAD / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"GET /slow HTTP/1.1\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n",
    b"GET /v1/models HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"no HTTP at all\r\n\r\n",
]


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    repeats.forget()


class Hearing:
    """An application that tells what it has heard; some answers take a turn of the loop."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Incoming(scope, receive)
        message = await receive()
        said = incoming.method, incoming.path, incoming.query, incoming.token, list(incoming.headers)
        self.heard.append((*said, incoming.address, incoming.flaw, message.get("body")))
        if incoming.path == "/slow":
            await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def turns() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


def heard(sent: list[bytes], *, known: bool) -> tuple[list[tuple[Any, ...]], bytes, bool]:
    """What an application hears of these reads on one connection, what its client hears, and whether it is closed."""

    async def story() -> tuple[list[tuple[Any, ...]], bytes, bool]:
        hearing = Hearing()
        config = uvicorn.Config(hearing, http=Connection, log_config=None, lifespan="off")
        one, wire = Connection(config, ServerState(), {}, asyncio.get_running_loop()), Wire()
        one.connection_made(wire)
        for read in sent:
            if not known:
                repeats.forget()
            if not wire.closed:
                asyncio.get_running_loop().call_soon(one.data_received, read)
            await turns()
        return hearing.heard, b"".join(wire.writes), wire.closed

    return asyncio.run(story())


@st.composite
def reads(draw: st.DrawFn) -> list[bytes]:
    """Requests, mostly each in one read; some in two, some two in one, or one and the beginning of the next."""
    sent: list[bytes] = []
    few = draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=3))
    for request in draw(st.lists(st.sampled_from(few), min_size=1, max_size=8)):
        way = draw(st.sampled_from(["alone", "alone", "in two", "behind", "begun behind"]))
        if way == "in two":
            at = draw(st.integers(1, len(request) - 1))
            sent += [request[:at], request[at:]]
        elif way == "behind" and sent:
            sent[-1] += request
        elif way == "begun behind" and sent:
            at = draw(st.integers(1, len(request) - 1))
            sent[-1] += request[:at]
            sent.append(request[at:])
        else:
            sent.append(request)
    return sent


@given(reads())
def test_what_is_known_changes_nothing(sent: list[bytes]) -> None:
    assert heard(sent, known=True) == heard(sent, known=False)


@pytest.mark.parametrize(
    "sent",
    [
        [REQUESTS[0] + b"\r\n"] * 2,
        [REQUESTS[0] + b"GET /v1/y HTTP/1.1\r\nX-Y: ", REQUESTS[4]] * 2,
        [REQUESTS[4], REQUESTS[4] + b"GET /v1/y HTTP/1.1\r\nX-Y: ", REQUESTS[4]],
    ],
    ids=["behind it a line end", "behind it the beginning of another", "known bytes within a head"],
)
def test_only_what_came_alone_is_known_and_only_between_two_requests(sent: list[bytes]) -> None:
    assert heard(sent, known=True) == heard(sent, known=False)


def test_one_that_is_known_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError

    heard([REQUESTS[0]], known=True)
    monkeypatch.setattr(Connection, "_parse", parsed)
    (again,), _, _ = heard([REQUESTS[0]], known=True)
    assert again[1:3] == ("/v1/chat/completions", "a=b")
    assert again[-1] == b"{}"


def test_only_so_many_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_MOST", 2)
    numbered = [b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(4)]
    heard(numbered, known=True)
    assert [repeats.find(one) is not None for one in numbered] == [False, False, True, True]


def test_what_one_client_is_differs_from_what_it_says() -> None:
    async def story() -> list[str]:
        hearing = Hearing()
        config = uvicorn.Config(hearing, http=Connection, log_config=None, lifespan="off")
        for address in ("10.0.0.1", "10.0.0.2"):
            one = Connection(config, ServerState(), {}, asyncio.get_running_loop())
            one.connection_made(Wire())
            one._own["client"] = (address, 1)
            asyncio.get_running_loop().call_soon(one.data_received, REQUESTS[0])
            await turns()
        return [address for *_, address, _flaw, _body in hearing.heard]

    assert asyncio.run(story()) == ["10.0.0.1", "10.0.0.2"]
