"""Likeness: which earlier attempts say how long a task may take, and how sure that is. Pure.

Times are compared by their logarithms: what takes twice as long is as far off as what takes half. Two things are kept
apart: how a whole run differs from others, which all its tasks share, and how tasks differ within a run.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from beastmode.runner.history import Likeness, Past
from beastmode.runner.work import GENERATE

GUESS_S = {"command": 30.0, "http": 2.0, "python": 10.0, "agent": 300.0, GENERATE: 120.0}
"""A task of which nothing is known, by its kind. Not measured: people's tasks differ a hundredfold."""
_GUESS_OFF, _GUESS_APART = 1.4, 0.6
"""How far such a guess may be off for all tasks of a run (from a tenth to ten times), and for each."""
_FEW = 8
"""As many differences are drawn from as they were; of fewer, a curve is drawn from instead."""
_LEAST_S = 1e-4
_HALF_WEIGHT = 3
"""A run with as many attempts counts half as much as one with very many."""
_FORGETTING = 0.85
"""Each run counts so much less than the one after it."""


@dataclass(frozen=True, slots=True)
class _Level:
    """How alike tasks are.   name: as a person is told.   least: attempts that it takes.   off, apart: how much runs,
    and tasks within one, differ before anything was seen; of the first as sure as `_PRIOR` runs would make."""

    name: str
    least: int
    off: float
    apart: float


_PRIOR = 3
_OWN = _Level("the same tasks", 1, 0.12, 0.15)
_LEVELS = (
    _Level("the same work", 2, 0.15, 0.25),
    _Level("tasks of this list", 3, 0.3, 0.5),
    _Level("tasks of this kind, agent, model and size", 3, 0.6, 0.7),
    _Level("tasks of this kind and agent", 2, 0.7, 0.8),
    _Level("tasks of this kind", 1, 0.8, 0.8),
)


@dataclass(frozen=True, slots=True)
class Pool:
    """What the time of one attempt is drawn from: exp(center + what all tasks of a run share + its own difference).

    family: pools of one family share what a run has.   off, dof: of what is shared: its scale, and Student's degrees of
    freedom; 0: the normal curve.   apart: scale of a task's own difference, where `differences` are too few.
    again, over: attempts that had to be tried again, and that had not.   rows: examples, for what a task does meanwhile
    and uses; none for a guess.   source: where it comes from, in words.
    """

    family: str
    center: float
    off: float
    dof: float
    apart: float
    differences: tuple[float, ...] = ()
    again: float = 0.0
    over: float = 0.0
    rows: tuple[Past, ...] = ()
    source: str = ""

    def difference(self, rng: random.Random) -> float:
        """A task's own, drawn."""
        if len(self.differences) >= _FEW:
            return self.differences[int(rng.random() * len(self.differences))]
        return rng.gauss(0.0, self.apart)

    def shared(self, rng: random.Random) -> float:
        """What all tasks of a run have in common, drawn."""
        drawn = rng.gauss(0.0, self.off)
        if not self.dof:
            return drawn
        return drawn / math.sqrt(rng.gammavariate(self.dof / 2, 2.0) / self.dof)

    @property
    def growth(self) -> float:
        """How much larger the mean time is than exp(center), for the tasks' own differences."""
        if len(self.differences) >= _FEW:
            return sum(map(math.exp, self.differences)) / len(self.differences)
        return math.exp(self.apart**2 / 2)


def guess(kind: str) -> Pool:
    """For a task of which nothing is known."""
    words = "a guess: nothing like it has been run here"
    center = math.log(GUESS_S.get(kind, GUESS_S["command"]))
    return Pool(f"guess {kind}", center, _GUESS_OFF, 0.0, _GUESS_APART, again=0.5, over=9.5, source=words)


class Memory:
    """Finds the pool of a task in what is known of earlier attempts.   pasts: oldest first."""

    def __init__(self, pasts: Sequence[Past]) -> None:
        self._levels: list[dict[tuple[object, ...], list[Past]]] = [{} for _ in _LEVELS]
        self._own: dict[tuple[object, ...], list[Past]] = {}
        for past in pasts:
            self._own.setdefault(_own_key(past.like), []).append(past)
            for kept, key in zip(self._levels, _keys(past.like), strict=True):
                kept.setdefault(key, []).append(past)
        self._pools: dict[tuple[object, ...], Pool] = {}
        self._repeats = _repeats(self._own.values())
        self._again = sum(not past.over for past in pasts) / max(1, len(pasts))

    def pool(self, like: Likeness) -> Pool:
        """The pool of a task: by itself, where it was run before; else by those most like it."""
        key = _own_key(like)
        if like.fingerprint and len(mine := self._own.get(key, ())) >= _OWN.least:
            return self._kept(key, partial(self._of_itself, mine))
        for level, kept, key_ in zip(_LEVELS, self._levels, _keys(like), strict=True):
            alike = kept.get(key_, ())
            if len(alike) >= level.least and key_[-1] != "":
                return self._kept((level.name, *key_), partial(_of_others, level, key_, alike))
        return self._kept(("guess", like.kind), partial(guess, like.kind))

    def _kept(self, key: tuple[object, ...], make: Callable[[], Pool]) -> Pool:
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = make()
        return pool

    def _of_itself(self, mine: Sequence[Past]) -> Pool:
        """By its own earlier attempts; how much they differ is seen over all tasks that were repeated."""
        logs = [_log(past) for past in mine]
        off, dof, apart = self._repeats
        runs = len({past.run for past in mine})
        wider = math.sqrt(1 + 1 / runs)
        again = sum(not past.over for past in mine)
        return Pool(
            "itself",
            sum(logs) / len(logs),
            off,
            dof,
            apart * wider,
            again=again + 2 * self._again,
            over=len(mine) - again + 2 * (1 - self._again),
            rows=tuple(mine),
            source=_OWN.name,
        )


def _own_key(like: Likeness) -> tuple[object, ...]:
    return (like.task, like.fingerprint, like.agent, like.model)


def _keys(like: Likeness) -> tuple[tuple[object, ...], ...]:
    """By each level of `_LEVELS`. One that ends with "" says nothing."""
    kind, who = like.kind, like.agent
    return (
        (who, like.model, like.fingerprint),
        (kind, who, like.list),
        (who, like.model, like.size, kind),
        (who, kind),
        (kind,),
    )


def _log(past: Past) -> float:
    return math.log(max(past.seconds, _LEAST_S))


def _of_others(level: _Level, key: tuple[object, ...], alike: Sequence[Past]) -> Pool:
    """By attempts at other tasks: the mean of the means of their runs, the latest counting most."""
    by_run: dict[int, list[float]] = defaultdict(list)
    for past in alike:
        by_run[past.run].append(_log(past))
    runs = [_Mean.of(logs, age) for age, logs in enumerate(reversed(by_run.values()))]
    total = sum(run.weight for run in runs)
    center = sum(run.weight * run.mean for run in runs) / total
    spread = sum(run.weight * (run.mean - center) ** 2 for run in runs) * len(runs) / total
    dof = _PRIOR + len(runs) - 1
    between = (_PRIOR * level.off**2 + spread) / dof
    differences = [difference for run in runs for difference in run.differences]
    inside = max(0, len(alike) - len(runs))
    apart = math.sqrt(
        (2 * level.apart**2 + sum(d**2 for run in runs for d in run.differences)) / (2 + inside)
    )
    effective = total**2 / sum(run.weight**2 for run in runs)
    off = math.sqrt(between * (1 + 1 / effective) + apart**2 / len(alike))
    return Pool(
        f"{level.name} {key}",
        center,
        off,
        dof,
        apart,
        tuple(differences) if inside >= _FEW else (),
        again=sum(not past.over for past in alike),
        over=sum(past.over for past in alike),
        rows=tuple(alike),
        source=level.name,
    )


@dataclass(frozen=True, slots=True)
class _Mean:
    """Of one run.   differences: of its attempts from the mean, as far apart as those of very many would be."""

    mean: float
    weight: float
    differences: tuple[float, ...] = field(default_factory=tuple)

    @classmethod
    def of(cls, logs: Sequence[float], age: int) -> _Mean:
        count = len(logs)
        mean = sum(logs) / count
        stretch = math.sqrt(count / (count - 1)) if count > 1 else 0.0
        weight = count / (count + _HALF_WEIGHT) * _FORGETTING**age
        return cls(mean, weight, tuple((log - mean) * stretch for log in logs) if count > 1 else ())


def _repeats(own: Iterable[Sequence[Past]]) -> tuple[float, float, float]:
    """How much runs of the same tasks differ, with Student's degrees of freedom, and how much a task does besides."""
    by_run: dict[int, list[float]] = defaultdict(list)
    tasks = 0
    for pasts in own:
        if len({past.run for past in pasts}) > 1:
            logs = [_log(past) for past in pasts]
            mean = sum(logs) / len(logs)
            tasks += 1
            for past, log in zip(pasts, logs, strict=True):
                by_run[past.run].append(log - mean)
    means = {run: sum(logs) / len(logs) for run, logs in by_run.items()}
    rest = sum((log - means[run]) ** 2 for run, logs in by_run.items() for log in logs)
    count = max(0, sum(map(len, by_run.values())) - tasks - max(0, len(by_run) - 1))
    runs = len(by_run)
    stretch = runs / (runs - 1) if runs > 1 else 1.0
    dof = _PRIOR + max(0, runs - 1)
    off = math.sqrt((_PRIOR * _OWN.off**2 + stretch * sum(mean**2 for mean in means.values())) / dof)
    apart = math.sqrt((2 * _OWN.apart**2 + rest) / (2 + count))
    return off * math.sqrt(1 + 1 / max(1, runs)), dof, apart
