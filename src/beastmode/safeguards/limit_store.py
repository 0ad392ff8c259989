"""LimitStore: where the places of the rate and the slots are counted, in one memory or for a whole host."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from beastmode.safeguards.slots import Slots
from beastmode.safeguards.window import Window
from beastmode.settings import Rate


class Hold(NamedTuple):
    """Not now: why, and after how many seconds to ask again (infinite: when something has changed)."""

    reason: str
    wait_s: float


@dataclass(slots=True)
class Ticket:
    """The right to one call: a slot, and `places` of the rate that have not left yet."""

    number: int
    places: int


class LimitStore(Protocol):
    """Counts slots and starts. All times are of the monotonic clock. First come, first served is the caller's."""

    @property
    def warnings(self) -> Sequence[str]:
        """What was wrong with the place where it is kept, for the user; nothing of it ends a run."""
        ...

    def set_limits(self, now: float, concurrency: int | None, rates: Sequence[Rate]) -> None:
        """Limits from now on. A window whose past is not known counts as full."""
        ...

    def take(self, now: float, places: int = 1) -> Ticket | Hold:
        """A slot and `places` of every window, all or nothing."""
        ...

    def take_places(self, ticket: Ticket, now: float, places: int = 1) -> Hold | None:
        """More places for a ticket that holds its slot already."""
        ...

    def left(self, ticket: Ticket, now: float) -> None:
        """One of the ticket's places has really started now."""
        ...

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0) -> None:
        """The call is over: places that never left are given back, the slot is free after `linger_s`."""
        ...

    def fill(self, until: float) -> None:
        """What was started up to `until` is not known (a run that was killed may have started anything): every
        window that reaches back to it counts as full, also one that comes later or is raised."""
        ...

    def most_places(self) -> float:
        """How many places can ever be had at once: whoever asked for more would wait for ever."""
        ...

    def in_use(self, now: float) -> tuple[int, int]:
        """Slots in use, and starts that count in the first window."""
        ...

    def close(self) -> None:
        """Give up everything that is held."""
        ...


class MemoryStore:
    """Limits of one process."""

    def __init__(self, concurrency: int | None, rates: Sequence[Rate]) -> None:
        self._slots = Slots(concurrency)
        self._windows = [Window(starts, span_s) for span_s, starts in _by_span(rates).items()]
        self._tickets = 0
        self._leaving = 0

    @property
    def warnings(self) -> Sequence[str]:
        return ()

    def set_limits(self, now: float, concurrency: int | None, rates: Sequence[Rate]) -> None:
        self._slots.limit = concurrency
        known = {window.span_s: window for window in self._windows}
        self._windows = []
        for span_s, starts in _by_span(rates).items():
            window = known.get(span_s)
            if window is None:
                window = Window(starts, span_s)
                window.fill(now)
                window.take(self._leaving)
            window.starts = starts
            self._windows.append(window)

    def take(self, now: float, places: int = 1) -> Ticket | Hold:
        wait_s = self._slots.wait_s(now)
        if wait_s > 0:
            return Hold("slot", wait_s)
        self._tickets += 1
        ticket = Ticket(self._tickets, 0)
        hold = self.take_places(ticket, now, places)
        if hold is not None:
            return hold
        self._slots.take()
        return ticket

    def take_places(self, ticket: Ticket, now: float, places: int = 1) -> Hold | None:
        windows = self._windows
        for window in windows:
            wait_s = window.wait_s(now, places)
            if wait_s > 0:
                return Hold("rate", wait_s)
        for window in windows:
            window.take(places)
        ticket.places += places
        self._leaving += places
        return None

    def left(self, ticket: Ticket, now: float) -> None:
        ticket.places -= 1
        self._leaving -= 1
        for window in self._windows:
            window.left(now)

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0) -> None:
        if ticket.places:
            for window in self._windows:
                window.give_back(ticket.places)
            self._leaving -= ticket.places
            ticket.places = 0
        self._slots.free(now, linger_s)

    def fill(self, until: float) -> None:
        for window in self._windows:
            window.fill(until)

    def most_places(self) -> float:
        return min((window.starts for window in self._windows), default=math.inf)

    def in_use(self, now: float) -> tuple[int, int]:
        starts = self._windows[0].in_window(now) if self._windows else 0
        return self._slots.in_use(now), starts

    def close(self) -> None:
        """Nothing to give up: the memory goes with the process."""


def _by_span(rates: Sequence[Rate]) -> dict[float, int]:
    """The padded windows, each once: of two rates over one span the stricter holds."""
    windows: dict[float, int] = {}
    for rate in rates:
        span_s = rate.padded_span_s
        windows[span_s] = min(rate.starts, windows.get(span_s, rate.starts))
    return windows
