"""A connection with a large body: read in turn with all others; and while it waits for us, its client is not one that
stands still. One whose requests offer another protocol goes on as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from uvicorn.server import ServerState

from beastmode.gateway.client import connection
from beastmode.gateway.client.connection import Connection
from beastmode.gateway.client.crowd import clients_of
from beastmode.gateway.client.incoming import Receive, Scope
from beastmode.gateway.client.reaper import Reaper
from beastmode.gateway.client.reply import Send
from beastmode.gateway.client.spare import LARGE_BYTES, Spare
from tests.gateway.client.test_outgoing import Sent

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n"
SLOW_S = 60.0
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Wire(Sent):
    """A transport that remembers whether it reads, and what became of it."""

    def __init__(self) -> None:
        super().__init__()
        self._reads, self.aborted = True, False

    def pause_reading(self) -> None:
        self._reads = False

    def resume_reading(self) -> None:
        self._reads = True

    def is_reading(self) -> bool:
        return self._reads

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = self.closed = True


class Turns:
    """Gives turns when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.calls = 0.0, list[Callable[[], None]]()
        spare = Spare(lambda: self.now, lambda _delay, call: self.calls.append(call))
        monkeypatch.setattr(connection, "spare_of", lambda _loop: spare)

    def give(self) -> None:
        self.now += 1.0
        (call,) = self.calls
        self.calls.clear()
        call()


async def takes_all(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive()).get("more_body"):
        pass


async def refuses(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def connected(app: App, begun: bytes = HEAD) -> tuple[Connection, Wire]:
    config = uvicorn.Config(app, http=Connection, log_config=None, lifespan="off")
    one, wire = Connection(config, ServerState(), {}, asyncio.get_running_loop()), Wire()
    one.connection_made(wire)
    one.data_received(begun)
    return one, wire


async def come(one: Connection, size: int) -> None:
    """So much of the body comes, and the application takes it."""
    one.data_received(b"x" * size)
    for _ in range(3):
        await asyncio.sleep(0)


def played(story: Callable[[], Awaitable[None]]) -> None:
    async def ended() -> None:
        await story()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run(ended())


def test_a_large_body_is_read_a_step_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(monkeypatch)

    async def story() -> None:
        one, wire = connected(takes_all)
        await come(one, LARGE_BYTES - len(HEAD))
        assert wire.is_reading(), "an ordinary one is read as it comes"
        for _ in range(5):
            await come(one, 20_000)
            assert not wire.is_reading()
            turns.give()
            assert wire.is_reading()

    played(story)


def test_of_one_that_comes_in_drops_a_step_is_16_kb(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(monkeypatch)

    async def story() -> None:
        one, wire = connected(takes_all)
        await come(one, LARGE_BYTES)
        turns.give()
        for _ in range(15):
            await come(one, 1024)
            assert wire.is_reading()
        await come(one, 1024)
        assert not wire.is_reading()

    played(story)


def test_a_client_that_waits_for_us_is_not_cut_and_one_that_stands_still_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns, now = Turns(monkeypatch), [0.0]

    async def story() -> None:
        one, wire = connected(takes_all)
        reaper = Reaper([one], SLOW_S, SLOW_S, monotonic=lambda: now[0])
        await come(one, LARGE_BYTES)
        for now[0] in range(0, 1000, 6):
            reaper.look()
        assert not wire.aborted
        turns.give()
        for now[0] in range(1000, 1060, 6):
            await come(one, 100)  # too little to count
            reaper.look()
        assert not wire.aborted
        now[0] = 1060
        reaper.look()
        assert wire.is_closing()

    played(story)


def test_what_nobody_wants_any_more_is_read_in_turn_too_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns, now = Turns(monkeypatch), [0.0]

    async def story() -> None:
        one, wire = connected(refuses)
        await asyncio.sleep(0)
        reaper = Reaper([one], SLOW_S, SLOW_S, monotonic=lambda: now[0])
        for now[0] in range(0, 60, 6):
            await come(one, 20_000)
            assert not wire.is_reading()
            reaper.look()
            turns.give()
        now[0] = 60
        reaper.look()
        assert wire.aborted

    played(story)


def test_in_a_crowd_one_that_asks_nothing_makes_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "most_clients", lambda: 2)

    async def story() -> None:
        state, wires = ServerState(), [Wire() for _ in range(4)]
        config = uvicorn.Config(takes_all, http=Connection, log_config=None, lifespan="off")
        for number, wire in enumerate(wires):
            one = Connection(config, state, {}, asyncio.get_running_loop())
            one.connection_made(wire)
            if number < 2:
                one.data_received(HEAD)  # these ask something
            await asyncio.sleep(0)
        assert [wire.closed for wire in wires] == [False, False, True, False]

    played(story)


@pytest.mark.parametrize("begun", [HEAD[:20], b"GET / HTTP/1.1\r\n\r\n" + HEAD[:20]], ids=["first", "behind"])
def test_one_whose_request_has_come_in_part_asks_something(begun: bytes) -> None:
    async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def story() -> None:
        one, _ = connected(answers, begun[:-20])
        await asyncio.sleep(0)
        assert one.asks_nothing()
        one.data_received(begun[-20:])
        assert not one.asks_nothing()

    played(story)


@pytest.mark.parametrize(("files", "clients"), [(64, 1), (256, 128), (1024, 704), (1_048_576, 786_368)])
def test_some_files_are_left_for_upstreams(files: int, clients: int) -> None:
    assert clients_of(files) == clients


def test_a_body_that_we_do_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a request behind another, past what is read of it before its turn."""
    Turns(monkeypatch)

    async def never(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async def story() -> None:
        one, wire = connected(never, b"GET / HTTP/1.1\r\n\r\n" + HEAD + b"x" * 100_000)
        assert not wire.is_reading()
        assert one.waits_for() is None

    played(story)


def test_a_body_that_has_come_to_its_end_leaves_an_ordinary_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Turns(monkeypatch)

    async def story() -> None:
        one, wire = connected(takes_all)
        while (left := 50_000_000 - one.bytes_in + len(HEAD)) > LARGE_BYTES:
            await come(one, LARGE_BYTES)
            turns.give()
        await come(one, left)
        assert wire.is_reading()
        assert turns.calls == []
        assert one.cycle.more_body is False

    played(story)


OFFERING = b"POST /%d HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nbody"
PLAIN = b"POST /%d HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
BODILESS = b"GET /%d HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize("step", [1, 7, 1000], ids=["byte by byte", "in pieces", "at once"])
def test_an_offer_of_another_protocol_ends_neither_its_own_body_nor_the_connection(step: int) -> None:
    heard: list[tuple[str, bytes]] = []

    async def hears(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        heard.append((scope["path"], body))
        await refuses(scope, receive, send)

    async def story() -> None:
        one, wire = connected(hears, b"")
        sent = b"".join((OFFERING % 1, OFFERING % 2, BODILESS % 3, PLAIN % 4))
        for start in range(0, len(sent), step):
            one.data_received(sent[start : start + step])
        for _ in range(20):
            await asyncio.sleep(0)
        assert heard == [("/1", b"body"), ("/2", b"body"), ("/3", b""), ("/4", b"body")]
        assert not wire.closed

    played(story)
