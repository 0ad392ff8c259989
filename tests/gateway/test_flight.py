"""Flights: several clients read one answer, each at its own pace, whoever leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.failure import Failure
from beastmode.gateway.call import Call
from beastmode.gateway.client.incoming import Incoming, Message
from beastmode.gateway.client.reply import Reply
from beastmode.gateway.dialects import dialect_for
from beastmode.gateway.flight import Flight, Flights
from beastmode.store.ledger.entry import Entry

KEY = b"k"


class Client:
    """What one client got. `pace`: asked before each piece it takes."""

    def __init__(self, pace: Callable[[], Any] | None = None) -> None:
        self.messages: list[Message] = []
        self._pace = pace

    async def send(self, message: Message) -> None:
        if self._pace:
            await self._pace()
        self.messages.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def whole(self) -> bool:
        return bool(self.messages) and self.messages[-1].get("more_body") is not True

    def call(self) -> Call:
        async def receive() -> Message:
            raise AssertionError("nobody asks")

        scope = {"method": "POST", "headers": [], "query_string": b"", "path": "/v1/chat/completions"}
        incoming, reply = Incoming(scope, receive), Reply(self.send)
        dialect = dialect_for("POST", incoming.path)
        return Call(incoming, reply, reply, dialect, Entry(received_unix=0.0), 0.0, 60.0)


async def read(flights: Flights, flight: Flight, client: Client) -> None:
    call = client.call()
    flight.board(call)
    try:
        await flight.deliver(call)
    finally:
        flights.leave(flight, call)


async def answer(flight: Flight, pieces: list[bytes], turn: Callable[[], Any]) -> Failure | None:
    await flight.start(200, [(b"content-type", b"text/plain")])
    for piece in pieces:
        await turn()
        await flight.piece(piece)
    await flight.end()
    return None


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 20))


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=12),
    st.lists(st.integers(0, 15), min_size=1, max_size=6),
    st.integers(1, 400),
)
def test_whenever_a_reader_comes_it_gets_every_byte_or_may_not_join(
    pieces: list[bytes], arrivals: list[int], most_bytes: int
) -> None:
    async def story() -> None:
        flights, clients, turns = Flights(), [Client() for _ in arrivals], 0
        readers: list[asyncio.Task[None]] = []
        flight = Flight(Client().call(), most_bytes)

        async def turn() -> None:
            nonlocal turns
            for client, arrival in zip(clients, arrivals, strict=True):
                if arrival == turns and (flight.whole and not flight.landed):
                    readers.append(asyncio.create_task(read(flights, flight, client)))
            turns += 1
            await asyncio.sleep(0)

        stays = asyncio.create_task(read(flights, flight, first := Client()))
        flights.launch(KEY, flight, answer(flight, pieces, turn))
        await asyncio.gather(stays, *readers)
        await flights.landed(flight)
        await asyncio.gather(*readers)
        got = [client for client in clients if client.messages]
        assert len(got) == len(readers)
        assert all(client.body == b"".join(pieces) and client.whole for client in (first, *got))

    run(story())


def test_the_leader_may_leave_and_the_others_have_the_whole_answer() -> None:
    async def story() -> None:
        flights, gate = Flights(), asyncio.Event()
        flight = Flight(Client().call(), 1000)
        leader = asyncio.create_task(read(flights, flight, Client()))
        other = asyncio.create_task(read(flights, flight, stays := Client()))
        flights.launch(KEY, flight, answer(flight, [b"a", b"b"], gate.wait))
        await asyncio.sleep(0)
        leader.cancel()
        await asyncio.wait([leader])
        gate.set()
        await other
        assert stays.body == b"ab"
        assert stays.whole

    run(story())


def test_when_the_last_reader_has_left_the_call_ends_and_nobody_joins_it() -> None:
    async def story() -> None:
        flights, never = Flights(), asyncio.Event()
        flight = Flight(Client().call(), 1000)
        reader = asyncio.create_task(read(flights, flight, Client()))
        flights.launch(KEY, flight, answer(flight, [b"a"], never.wait))
        await asyncio.sleep(0)
        assert flights.joinable(KEY) is flight
        reader.cancel()
        await asyncio.wait([reader])
        assert flights.joinable(KEY) is None
        await flights.landed(flight)
        assert isinstance(flight.error, asyncio.CancelledError)

    run(story())


def test_a_long_answer_waits_for_its_slowest_reader_and_is_not_kept() -> None:
    async def story() -> None:
        flights, gate = Flights(), asyncio.Event()
        flight = Flight(Client().call(), 100)
        slow = asyncio.create_task(read(flights, flight, client := Client(gate.wait)))
        flights.launch(KEY, flight, answer(flight, [b"x" * 60] * 50, lambda: asyncio.sleep(0)))
        for _ in range(200):
            await asyncio.sleep(0)
        assert sum(map(len, flight.pieces)) <= 160
        assert flights.joinable(KEY) is None
        gate.set()
        await slow
        assert len(client.body) == 3000

    run(story())


def test_who_comes_after_the_landing_is_not_answered_by_it() -> None:
    async def story() -> None:
        flights = Flights()
        flight = Flight(Client().call(), 1000)
        reader = asyncio.create_task(read(flights, flight, Client()))
        flights.launch(KEY, flight, answer(flight, [b"a"], lambda: asyncio.sleep(0)))
        await reader
        await flights.landed(flight)
        assert flights.joinable(KEY) is None

    run(story())


def test_when_it_has_landed_and_nobody_reads_it_nothing_of_it_is_held() -> None:
    """The call that has led it knows of it for as long as anything knows of that call."""

    async def story() -> None:
        flights, flight = Flights(), Flight(Client().call(), 1000)
        flights.launch(KEY, flight, answer(flight, [b"a" * 100] * 3, lambda: asyncio.sleep(0)))
        client = Client()
        await read(flights, flight, client)
        await flights.landed(flight)
        assert client.body == b"a" * 300
        assert flight.pieces == ()

    run(story())
