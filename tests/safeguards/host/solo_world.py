"""A server, a process that is alone at it, and those that come while it is stopped or after it was killed.

Every step is halted before and after each thing that it reads or writes on its board. `starts`, `flying` and
`tokens` are what is really out there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from beastmode.safeguards.host.board import Board
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import Ticket
from beastmode.testing import ManualTime
from tests.safeguards.calls import Enter, die, granted
from tests.safeguards.limit_model import Unpadded, UnpaddedTokens

SLOTS, STARTS, TOKENS = 3, Unpadded(4, 8.0), UnpaddedTokens(100, 8.0)
COST, USED = 20, 15


class Halted(Exception):
    """Killed here."""


def halt() -> bool:
    raise Halted


class Instants:
    """Runs `act` at the n-th instant at which a board is read or written, or the first after it at which it can be
    done.   came: whether there was one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], bool]) -> None:
        self.left, self.act, self.came = number, act, False
        for name in ("show", "write", "asked"):
            monkeypatch.setattr(Board, name, self.halting(getattr(Board, name)))

    def halting(self, method: Callable[..., object]) -> Callable[..., object]:
        def halted(board: Board, *args: object) -> object:
            self.step()
            result = method(board, *args)
            self.step()
            return result

        return halted

    def step(self) -> None:
        self.left -= 1
        if self.left <= 0 and not self.came:
            self.came = True
            self.came = self.act()


class World:
    """A server, one process alone at it with a call in flight and one that has ended, and those that come.

    starts, flying, tokens: what is really out there.
    """

    def __init__(self, enter: Enter, time: ManualTime) -> None:
        self.enter, self.time = enter, time
        self.owner = enter()
        self.stores = [self.owner]
        self.starts = self.flying = self.tokens = 0
        ended, self.ticket = self.started(self.owner), self.started(self.owner)
        self.end(self.owner, ended)

    def started(self, store: HostStore) -> Ticket:
        ticket = granted(store.take(self.time.now, 1, COST))
        self.leaves(store, ticket)
        return ticket

    def leaves(self, store: HostStore, ticket: Ticket) -> None:
        store.left(ticket, self.time.now)
        self.starts += 1
        self.flying += 1
        self.tokens += COST

    def end(self, store: HostStore, ticket: Ticket, linger_s: float = 0.0) -> None:
        self.flying -= 1
        self.tokens += USED - COST
        store.end(ticket, self.time.now, linger_s, USED)

    def others_take_all_they_can(self) -> bool:
        """False: they would have to wait for the file first."""
        if self.owner._file._db.in_transaction:
            return False
        other = self.enter()
        self.stores.append(other)
        while isinstance(ticket := other.take(self.time.now, 1, COST), Ticket):
            self.leaves(other, ticket)
        return True

    def close(self) -> None:
        for store in self.stores:
            store.close()


def take_and_leave(world: World) -> None:
    ticket = world.owner.take(world.time.now, 1, COST)
    if isinstance(ticket, Ticket):
        world.leaves(world.owner, ticket)


def become_alone(world: World) -> None:
    """The transaction of the first call that is counted in memory; the one before has made it an ordinary member."""
    world.owner.set_limits(world.time.now, SLOTS, [STARTS], [TOKENS])
    take_and_leave(world)


def end(world: World) -> None:
    world.end(world.owner, world.ticket)


def linger(world: World) -> None:
    world.flying += 1  # the server is still at work on it
    world.end(world.owner, world.ticket, 2.0)


def take_more_places(world: World) -> None:
    if world.owner.take_places(world.ticket, world.time.now) is None:
        world.owner.left(world.ticket, world.time.now)
        world.starts += 1


STEPS = [take_and_leave, become_alone, end, linger, take_more_places]
MOST_INSTANTS = 40


def instants_at_which_limits_break(
    enter: Enter, time: ManualTime, step: Callable[[World], None]
) -> list[tuple[int, int, int]]:
    """Instant, starts and calls in flight; of a process that was stopped there and goes on later."""
    broken = list[tuple[int, int, int]]()
    for number in range(1, MOST_INSTANTS):
        time.now += 100.0
        world = World(enter, time)
        with pytest.MonkeyPatch.context() as monkeypatch:
            instants = Instants(monkeypatch, number, world.others_take_all_they_can)
            step(world)
        if not instants.came:
            assert number > 3
            world.close()
            return broken
        if world.starts > STARTS.starts or world.flying > SLOTS:
            broken.append((number, world.starts, world.flying))
        told = [(store.in_use(time.now), store.tokens_in_use(time.now)) for store in world.stores]
        assert told[0] == told[1]
        assert told[0][0] == (world.flying, world.starts), "and nothing is counted twice"
        world.close()
    raise AssertionError("it has no end")


def instants_at_which_a_kill_is_forgotten(
    enter: Enter, time: ManualTime, step: Callable[[World], None]
) -> list[tuple[int, int, int]]:
    """Instant, starts and calls in flight as those see them who come after it: less than there are, or far more."""
    broken = list[tuple[int, int, int]]()
    for number in range(1, MOST_INSTANTS):
        time.now += 100.0
        world = World(enter, time)
        with pytest.MonkeyPatch.context() as monkeypatch:
            instants = Instants(monkeypatch, number, halt)
            with suppress(Halted):
                step(world)
        if not instants.came:
            assert number > 3
            world.close()
            return broken
        die(world.owner)
        other = enter()
        slots, starts = other.in_use(time.now)
        assert other.tokens_in_use(time.now) >= world.tokens
        # Of one step at most: a slot that it was about to take, a start that it had not said yet.
        if not (world.flying <= slots <= world.flying + 1 and world.starts <= starts <= world.starts + 2):
            broken.append((number, starts, slots))
        other.close()
    raise AssertionError("it has no end")
