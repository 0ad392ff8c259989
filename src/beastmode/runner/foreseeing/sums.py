"""Sums: a case that is too long to be played through, by how much work there is in it. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from beastmode.runner.foreseeing.foresight import Limits
from beastmode.runner.foreseeing.likeness import Pool
from beastmode.runner.foreseeing.worlds import Case


class Sums:
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
