"""Estimate: what a run may take, use and cost, with its spread: the list is played through many times, each with other
times drawn from what attempts like these have taken. Pure."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from beastmode.failures.advice import spoken
from beastmode.runner.foresight import Leg, Limits, Scene, Try, play
from beastmode.runner.history import Past
from beastmode.runner.likeness import A_PERSONS_WORD, Pool
from beastmode.safeguards.backoff import backoff_s

GUESS_USD, GUESS_REQUESTS = 0.5, 20
"""Of a task that writes code, where nobody counted. Not measured."""
MOSTLY = 0.5
"""With a larger share of tasks of which nothing was known, an estimate is a guess."""
_LOW, _HIGH = 0.05, 0.95
MOST_PLAYS, STEPS, FEW_STEPS = 200, 60_000, 2_000
"""How often a list is played at most, and attempts in all: what a plan may take, and what the start of a run may."""
_FEWEST_PLAYS = 40
"""Fewer say too little of the spread: then the bounds are drawn many times, and the plays say how far above them a
run is."""
_MOST_TASKS_PLAYED = 50_000
_MOST_CHUNKS, _PARTS = 3, 5
"""The requests of an attempt are asked in so many portions, with its own work between them."""
_GUESSED_ASKING = 0.7


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure that is not known: nine runs in ten lie from `low` to `high`, half of them below `median`."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of values drawn, at least one."""
        ordered = sorted(values)
        last = len(ordered) - 1
        return cls(*(ordered[round(share * last)] for share in (_LOW, 0.5, _HIGH)))

    def holds(self, value: float) -> bool:
        """Whether a value lies within it."""
        return self.low <= value <= self.high

    def told(self, say: Callable[[float], str]) -> str:
        """In words; one figure where all are told alike."""
        low, median, high = say(self.low), say(self.median), say(self.high)
        return median if low == high else f"{median} ({low} to {high})"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the tasks that are still to run may take together.

    seconds: from the first start to the last end.   requests, tokens, usd: None where no code is written.
    source: where it comes from, in words.   guessed: the share of the tasks of which nothing was known.
    """

    tasks: int
    seconds: Spread
    attempts: Spread
    source: str
    guessed: float = 0.0
    requests: Spread | None = None
    tokens: Spread | None = None
    usd: Spread | None = None

    @property
    def is_guess(self) -> bool:
        """Of most tasks nothing was known."""
        return self.guessed > MOSTLY

    @property
    def words(self) -> str:
        """Time and cost."""
        cost = f" and {self.usd.told('{:.2f} USD'.format)}" if self.usd else ""
        return f"{self.seconds.told(spoken)}{cost}"

    def __str__(self) -> str:
        return f"about {self.words} ({self.source})"

    def as_json(self) -> dict[str, Any]:
        """As plain values, rounded; what is not known is left out."""
        plain = {name: value for name, value in asdict(self).items() if value is not None}
        for name, value in plain.items():
            if isinstance(value, dict):
                plain[name] = {of: round(amount, 4) for of, amount in value.items()}
        return plain | {"guessed": round(self.guessed, 3)}


_NONE = Spread(0.0, 0.0, 0.0)
NOTHING = Estimate(0, _NONE, _NONE, "nothing is left to run")
"""Of a list of which nothing is to be run."""


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


@dataclass(slots=True)
class _Totals:
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
        self.totals = _Totals()
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


def estimate(case: Case, steps: int = STEPS, seed: int = 0) -> Estimate:
    """What the case may take.   steps: attempts that may be played in all; it bounds the time that this takes."""
    tasks = len(case.to_run)
    if not tasks:
        return NOTHING
    rng = random.Random(seed)
    plays = min(MOST_PLAYS, steps // steps_of(case))
    if plays < _FEWEST_PLAYS or case.stands_for > 1:
        return _told(case, *_coarsely(case, rng, max(1, plays)))
    worlds = [World(case, rng) for _ in range(plays)]
    return _told(case, [world.seconds(case) for world in worlds], [world.totals for world in worlds])


def steps_of(case: Case) -> int:
    """What playing it once costs: an attempt of code has so many parts."""
    return len(case.to_run) + _PARTS * len(case.code)


def _told(case: Case, seconds: Sequence[float], totals: Sequence[_Totals]) -> Estimate:
    tasks = len(case.to_run)
    sources = Counter(case.pools[task].source for task in case.to_run)
    guessed = sum(not case.pools[task].rows for task in case.to_run) / tasks
    used = _used(totals) if any(total.usd for total in totals) else {}
    return Estimate(
        round(tasks * case.stands_for),
        Spread.of(seconds),
        Spread.of([float(total.attempts) for total in totals]),
        _source(sources, _cost_is_known(case)),
        guessed,
        **used,
    )


def _used(totals: Sequence[_Totals]) -> dict[str, Spread]:
    names = ("requests", "tokens", "usd")
    return {name: Spread.of([getattr(total, name) for total in totals]) for name in names}


def _cost_is_known(case: Case) -> bool:
    """Whether any attempt like these has a price. What cost nothing was answered from memory, or asked past the
    gateway: it does not say what another costs."""
    return not case.code or any(past.usd for task in case.code for past in case.pools[task].rows)


def _source(sources: Counter[str], cost_is_known: bool) -> str:
    """Where it comes from: by what most tasks are compared with."""
    guess = next((source for source in sources if source.startswith("a guess")), "")
    known = [source for source, _ in sources.most_common() if source not in (guess, A_PERSONS_WORD.source)]
    if not known:
        return guess or f"only {A_PERSONS_WORD.source} is wanted: how long that takes is left out"
    words = f"from {known[0]} run here before"
    if guess:
        words += f"; for {sources[guess]} of {sum(sources.values())} tasks a guess"
    return words if cost_is_known else f"{words}; the cost is a guess"


# ---- long lists ----------------------------------------------------------------------------------


def _coarsely(case: Case, rng: random.Random, plays: int) -> tuple[list[float], list[_Totals]]:
    """Of a long list: its bounds under what runs share, drawn many times; a few plays say how far above them it is."""
    outline = Outline(case)
    above, used = [1.0], _Totals()
    if len(case.to_run) <= _MOST_TASKS_PLAYED and case.stands_for == 1:
        worlds = [World(case, rng) for _ in range(plays)]
        above = [world.seconds(case) / outline.bound(case.limits, world.shift) for world in worlds]
        used = worlds[0].totals
    else:
        used = _Totals(round(outline.attempts))
    seconds, totals = [], []
    for _ in range(MOST_PLAYS):
        shifts: dict[str, float] = {}

        def shift(pool: Pool, shifts: dict[str, float] = shifts) -> float:
            return shifts.setdefault(pool.family, pool.shared(rng))

        seconds.append(rng.choice(above) * outline.bound(case.limits, shift))
        longer = outline.work_s(shift) / outline.work_s(lambda pool: 0.0)
        totals.append(_Totals(used.attempts, used.requests * longer, used.tokens * longer, used.usd * longer))
    return seconds, totals


class Outline:
    """A case by sums: how much work of which family there is, in all and on the longest chain of its list."""

    def __init__(self, case: Case) -> None:
        to_run, pools, graph = case.to_run, case.pools, case.scene.graph
        mean_s = {task: _mean_s(pools[task]) for task in to_run}
        self._families = {pools[task].family: pools[task] for task in to_run}
        chain = [max(to_run, key=mean_s.__getitem__)]
        if graph.has_edges:
            chain = graph.critical_path([mean_s.get(task, 0.0) for task in range(graph.size)])
        self._all = _sums(case, to_run, mean_s, case.stands_for)
        self._chain = _sums(case, [task for task in chain if task in mean_s], mean_s)
        self.attempts = case.stands_for * sum(_tries(pools[task]) for task in to_run)

    def bound(self, limits: Limits, shift: Callable[[Pool], float]) -> float:
        """No schedule is faster on average."""
        bounds = [self._sum(self._chain, shift), self.work_s(shift) / (limits.at_once or math.inf)]
        bounds += [(math.ceil(self.attempts / r.starts) - 1) * r.padded_span_s for r in limits.rates]
        return max(bounds)

    def work_s(self, shift: Callable[[Pool], float]) -> float:
        """Of all tasks together."""
        return self._sum(self._all, shift)

    def _sum(self, sums: Mapping[str, float], shift: Callable[[Pool], float]) -> float:
        return sum(
            seconds * math.exp(min(shift(self._families[family]), 30.0)) for family, seconds in sums.items()
        )


def _sums(
    case: Case, tasks: Sequence[int], mean_s: Mapping[int, float], times: float = 1.0
) -> dict[str, float]:
    """Seconds of work by family."""
    sums: dict[str, float] = defaultdict(float)
    for task in tasks:
        sums[case.pools[task].family] += times * mean_s[task]
    return sums


def _mean_s(pool: Pool) -> float:
    """Of all attempts of a task, where runs are as they were."""
    return math.exp(pool.center) * pool.growth * _tries(pool)


def _tries(pool: Pool) -> float:
    share = pool.again / (pool.again + pool.over)
    return 1 / (1 - min(share, 0.66))
