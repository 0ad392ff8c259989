"""Bottleneck: which limit a run would gain most by if it were wider: each is made so, and all is played again. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from beastmode.runner.foreseeing.foresight import Limits, Scene
from beastmode.runner.foreseeing.sums import Sums
from beastmode.runner.foreseeing.worlds import Case, World, steps_of
from beastmode.runner.graph import Graph
from beastmode.settings import Rate, TokenRate

Name = Literal[
    "list",
    "tasks at once",
    "rate of starts",
    "requests in flight",
    "rate of requests",
    "tokens",
    "checks",
    "merging",
    "none",
]
_STEPS, _MOST_PLAYS, _FEWEST_PLAYS = 16_000, 15, 2
_LEAST_GAIN = 0.03
"""Less than that is no bottleneck."""


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What holds a run up most.   now, then: the limit, and twice as much; "" where no flag changes it.   saves: the
    share of the time that it would save, 0 to 1."""

    name: Name
    now: str = ""
    then: str = ""
    saves: float = 0.0

    def __str__(self) -> str:
        saved = f"about {round(100 * self.saves)} %"
        if self.name == "none":
            return "no limit of its own: none of them twice as wide would save much"
        if self.name == "list":
            return f"the list: its tasks wait for each other, at most {self.now} at once; free, it would save {saved}"
        if self.name == "merging":
            return f"merging, one by one: a check that takes no time there would save {saved}"
        return f"{self.name}: {self.now} -> {self.then} would save {saved}"

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"saves": round(self.saves, 3), "words": str(self)}


def bottleneck(case: Case, seed: int = 0) -> Bottleneck:
    """The limit that is worth most."""
    if not case.to_run:
        return Bottleneck("none")
    took = _clock(case, seed)
    before = took(case)
    best = Bottleneck("none")
    for wider, made in _wider(case):
        saves = 1 - took(made) / before if before > 0 else 0.0
        if saves > max(best.saves, _LEAST_GAIN):
            best = replace(wider, saves=saves)
    return best


def _clock(case: Case, seed: int) -> Callable[[Case], float]:
    """Says how long a variant of the case takes, always in the same worlds; of a long list, what bounds it."""
    plays = min(_MOST_PLAYS, _STEPS // steps_of(case))
    if plays >= _FEWEST_PLAYS:
        rng = random.Random(seed)
        worlds = [World(case, rng) for _ in range(plays)]
        return lambda made: sum(world.seconds(made) for world in worlds)
    sums = Sums(case)

    def bound(made: Case) -> float:
        return (sums if made.scene is case.scene else Sums(made)).bound(made.limits, lambda pool: 0.0)

    return bound


def _wider(case: Case) -> Iterator[tuple[Bottleneck, Case]]:
    limits, scene = case.limits, case.scene
    if limits.at_once is not None:
        wider = replace(limits, at_once=2 * limits.at_once)
        yield Bottleneck("tasks at once", f"{limits.at_once}", f"{wider.at_once}"), case.under(wider)
    if limits.rates:
        wider = replace(limits, rates=tuple(map(_twice, limits.rates)))
        yield Bottleneck("rate of starts", _words(limits.rates), _words(wider.rates)), case.under(wider)
    if case.code:
        yield from _wider_for_code(case, limits)
    if scene.graph.has_edges:
        size = scene.graph.size
        free = Scene(Graph(size, size, ()), None, None, {*scene.over, *scene.held})
        yield Bottleneck("list", f"{_width(case)}"), case.under(limits, free)


def _wider_for_code(case: Case, limits: Limits) -> Iterator[tuple[Bottleneck, Case]]:
    if limits.asking is not None:
        wider = replace(limits, asking=2 * limits.asking)
        yield Bottleneck("requests in flight", f"{limits.asking}", f"{wider.asking}"), case.under(wider)
    if limits.asking_rates:
        wider = replace(limits, asking_rates=tuple(map(_twice, limits.asking_rates)))
        told = _words(limits.asking_rates), _words(wider.asking_rates)
        yield Bottleneck("rate of requests", *told), case.under(wider)
    if limits.tokens:
        tokens = tuple(TokenRate(2 * rate.tokens, rate.span_s) for rate in limits.tokens)
        told = _words(limits.tokens), _words(tokens)
        yield Bottleneck("tokens", *told), case.under(replace(limits, tokens=tokens))
    if limits.checks is not None:
        wider = replace(limits, checks=2 * limits.checks)
        yield Bottleneck("checks", f"{limits.checks}", f"{wider.checks}"), case.under(wider)
    if limits.merging is not None:
        yield Bottleneck("merging"), case.under(replace(limits, merging=None))


def _width(case: Case) -> int:
    """How many of the tasks that are to be run may be at work at once, by their waves."""
    to_run = set(case.to_run)
    return max(sum(task in to_run for task in wave) for wave in case.scene.graph.waves())


def _twice(rate: Rate) -> Rate:
    return Rate(2 * rate.starts, rate.span_s)


def _words(rates: tuple[Rate, ...] | tuple[TokenRate, ...]) -> str:
    return ", ".join(map(str, rates))
