"""Sharing: identical requests at once are one call to the upstream, which all of them read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from beastmode.clock import Clock
from beastmode.failures.failure import Failure
from beastmode.gateway import rejections
from beastmode.gateway.accounting import account_shared
from beastmode.gateway.call import Call
from beastmode.gateway.flight import Flight, Flights, PackedInVainError
from beastmode.gateway.patience import may_wait_longer
from beastmode.gateway.rejected import RejectedError

Carry = Callable[[Flight], Awaitable[Failure | None]]
"""Brings the answer to its leader's request into a flight; the failure that is left. Raises RejectedError."""


class Sharing:
    """Answers requests along with identical ones.   most_bytes: of an answer that is kept for those that come later."""

    def __init__(self, clock: Clock, most_bytes: int) -> None:
        self._clock, self._most_bytes = clock, most_bytes
        self._flights = Flights()

    async def answer(self, call: Call, key: bytes, carry: Carry, *, may_join: bool) -> Failure | None:
        """Answer it with what another brings, or be the one that others join; the failure that is left.

        key: what makes requests identical.   carry: does it where no other does.   Raises RejectedError.
        """
        while may_join and (flight := self._joinable(call, key)) is not None:
            try:
                failure = await self._read_along(flight, call)
            except RejectedError as rejected:
                if rejected is flight.error:
                    continue  # its leader waited too long in line, or was not let in: perhaps this one fares better
                raise
            except PackedInVainError:
                if self._flights.joinable(key) is not flight:
                    continue
                break  # what it asks for itself comes plain, and others like it may join that
            if failure is None or not may_wait_longer(failure, call, flight.leader):
                return failure
        flight = call.out = Flight(call, self._most_bytes)
        self._flights.launch(key, flight, carry(flight))
        return await self._read_along(flight, call)

    def _joinable(self, call: Call, key: bytes) -> Flight | None:
        """The flight that it may join, if there is one. Keys do not wait for each other."""
        flight = self._flights.joinable(key)
        return None if flight is None or call.waits_for_another_key(flight.leader) else flight

    async def _read_along(self, flight: Flight, call: Call) -> Failure | None:
        """Give the client what a flight brings; the failure in which it ended. Raises what the carrying raised."""
        flight.board(call)
        call.good_end = "upstream_ok" if flight.leader is call else "shared"
        try:
            if flight.leader is not call:
                await self._in_time(flight, call)
            await flight.deliver(call)
            await self._flights.landed(flight)
        finally:
            self._flights.leave(flight, call)
        if flight.error is not None:
            raise flight.error
        if flight.leader is not call:
            account_shared(call, flight.leader)
        return flight.failure

    async def _in_time(self, flight: Flight, call: Call) -> None:
        """Wait until a flight begins. Raises RejectedError where its leader waits in line for longer than this client
        bears."""
        try:
            async with asyncio.timeout(call.deadline - self._clock.monotonic()):
                await flight.beginning()
        except TimeoutError:
            if flight.leader.entry.tries == 0:
                raise rejections.waited_too_long(call.deadline - call.received, {}) from None
