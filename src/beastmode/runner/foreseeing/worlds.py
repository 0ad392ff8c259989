"""Worlds: ways in which a list may go, each with other times drawn from what attempts like its own have taken. Pure but
for the random numbers that it is given."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from beastmode.runner.foreseeing.foresight import Leg, Limits, Scene, Try, play
from beastmode.runner.foreseeing.history import Past
from beastmode.runner.foreseeing.likeness import Pool
from beastmode.safeguards.backoff import backoff_s

GUESS_USD, GUESS_REQUESTS = 0.5, 20
"""Of a task that writes code, where nobody counted. Not measured."""
_MOST_CHUNKS = 3
"""The requests of an attempt are asked in so many portions, with its own work between them."""
_PARTS = 5
"""Of an attempt that writes code, as playing it costs."""
_GUESSED_ASKING = 0.7
"""The share of its time that such an attempt spends on its model, where nobody measured."""


@dataclass(frozen=True)
class Case:
    """A list that is to be run under limits.

    pools: of each task by its place; what it is like.   retries: of each.   code: tasks that write code.
    stands_for: tasks that each of these stands for, of a list without order that is too long to be looked at one by
    one; it is not played then.
    """

    scene: Scene
    limits: Limits
    pools: Sequence[Pool]
    retries: Callable[[int], int] = lambda task: 2
    code: frozenset[int] = field(default_factory=frozenset)
    stands_for: float = 1.0

    @cached_property
    def to_run(self) -> list[int]:
        """The tasks that are to be run, by their places."""
        return self.scene.to_run

    def under(self, limits: Limits, scene: Scene | None = None) -> Case:
        """The same under other limits."""
        return replace(self, limits=limits, scene=scene or self.scene)


def steps_of(case: Case) -> int:
    """What playing it once costs: an attempt of code has so many parts."""
    return len(case.to_run) + _PARTS * len(case.code)


@dataclass(slots=True)
class Totals:
    """What was used in one world."""

    attempts: int = 0
    requests: float = 0.0
    tokens: float = 0.0
    usd: float = 0.0


class World:
    """One way in which it may go: what runs share is drawn once, the attempts of every task beforehand, so that two
    sets of limits can be compared in the same world."""

    def __init__(self, case: Case, rng: random.Random) -> None:
        self._rng = rng
        self._shifts: dict[str, float] = {}
        self._shares: dict[int, float] = {}
        self.totals = Totals()
        self._tries = {task: self._drawn(case, task) for task in case.to_run}

    def seconds(self, case: Case) -> float:
        """How long it takes here."""
        return play(case.scene, case.limits, self._tries.__getitem__)

    def _drawn(self, case: Case, task: int) -> tuple[Try, ...]:
        pool, rng = case.pools[task], self._rng
        shift, share = self.shift(pool), self._share(pool)
        tries: list[Try] = []
        for number in range(case.retries(task) + 1):
            seconds = math.exp(min(pool.center + shift + pool.difference(rng), 30.0))
            legs = self._legs(pool, seconds) if task in case.code else (Leg("", seconds),)
            again = share > 0 and rng.random() < share
            tries.append(Try(legs, backoff_s(number + 1, rng) if again else None))
            if not again:
                break
        self.totals.attempts += len(tries)
        return tuple(tries)

    def shift(self, pool: Pool) -> float:
        """What all tasks of a family share here."""
        if pool.family not in self._shifts:
            self._shifts[pool.family] = pool.shared(self._rng)
        return self._shifts[pool.family]

    def _share(self, pool: Pool) -> float:
        """How many attempts have to be tried again here."""
        if not pool.again:
            return 0.0
        if id(pool) not in self._shares:
            self._shares[id(pool)] = self._rng.betavariate(pool.again, pool.over)
        return self._shares[id(pool)]

    def _legs(self, pool: Pool, seconds: float) -> tuple[Leg, ...]:
        """Of code: as an example has spent its time, and used its model, as much more as this one is longer."""
        example = pool.rows[int(self._rng.random() * len(pool.rows))] if pool.rows else None
        usual_s = math.exp(pool.center) if example is None else example.seconds
        legs, used = _as_example(example, seconds, max(usual_s, 1e-3))
        self.totals.requests += used.requests
        self.totals.tokens += used.tokens
        self.totals.usd += used.usd
        return legs


class _Used(NamedTuple):
    """By one attempt."""

    requests: float
    tokens: float
    usd: float


def _as_example(example: Past | None, seconds: float, usual_s: float) -> tuple[tuple[Leg, ...], _Used]:
    """The legs of an attempt, and what it uses.   usual_s: that the example took."""
    scale = seconds / usual_s
    if example is None:
        used = _Used(GUESS_REQUESTS * scale, 0.0, GUESS_USD * scale)
        return _legs_of(seconds, _GUESSED_ASKING * seconds, used), used
    usage, usd = example.usage, GUESS_USD if example.usd is None else example.usd
    tokens = usage.get("tokens_in", 0) + usage.get("tokens_out", 0)
    used = _Used(usage.get("requests", 0) * scale, tokens * scale, usd * scale)
    check_s, merge_s = example.check_s * scale, example.merge_s * scale
    own_s = max(seconds - check_s - merge_s, 0.0)
    legs = _legs_of(own_s, min(example.asked_s * scale, own_s), used)
    legs += (Leg("check", check_s),) if check_s else ()
    return (*legs, Leg("merge", merge_s)) if merge_s else legs, used


def _legs_of(own_s: float, asked_s: float, used: _Used) -> tuple[Leg, ...]:
    """What an agent does by itself, and between it what it asks."""
    if asked_s <= 0 or used.requests <= 0:
        return (Leg("", own_s),)
    portions = max(1, min(round(used.requests), _MOST_CHUNKS))
    between = Leg("", (own_s - asked_s) / (portions + 1))
    asking = Leg("model", asked_s / portions, used.requests / portions, used.tokens / portions)
    return (between, *(leg for _ in range(portions) for leg in (asking, between)))
