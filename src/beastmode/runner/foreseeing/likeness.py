"""Likeness: which earlier attempts say how long a task may take, and how sure that is. Pure.

Times are compared by their logarithms: what takes twice as long is as far off as what takes half. Two things are kept
apart: how a whole run differs from others, which all its tasks share, and how tasks differ within a run.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from beastmode.runner.foreseeing.history import Likeness, Past
from beastmode.runner.work import GENERATE

GUESS_S = {"command": 30.0, "http": 2.0, "python": 10.0, "agent": 300.0, GENERATE: 120.0}
"""A task of which nothing is known, by its kind. Not measured: people's tasks differ a hundredfold."""
_GUESS_OFF, _GUESS_APART = 1.4, 0.6
"""How far such a guess may be off for all tasks of a run (from a tenth to ten times), and for each."""
A_GUESS = "a guess: nothing like it has been run here"
"""The source of such a pool."""
_FEW = 8
"""As many differences are drawn from as they were; of fewer, a curve is drawn from instead."""
_LEAST_S = 1e-4
_AGAIN = 0.1
"""Of two attempts that nobody has seen, so many have to be tried again: what few attempts say is drawn towards that."""
_FORGETTING = 0.6
"""Each run counts so much less than the one after it: models, machines and lists change."""


@dataclass(frozen=True, slots=True)
class _Level:
    """How alike tasks are.   name: as a person is told.   least: attempts that it takes.   off, apart: how much runs,
    and tasks within one, differ before anything was seen; of the first as sure as `_PRIOR` runs would make."""

    name: str
    least: int
    off: float
    apart: float


_PRIOR = 2
_OWN = _Level("the same tasks", 1, 0.15, 0.15)
_OF_LIST = _Level("tasks of this list", 3, 0.3, 0.5)
_LEVELS = (
    _Level("the same work", 2, 0.15, 0.25),
    _OF_LIST,
    _Level("tasks of this kind, agent, model and size", 3, 0.6, 0.7),
    _Level("tasks of this kind and agent", 2, 0.7, 0.8),
    _Level("tasks of this kind", 1, 0.7, 0.8),
)


@dataclass(frozen=True)
class Pool:
    """What the time of one attempt is drawn from: exp(center + what all tasks of a run share + its own difference).

    family: pools of one family share what a run has.   off, dof: of what is shared: its scale, and Student's degrees of
    freedom; 0: the normal curve.   apart: scale of a task's own difference, where `differences` are too few.
    again, over: attempts that had to be tried again, and that had not, as the parameters of
    a beta curve.   rows: examples, for what a task does meanwhile
    and uses; none for a guess.   source: where it comes from, in words.
    """

    family: str
    center: float
    off: float
    dof: float
    apart: float
    differences: tuple[float, ...] = ()
    again: float = 0.0
    over: float = 1.0
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

    @cached_property
    def growth(self) -> float:
        """How much larger the mean time is than exp(center), for the tasks' own differences."""
        if len(self.differences) >= _FEW:
            return sum(map(math.exp, self.differences)) / len(self.differences)
        return math.exp(self.apart**2 / 2)


A_PERSONS_WORD = Pool("person", math.log(_LEAST_S), 0.0, 0.0, 0.0, source="a person's word")
"""Of a task that only asks a person: how long that takes is no matter of the list, and left out."""


def guess(kind: str) -> Pool:
    """For a task of which nothing is known."""
    center = math.log(GUESS_S.get(kind, GUESS_S["command"]))
    return Pool(
        f"guess {kind}", center, _GUESS_OFF, 0.0, _GUESS_APART, again=_AGAIN, over=2 - _AGAIN, source=A_GUESS
    )


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
        self._again = (sum(not past.over for past in pasts) + _AGAIN) / (len(pasts) + 2.0)

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
        off, dof, apart = self._repeats
        again = sum(not past.over for past in mine)
        return Pool(
            "itself",
            _expected([_mean(logs) for logs in _by_run(mine).values()]),
            off,
            dof,
            apart,
            again=again + _PRIOR * self._again,
            over=len(mine) - again + _PRIOR * (1 - self._again),
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
        (kind, like.model, like.size, who),
        (kind, who),
        (kind,),
    )


def _of_others(level: _Level, key: tuple[object, ...], alike: Sequence[Past]) -> Pool:
    """By attempts at other tasks: what those of a list had in common, or of a run of this list; the latest counts
    most."""
    runs = list((_by_run if level is _OF_LIST else _by_list)(alike).values())
    means = [_mean(logs) for logs in runs]
    misses = [means[at] - _expected(means[:at]) for at in range(1, len(means))]
    off, dof = _scale(misses, level.off)
    differences = [difference for logs in runs for difference in _differences(logs)]
    inside = len(alike) - len(runs)
    apart = math.sqrt((2 * level.apart**2 + sum(d**2 for d in differences)) / (2 + inside))
    again = sum(not past.over for past in alike)
    return Pool(
        f"{level.name} {key}",
        _expected(means),
        math.sqrt(off**2 + apart**2 / len(alike)),
        dof,
        apart,
        tuple(differences) if inside >= _FEW else (),
        again + _AGAIN,
        len(alike) - again + 2 - _AGAIN,
        tuple(alike),
        level.name,
    )


def _repeats(own: Iterable[Sequence[Past]]) -> tuple[float, float, float]:
    """How far off all tasks of a run were from what their own earlier runs let expect, with Student's degrees of
    freedom, and how far each was besides."""
    misses: dict[int, list[float]] = defaultdict(list)
    for pasts in own:
        runs = _by_run(pasts)
        means = [_mean(logs) for logs in runs.values()]
        for at, run in enumerate(runs):
            if at:
                misses[run].append(means[at] - _expected(means[:at]))
    shared = [_mean(of) for of in misses.values()]
    off, dof = _scale(shared, _OWN.off)
    rest = [d for of in misses.values() for d in _differences(of)]
    count = sum(len(of) - 1 for of in misses.values())
    return off, dof, math.sqrt((2 * _OWN.apart**2 + sum(d**2 for d in rest)) / (2 + count))


def _by_run(pasts: Iterable[Past]) -> dict[int, list[float]]:
    """The logarithms of their seconds, by run, oldest first."""
    by_run: dict[int, list[float]] = defaultdict(list)
    for past in pasts:
        by_run[past.run].append(math.log(max(past.seconds, _LEAST_S)))
    return by_run


def _by_list(pasts: Iterable[Past]) -> dict[str, list[float]]:
    """The same by list, that which was run last at the end: runs of one list say less of another than so many lists."""
    by_list: dict[str, list[float]] = {}
    for past in pasts:
        of = by_list.pop(past.like.list, [])
        by_list[past.like.list] = of
        of.append(math.log(max(past.seconds, _LEAST_S)))
    return by_list


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _expected(means: Sequence[float]) -> float:
    """The next one of a series, by those before, the latest counting most."""
    weights = [_FORGETTING**age for age in range(len(means) - 1, -1, -1)]
    return sum(weight * mean for weight, mean in zip(weights, means, strict=True)) / sum(weights)


def _scale(misses: Sequence[float], prior: float) -> tuple[float, float]:
    """How far off the next one will be, by how far off those before were, and the degrees of freedom."""
    dof = _PRIOR + len(misses)
    return math.sqrt((_PRIOR * prior**2 + sum(miss**2 for miss in misses)) / dof), dof


def _differences(values: Sequence[float]) -> list[float]:
    """From their mean, as far apart as those of very many would be."""
    count, mean = len(values), _mean(values)
    return [(value - mean) * math.sqrt(count / (count - 1)) for value in values] if count > 1 else []
