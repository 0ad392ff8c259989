"""Servers of hidden capacity, on virtual time, and a client that always has more to send: what a limit is worth there.

A server answers `calls` at once at full speed. More share its speed, and lose 2 % of it for each one too many; more
than `refuses_above` are refused at once. Half-way through it has only half of both. The way to it and back takes 2 to
20 ms each.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple, Protocol

from beastmode.safeguards.slowness import Measure

THRASH = 0.02
WAY_S = (0.002, 0.020)
LAUNCH_S = 1 / 40
"""A client starts no more often: what it starts in one instant would be one surprise for the server."""


class Work(NamedTuple):
    """seconds: at full speed.   tokens: of its answer, which the client sees."""

    seconds: float
    tokens: float


class Controller(Protocol):
    """What says how many calls at once: `Adaptive`, or a number that stays."""

    @property
    def limit(self) -> int: ...
    def succeeded(self, now: float, left_at: float, at_once: int, took: Measure | None) -> None: ...
    def dropped(self, now: float, left_at: float, at_once: int) -> None: ...


@dataclass(slots=True)
class Fixed:
    limit: int

    def succeeded(self, now: float, left_at: float, at_once: int, took: Measure | None) -> None: ...
    def dropped(self, now: float, left_at: float, at_once: int) -> None: ...


def even(rng: random.Random) -> Work:
    """One second, give or take 0.3, whatever is said."""
    return Work(_noisy(rng, 1.0), 1.0)


def answers(rng: random.Random) -> Work:
    """As a model's: two seconds on average, most of it by the length of the answer, which varies as much as itself."""
    tokens = min(3000.0, max(5.0, rng.lognormvariate(math.log(70) - 0.36, 0.85)))
    return Work(_noisy(rng, 0.3 + tokens * 1.7 / 70), tokens)


def _noisy(rng: random.Random, mean: float) -> float:
    sigma = math.sqrt(math.log(1.09))
    return mean * rng.lognormvariate(-sigma * sigma / 2, sigma)


@dataclass(slots=True)
class Server:
    """Its calls at `progress`, the seconds of work that each has been given since the beginning.   refuses_above: None:
    it takes any number."""

    calls: float
    refuses_above: int | None
    now: float = 0.0
    progress: float = 0.0
    busy: list[tuple[float, int]] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Of each call."""
        over = len(self.busy) - self.calls
        return 1.0 if over <= 0 else self.calls / len(self.busy) / (1 + THRASH * over)

    def advance(self, now: float) -> None:
        self.progress += (now - self.now) * self.speed
        self.now = now

    def next_end(self) -> float:
        return self.now + max(0.0, self.busy[0][0] - self.progress) / self.speed if self.busy else math.inf

    def takes(self, now: float, call: int, seconds: float) -> bool:
        self.advance(now)
        if self.refuses_above is not None and len(self.busy) >= self.refuses_above:
            return False
        heapq.heappush(self.busy, (self.progress + seconds, call))
        return True

    def halve(self, now: float) -> None:
        self.advance(now)
        self.calls /= 2
        if self.refuses_above is not None:
            self.refuses_above //= 2
            self.calls = min(self.calls, self.refuses_above)


@dataclass(slots=True)
class Tally:
    """What came of it.   limits: of the controller, as they changed."""

    started: int = 0
    done: int = 0
    refused: int = 0
    limits: list[tuple[float, int]] = field(default_factory=list)

    @property
    def refused_share(self) -> float:
        return self.refused / max(1, self.started)


@dataclass(slots=True)
class Flight:
    work: Work
    left_at: float
    at_once: int


class Client:
    """Sends to `server` for `for_s` seconds, as much as `controller` lets it; the same seed is the same work.

    oracle: knows the capacity, also when it halves, and sets it.   measured: by tokens, or by how long a call took as a
    whole.
    """

    def __init__(
        self,
        server: Server,
        controller: Controller,
        shape: Callable[[random.Random], Work],
        seed: int,
        *,
        by_tokens: bool = True,
        oracle: bool = False,
    ) -> None:
        self.tally = Tally()
        self._server, self._controller, self._shape = server, controller, shape
        self._by_tokens, self._oracle = by_tokens, oracle
        self._ways, self._works = random.Random(seed), random.Random(seed + 1_000_003)
        self._again: list[Work] = []
        self._flights: dict[int, Flight] = {}
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._next_launch = 0.0

    def run(self, for_s: float, halved_at_s: float | None = None) -> Tally:
        if halved_at_s is not None:
            self.at(halved_at_s, self._halve)
        now = 0.0
        while now < for_s:
            self._launch(now)
            now = min(self._server.next_end(), self._events[0][0] if self._events else math.inf)
            if self._events and self._events[0][0] <= now:
                heapq.heappop(self._events)[2](now)
            else:
                self._server.advance(now)
                call = heapq.heappop(self._server.busy)[1]
                self._after_way(now, lambda at, call=call: self._ended(at, call, refused=False))  # type: ignore[misc]
        return self.tally

    def _launch(self, now: float) -> None:
        limit = self._controller.limit
        if not self.tally.limits or self.tally.limits[-1][1] != limit:
            self.tally.limits.append((now, limit))
        if len(self._flights) >= limit:
            return
        if now < self._next_launch:
            return
        self._next_launch = now + LAUNCH_S
        work = self._again.pop() if self._again else self._shape(self._works)
        self.tally.started += 1
        call = self.tally.started
        self._flights[call] = Flight(work, now, len(self._flights) + 1)
        self._after_way(now, lambda at: self._arrives(at, call))
        self.at(self._next_launch, lambda at: None)  # the next may leave then

    def _arrives(self, now: float, call: int) -> None:
        if not self._server.takes(now, call, self._flights[call].work.seconds):
            self._after_way(now, lambda at: self._ended(at, call, refused=True))

    def _ended(self, now: float, call: int, *, refused: bool) -> None:
        flight = self._flights.pop(call)
        if refused:
            self.tally.refused += 1
            self._again.append(flight.work)
            self._controller.dropped(now, flight.left_at, flight.at_once)
            return
        self.tally.done += 1
        tokens = flight.work.tokens if self._by_tokens else 1.0
        took = Measure("tokens", now - flight.left_at, tokens)
        self._controller.succeeded(now, flight.left_at, flight.at_once, took)

    def _halve(self, now: float) -> None:
        self._server.halve(now)
        if self._oracle and isinstance(self._controller, Fixed):
            self._controller.limit = math.ceil(self._server.calls)

    def _after_way(self, now: float, then: Callable[[float], None]) -> None:
        self.at(now + self._ways.uniform(*WAY_S), then)

    def at(self, when: float, then: Callable[[float], None]) -> None:
        """Do that when it is time."""
        heapq.heappush(self._events, (when, next(self._order), then))
