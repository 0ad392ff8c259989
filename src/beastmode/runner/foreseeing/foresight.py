"""Foresight: plays a list through before it runs, with given times, by the order and the limits of the real schedule.

Pure. Left out: pauses that a server asks for, health, the breaker, what other runs do meanwhile.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal, NamedTuple

from beastmode.runner.graph import Graph
from beastmode.runner.line import Line
from beastmode.runner.rank import inverse
from beastmode.runner.touches import Touches, TurnLine
from beastmode.settings import Rate, TokenRate

Where = Literal["", "model", "check", "merge"]
"""What a part of an attempt needs beside the task's own place: nothing, the model server, a place for checks, the queue
that merges."""


class Leg(NamedTuple):
    """A part of an attempt.   requests, tokens: that it asks of the model server, in so many seconds together."""

    where: Where
    seconds: float
    requests: float = 0.0
    tokens: float = 0.0


_ITSELF = Leg("", 0.0)


class Try(NamedTuple):
    """One attempt.   again_s: it is tried again after so long; None: the task is done. The last try of a task that says
    `again_s` has failed: what needs it never starts."""

    legs: tuple[Leg, ...]
    again_s: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds a run back.   None: no limit.

    at_once, rates: of tasks.   asking, asking_rates, tokens: of requests to the model server.   checks: at once.
    merging: work merged at once; None where nothing is merged.
    """

    at_once: int | None = 3
    rates: tuple[Rate, ...] = ()
    asking: int | None = None
    asking_rates: tuple[Rate, ...] = ()
    tokens: tuple[TokenRate, ...] = ()
    checks: int | None = None
    merging: int | None = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """A list as the schedule sees it, see `Schedule`.   over: tasks that are not to be run, and hold nobody up.
    held: not to be run, and what needs them is not either."""

    graph: Graph
    rank: Sequence[int] | None = None
    touches: Callable[[int], Touches] | None = None
    over: Collection[int] = frozenset()
    held: Collection[int] = frozenset()

    @property
    def to_run(self) -> list[int]:
        """The tasks that are to be run, in the order of the list; those that something held blocks included."""
        return [task for task in range(self.graph.size) if task not in self.over and task not in self.held]


def play(scene: Scene, limits: Limits, tries: Callable[[int], Sequence[Try]]) -> float:
    """Seconds from the first start to the last end.   tries: the attempts of a task, at least one."""
    return _Play(scene, limits, tries).run()


class _Place:
    """So many at a time, and not oftener than the rates allow."""

    def __init__(self, room: int | None) -> None:
        self.free: float = math.inf if room is None else room
        self.line: deque[tuple[int, Leg]] = deque()
        self.looks_at = math.inf

    def opens_at(self, now: float) -> float:
        """When the rates allow the next start."""
        return now

    def start(self, now: float, leg: Leg) -> None:
        """Somebody takes a place."""
        self.free -= 1


class _Starts(_Place):
    """Whose starts are counted one by one."""

    def __init__(self, room: int | None, rates: Sequence[Rate]) -> None:
        super().__init__(room)
        self._left = [(deque[float](maxlen=rate.starts), rate.padded_span_s) for rate in rates]

    def opens_at(self, now: float) -> float:
        for left, span_s in self._left:
            if len(left) == left.maxlen:
                now = max(now, left[0] + span_s)
        return now

    def start(self, now: float, leg: Leg) -> None:
        self.free -= 1
        for left, _ in self._left:
            left.append(now)


class _Server(_Place):
    """Whose requests and tokens flow off evenly: on average as many as the windows let through."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits.asking)
        self._flows = [
            _Flow(rate.starts, rate.padded_span_s, of_tokens=False) for rate in limits.asking_rates
        ]
        self._flows += [_Flow(rate.tokens, rate.padded_span_s, of_tokens=True) for rate in limits.tokens]

    def opens_at(self, now: float) -> float:
        for flow in self._flows:
            now = max(now, flow.until - flow.span_s)
        return now

    def start(self, now: float, leg: Leg) -> None:
        self.free -= 1
        for flow in self._flows:
            amount = leg.tokens if flow.of_tokens else leg.requests
            flow.until = max(flow.until, now) + amount / flow.most * flow.span_s


@dataclass(slots=True)
class _Flow:
    """until: when all that has started has flowed off, at `most` in `span_s`."""

    most: float
    span_s: float
    of_tokens: bool
    until: float = 0.0


class _Play:
    def __init__(self, scene: Scene, limits: Limits, tries: Callable[[int], Sequence[Try]]) -> None:
        self._scene, self._tries = scene, tries
        self._graph, self._rank = scene.graph.copy(), scene.rank
        self._by_rank = inverse(scene.rank) if scene.rank is not None else None
        touches = scene.touches
        self._line = Line() if touches is None else TurnLine(lambda number: touches(self._task_at(number)))
        self._again: deque[int] = deque()
        self._work = _Starts(limits.at_once, limits.rates)
        self._places = {
            "model": _Server(limits),
            "check": _Place(limits.checks),
            "merge": _Place(limits.merging),
        }
        self._at: dict[int, tuple[Sequence[Try], int, int]] = {}
        self._events: list[tuple[float, int, int, str]] = []
        self._order = 0
        self._now = self._last = 0.0

    def run(self) -> float:
        self._join(self._graph.start())
        self._fill()
        while self._events:
            self._now, _, task, what = heappop(self._events)
            if what == "leg":
                self._leg_over(task)
            elif what == "again":
                self._again.append(task)
            else:
                self._look(what)
                continue
            self._fill()
        return self._last

    def _join(self, ready: Iterable[int]) -> None:
        rank = self._rank
        self._line.join(task if rank is None else rank[task] for task in self._still_to_run(ready))

    def _still_to_run(self, ready: Iterable[int]) -> list[int]:
        """The tasks that are ready; instead of those that are over, what waited for them."""
        over, held = self._scene.over, self._scene.held
        if not over and not held:
            return list(ready)
        found, left = list[int](), list(ready)
        while left:
            task = left.pop()
            if task in over:
                left += self._graph.done(task)
            elif task not in held:
                found.append(task)
        return found

    def _task_at(self, place: int) -> int:
        return place if self._by_rank is None else self._by_rank[place]

    def _fill(self) -> None:
        """Start as many tasks as may."""
        work = self._work
        while work.free > 0 and (self._again or self._line):
            opens = work.opens_at(self._now)
            if opens > self._now:
                self._look_later(work, opens, "work")
                return
            work.start(self._now, _ITSELF)
            task = self._again.popleft() if self._again else self._task_at(self._line.pop())
            tries, number, _ = self._at.get(task) or (self._tries(task), 0, 0)
            self._at[task] = (tries, number, -1)
            self._next_leg(task)

    def _look_later(self, place: _Place, at: float, what: str) -> None:
        if at < place.looks_at:
            place.looks_at = at
            self._later(at, -1, what)

    def _look(self, what: str) -> None:
        """A rate allows the next start."""
        if what == "work":
            self._work.looks_at = math.inf
            self._fill()
        else:
            self._places[what].looks_at = math.inf
            self._serve(what)

    def _later(self, at: float, task: int, what: str) -> None:
        self._order += 1
        heappush(self._events, (at, self._order, task, what))

    def _leg_over(self, task: int) -> None:
        tries, number, at = self._at[task]
        where = tries[number].legs[at].where
        if where:
            self._places[where].free += 1
            self._serve(where)
        self._next_leg(task)

    def _next_leg(self, task: int) -> None:
        tries, number, at = self._at[task]
        legs = tries[number].legs
        if at + 1 == len(legs):
            self._try_over(task, tries, number)
            return
        leg = legs[at + 1]
        self._at[task] = (tries, number, at + 1)
        if not leg.where:
            self._later(self._now + leg.seconds, task, "leg")
        else:
            self._places[leg.where].line.append((task, leg))
            self._serve(leg.where)

    def _serve(self, where: str) -> None:
        """First come, first served."""
        place = self._places[where]
        while place.line and place.free > 0:
            opens = place.opens_at(self._now)
            if opens > self._now:
                self._look_later(place, opens, where)
                return
            task, leg = place.line.popleft()
            place.start(self._now, leg)
            self._later(self._now + leg.seconds, task, "leg")

    def _try_over(self, task: int, tries: Sequence[Try], number: int) -> None:
        self._work.free += 1
        self._last = self._now
        again_s = tries[number].again_s
        if again_s is not None and number + 1 < len(tries):
            self._at[task] = (tries, number + 1, -1)
            self._later(self._now + again_s, task, "again")
            return
        del self._at[task]
        self._line.over(task if self._rank is None else self._rank[task])
        if again_s is None and (ready := self._graph.done(task)):
            self._join(ready)
