"""A request and its answer on the wire: lengths, chunks, old clients, and answers that HTTP cannot carry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from beastmode.gateway.client.cycle import Cycle
from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.incoming import Message, Receive, Scope
from beastmode.gateway.client.outgoing import Outgoing
from beastmode.gateway.client.reply import Send
from tests.gateway.client.test_outgoing import Sent

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


def answering(*pieces: bytes, status: int = 200, headers: Headers = ()) -> Answer:
    """An application that answers with these pieces."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})

    return answer


def cycle_on(sent: Sent, method: str, version: str, *, expects_100: bool = False) -> Cycle:
    scope = {"method": method, "http_version": version}
    out = Outgoing(sent, asyncio.get_running_loop())
    keep_alive = version != "1.0"
    return Cycle(
        scope,
        out,
        FlowControl(sent),
        keep_alive=keep_alive,
        expects_100=expects_100,
        on_end=lambda: None,
    )


def said(answer: Answer, method: str = "POST", version: str = "1.1") -> tuple[bytes, bool]:
    """What an answer looks like on the wire, and whether the connection is closed behind it."""

    async def story() -> tuple[bytes, bool]:
        sent = Sent()
        await cycle_on(sent, method, version).run(answer)
        await asyncio.sleep(0)
        return b"".join(sent.writes), sent.closed

    return asyncio.run(story())


LENGTH_5 = ((b"content-length", b"5"),)


def test_an_answer_with_its_length() -> None:
    told = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
    assert said(answering(b"hello", headers=LENGTH_5)) == (told, False)
    assert said(answering(b"he", b"llo", headers=LENGTH_5)) == (told, False)


def test_an_answer_without_a_length_comes_in_chunks() -> None:
    told = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    assert said(answering(b"he", b"", b"llo")) == (told, False)


def test_an_old_client_knows_no_chunks_and_is_told_by_the_end_of_the_connection() -> None:
    told = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello"
    assert said(answering(b"he", b"llo"), version="1.0") == (told, True)


def test_who_asks_for_a_head_gets_no_body() -> None:
    told = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
    assert said(answering(b"hello", headers=LENGTH_5), method="HEAD") == (told, False)


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_has_no_chunks(status: int) -> None:
    told, closed = said(answering(b"", status=status))
    assert (told.partition(b"\r\n")[2], closed) == (b"\r\n", False)


def test_an_answer_may_close_its_connection() -> None:
    told = b"HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    headers = ((b"connection", b"close"), (b"content-length", b"0"))
    assert said(answering(b"", status=426, headers=headers)) == (told, True)


@pytest.mark.parametrize(
    "header",
    [(b"x\r\nforged", b"1"), (b"x", b"1\r\nforged: 1"), (b"x", b"\r\n" + b"y" * 500), (b"a b", b"1")],
)
def test_no_header_can_end_the_head_or_forge_another(header: tuple[bytes, bytes]) -> None:
    told, closed = said(answering(b"", headers=(header,)))
    assert (told, closed) == (b"", True)


@pytest.mark.parametrize("pieces", [(b"too long",), (b"he",), (b"he", b"l"), (b"hello", b"!")])
def test_an_answer_of_another_length_cuts_its_connection(pieces: tuple[bytes, ...]) -> None:
    told, closed = said(answering(*pieces, headers=LENGTH_5))
    assert closed
    assert told.partition(b"\r\n\r\n")[2] in b"hello"


def test_what_breaks_before_it_answers_is_a_500_and_what_breaks_later_is_cut() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("broken")

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(b"he", b"llo")(scope, receive, lambda message: _first_only(message, send))
        raise ValueError("broken")

    told, closed = said(broken)
    assert told.startswith(b"HTTP/1.1 500 ")
    assert closed
    told, closed = said(breaks)
    assert told.endswith(b"2\r\nhe\r\n")
    assert closed


async def _first_only(message: Message, send: Send) -> None:
    if message.get("more_body", True):
        await send(message)


def test_a_body_is_received_as_it_comes_and_then_only_the_end_of_its_client() -> None:
    async def story() -> list[Message]:
        cycle = cycle_on(Sent(), "POST", "1.1")
        cycle.feed(b"a")
        cycle.feed(b"b")
        seen = [await cycle.receive()]
        waits = asyncio.ensure_future(cycle.receive())
        await asyncio.sleep(0)
        cycle.feed(b"c")
        seen.append(await waits)
        cycle.feed_end()
        seen.append(await cycle.receive())
        waits = asyncio.ensure_future(cycle.receive())
        await asyncio.sleep(0)
        assert not waits.done()
        cycle.disconnect()
        return [*seen, await waits]

    seen = asyncio.run(story())
    parts = [(message.get("body"), message.get("more_body")) for message in seen]
    assert parts == [(b"ab", True), (b"c", True), (b"", False), (None, None)]
    assert seen[-1]["type"] == "http.disconnect"


def test_who_waits_for_a_word_before_the_body_gets_it_once() -> None:
    async def story() -> list[bytes]:
        sent = Sent()
        cycle = cycle_on(sent, "POST", "1.1", expects_100=True)
        cycle.feed(b"a")
        await cycle.receive()
        cycle.feed_end()
        await cycle.receive()
        await asyncio.sleep(0)
        return sent.writes

    assert asyncio.run(story()) == [b"HTTP/1.1 100 Continue\r\n\r\n"]


def test_a_piece_of_a_stream_goes_out_at_once_with_the_head_before_it() -> None:
    async def story() -> list[bytes]:
        sent = Sent()
        cycle = cycle_on(sent, "POST", "1.1")
        await cycle.send({"type": "http.response.start", "status": 200, "headers": ()})
        await cycle.send({"type": "http.response.body", "body": b"first", "more_body": True})
        return sent.writes

    (written,) = asyncio.run(story())
    assert written.startswith(b"HTTP/1.1 200 ")
    assert written.endswith(b"5\r\nfirst\r\n")


def test_all_who_wait_hear_that_the_client_has_gone() -> None:
    async def story() -> list[Message]:
        cycle = cycle_on(Sent(), "POST", "1.1")
        cycle.feed_end()
        await cycle.receive()
        waiting = [asyncio.ensure_future(cycle.receive()) for _ in range(2)]
        await asyncio.sleep(0)
        cycle.disconnect()
        return list(await asyncio.gather(*waiting))

    assert asyncio.run(asyncio.wait_for(story(), 10)) == [{"type": "http.disconnect"}] * 2
