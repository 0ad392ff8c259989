"""What is written in one turn of the loop leaves together, in order, and never later than a close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from beastmode.gateway.client.outgoing import Outgoing


class Sent(asyncio.Transport):
    """A transport that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.turns: list[int] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def outgoing(act: Callable[[Outgoing], None]) -> Sent:
    """What an outgoing has sent one turn after such an act."""
    sent = Sent()
    act(Outgoing(sent, asyncio.get_running_loop()))
    sent.turns.append(len(sent.writes))
    await asyncio.sleep(0)
    return sent


def test_what_one_turn_writes_leaves_together() -> None:
    def act(out: Outgoing) -> None:
        out.write(b"head ")
        out.write(b"body")

    sent = asyncio.run(outgoing(act))
    assert (sent.turns, sent.writes) == ([0], [b"head body"])


def test_much_goes_at_once_so_that_the_transport_can_say_enough() -> None:
    def act(out: Outgoing) -> None:
        out.write(b"x" * 1000)
        out.write(b"y" * 100_000)
        out.write(b"z")

    sent = asyncio.run(outgoing(act))
    assert (sent.turns, [len(data) for data in sent.writes]) == ([1], [101_000, 1])


def test_what_is_waited_for_goes_at_once_behind_all_before_it() -> None:
    def act(out: Outgoing) -> None:
        out.write(b"head ")
        out.send(b"first")
        out.send(b"second")

    sent = asyncio.run(outgoing(act))
    assert (sent.turns, sent.writes) == ([2], [b"head first", b"second"])


def test_a_close_loses_nothing_and_nothing_follows_it() -> None:
    def act(out: Outgoing) -> None:
        out.write(b"last words")
        out.close()
        out.write(b"too late")

    sent = asyncio.run(outgoing(act))
    assert (sent.writes, sent.closed) == ([b"last words"], True)
