"""Estimate: what a run may take, use and cost, with its spread: the list is played through many times, each with other
times drawn from what attempts like these have taken. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from beastmode.failures.advice import spoken
from beastmode.runner.foreseeing.likeness import A_GUESS, A_PERSONS_WORD, Pool
from beastmode.runner.foreseeing.sums import Sums
from beastmode.runner.foreseeing.worlds import Case, Totals, World, steps_of

MOSTLY = 0.5
"""With a larger share of tasks of which nothing was known, an estimate is a guess."""
_LOW, _HIGH = 0.05, 0.95
MOST_PLAYS, STEPS, FEW_STEPS = 200, 60_000, 2_000
"""How often a list is played at most, and attempts in all: what a plan may take, and what the start of a run may."""
_FEWEST_PLAYS = 40
"""Fewer say too little of the spread: then the bounds are drawn many times, and the plays say how far above them a
run is."""
_MOST_TASKS_PLAYED = 50_000


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


def _told(case: Case, seconds: Sequence[float], totals: Sequence[Totals]) -> Estimate:
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


def _used(totals: Sequence[Totals]) -> dict[str, Spread]:
    names = ("requests", "tokens", "usd")
    return {name: Spread.of([getattr(total, name) for total in totals]) for name in names}


def _cost_is_known(case: Case) -> bool:
    """Whether any attempt like these has a price. What cost nothing was answered from memory, or asked past the
    gateway: it does not say what another costs."""
    return not case.code or any(past.usd for task in case.code for past in case.pools[task].rows)


def _source(sources: Counter[str], cost_is_known: bool) -> str:
    """Where it comes from: by what most tasks are compared with."""
    unlike = (A_GUESS, A_PERSONS_WORD.source)
    known = [source for source, _ in sources.most_common() if source not in unlike]
    if not known and A_GUESS in sources:
        return A_GUESS
    if not known:
        return f"only {A_PERSONS_WORD.source} is wanted: how long that takes is left out"
    words = f"from {known[0]} run here before"
    if A_GUESS in sources:
        words += f"; for {sources[A_GUESS]} of {sum(sources.values())} tasks a guess"
    return words if cost_is_known else f"{words}; the cost is a guess"


# ---- long lists ----------------------------------------------------------------------------------


def _coarsely(case: Case, rng: random.Random, plays: int) -> tuple[list[float], list[Totals]]:
    """Of a long list: its bounds under what runs share, drawn many times; a few plays say how far above them it is."""
    sums = Sums(case)
    above, used = [1.0], Totals()
    if len(case.to_run) <= _MOST_TASKS_PLAYED and case.stands_for == 1:
        worlds = [World(case, rng) for _ in range(plays)]
        above = [world.seconds(case) / sums.bound(case.limits, world.shift) for world in worlds]
        used = worlds[0].totals
    else:
        used = Totals(round(sums.attempts))
    seconds, totals = [], []
    for _ in range(MOST_PLAYS):
        shifts: dict[str, float] = {}

        def shift(pool: Pool, shifts: dict[str, float] = shifts) -> float:
            return shifts.setdefault(pool.family, pool.shared(rng))

        seconds.append(rng.choice(above) * sums.bound(case.limits, shift))
        longer = sums.work_s(shift) / sums.work_s(lambda pool: 0.0)
        totals.append(Totals(used.attempts, used.requests * longer, used.tokens * longer, used.usd * longer))
    return seconds, totals
