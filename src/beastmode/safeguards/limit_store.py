"""LimitStore: where the places of the rate and the slots are counted, in one memory or for a whole host."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from beastmode.safeguards.slots import Slots
from beastmode.safeguards.token_window import TokenWindow
from beastmode.safeguards.window import Window
from beastmode.settings import Rate, TokenRate


class Hold(NamedTuple):
    """Not now: why, and after how many seconds to ask again (infinite: when something has changed)."""

    reason: str
    wait_s: float


@dataclass(slots=True)
class Ticket:
    """The right to one call: a slot, `places` of the rate that have not left yet, `tokens` it may cost."""

    number: int
    places: int
    tokens: int = 0


@dataclass(slots=True)
class Past:
    """What another store has counted so far.

    busy: calls in flight;   leaving, tokens: their places that have not left, their estimates.   lingering: until
    when a slot is held after its call.   starts, spent: when and how much, in that order.   starts_unknown_until,
    spent_unknown_until: what was before is not known.
    """

    busy: int
    leaving: int
    tokens: int
    lingering: list[float]
    starts: list[tuple[float, int]]
    spent: list[tuple[float, int]]
    starts_unknown_until: float
    spent_unknown_until: float


class LimitStore(Protocol):
    """Counts slots, starts and tokens. All times are of the monotonic clock. First come, first served is the
    caller's."""

    @property
    def warnings(self) -> Sequence[str]:
        """What was wrong with the place where it is kept, for the user; nothing of it ends a run."""
        ...

    def trouble(self, now: float) -> str:
        """Why nothing can be counted now, so that all wait, and what to do, on a line of its own; "" where it can."""
        ...

    def set_limits(
        self, now: float, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] = ()
    ) -> None:
        """Limits from now on. A window whose past is not known counts as full."""
        ...

    def take(self, now: float, places: int = 1, tokens: int = 0) -> Ticket | Hold:
        """A slot, `tokens` of every window of tokens, and `places` of every window of starts, all or nothing.

        tokens: an estimate, counted until the call ends; one above a limit waits to have all of it for itself.
        """
        ...

    def take_places(self, ticket: Ticket, now: float, places: int = 1) -> Hold | None:
        """More places for a ticket that holds its slot already."""
        ...

    def left(self, ticket: Ticket, now: float) -> None:
        """One of the ticket's places has really started now."""
        ...

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        """The call is over: places that never left are given back, the slot is free after `linger_s`.

        used_tokens: what it has cost, counted for a window from now; None: what was estimated.
        """
        ...

    def fill(self, until: float) -> None:
        """What was started up to `until` is not known (a run that was killed may have started anything): every
        window that reaches back to it counts as full, also one that comes later or is raised."""
        ...

    def most_places(self) -> float:
        """How many places can ever be had at once: whoever asked for more would wait for ever."""
        ...

    def in_use(self, now: float, span_s: float | None = None) -> tuple[int, int]:
        """Slots in use, and starts that count in a window; 0 where there is none such.   span_s: its padded span; None:
        the first."""
        ...

    def tokens_in_use(self, now: float, span_s: float | None = None) -> int:
        """Tokens that count in a window of tokens, likewise."""
        ...

    def close(self) -> None:
        """Give up everything that is held."""
        ...


class MemoryStore:
    """Limits of one process."""

    def __init__(
        self, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] = ()
    ) -> None:
        self._slots = Slots(concurrency)
        self._windows = [Window(starts, span_s) for span_s, starts in by_span(rates).items()]
        self._token_windows = [TokenWindow(limit, span_s) for span_s, limit in tokens_by_span(tokens).items()]
        self._tickets = 0
        self._leaving = 0
        self._tokens_in_flight = 0

    @property
    def warnings(self) -> Sequence[str]:
        return ()

    def trouble(self, now: float) -> str:
        del now
        return ""

    def set_limits(
        self, now: float, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] = ()
    ) -> None:
        self._slots.limit = concurrency
        known = {window.span_s: window for window in self._windows}
        self._windows = []
        for span_s, starts in by_span(rates).items():
            window = known.get(span_s)
            if window is None:
                window = Window(starts, span_s)
                window.fill(now)
                window.take(self._leaving)
            window.starts = starts
            self._windows.append(window)
        self._set_token_limits(now, tokens)

    def take(self, now: float, places: int = 1, tokens: int = 0) -> Ticket | Hold:
        wait_s = self._slots.wait_s(now)
        if wait_s > 0:
            return Hold("slot", wait_s)
        for token_window in self._token_windows:
            wait_s = token_window.wait_s(now, tokens)
            if wait_s > 0:
                return Hold("tokens", wait_s)
        self._tickets += 1
        ticket = Ticket(self._tickets, 0, tokens)
        hold = self.take_places(ticket, now, places)
        if hold is not None:
            return hold
        self._slots.take()
        self._tokens_in_flight += tokens
        for token_window in self._token_windows:
            token_window.take(tokens)
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

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        if ticket.places:
            self.give_back(ticket, ticket.places)
        used = ticket.tokens if used_tokens is None else used_tokens
        self._tokens_in_flight -= ticket.tokens
        for token_window in self._token_windows:
            token_window.settle(now, ticket.tokens, used)
        ticket.tokens = 0
        self._slots.free(now, linger_s)

    def fill(self, until: float) -> None:
        for window in self._windows:
            window.fill(until)
        for token_window in self._token_windows:
            token_window.fill(until)

    def most_places(self) -> float:
        return min((window.starts for window in self._windows), default=math.inf)

    def in_use(self, now: float, span_s: float | None = None) -> tuple[int, int]:
        windows = (window for window in self._windows if span_s in (None, window.span_s))
        return self._slots.in_use(now), next((window.in_window(now) for window in windows), 0)

    def tokens_in_use(self, now: float, span_s: float | None = None) -> int:
        windows = (window for window in self._token_windows if span_s in (None, window.span_s))
        return next((window.in_window(now) for window in windows), 0)

    def close(self) -> None:
        """Nothing to give up: the memory goes with the process."""

    def give_back(self, ticket: Ticket, places: int) -> None:
        """Places that will not leave."""
        for window in self._windows:
            window.give_back(places)
        self._leaving -= places
        ticket.places -= places

    def go_on_from(self, past: Past) -> None:
        """Count on where another store has stopped. For a store in which nothing has happened yet."""
        for _ in range(past.busy + len(past.lingering)):
            self._slots.take()
        for until in past.lingering:
            self._slots.free(0.0, until)
        self._leaving, self._tokens_in_flight = past.leaving, past.tokens
        for window in self._windows:
            window.fill(past.starts_unknown_until)
            window.take(past.leaving + sum(amount for _, amount in past.starts))
            for at, amount in past.starts:
                for _ in range(amount):
                    window.left(at)
        for token_window in self._token_windows:
            token_window.fill(past.spent_unknown_until)
            token_window.take(past.tokens)
            for at, amount in past.spent:
                token_window.settle(at, 0, amount)

    def _set_token_limits(self, now: float, tokens: Sequence[TokenRate]) -> None:
        known = {window.span_s: window for window in self._token_windows}
        self._token_windows = []
        for span_s, limit in tokens_by_span(tokens).items():
            window = known.get(span_s)
            if window is None:
                window = TokenWindow(limit, span_s)
                window.fill(now)
                window.take(self._tokens_in_flight)
            window.tokens = limit
            self._token_windows.append(window)


def by_span(rates: Sequence[Rate]) -> dict[float, int]:
    """The padded windows, each once: of two rates over one span the stricter holds."""
    return _strictest_by_span((rate.padded_span_s, rate.starts) for rate in rates)


def tokens_by_span(rates: Sequence[TokenRate]) -> dict[float, int]:
    """The same for tokens."""
    return _strictest_by_span((rate.padded_span_s, rate.tokens) for rate in rates)


def _strictest_by_span(limits: Iterable[tuple[float, int]]) -> dict[float, int]:
    windows: dict[float, int] = {}
    for span_s, most in limits:
        windows[span_s] = min(most, windows.get(span_s, most))
    return windows
