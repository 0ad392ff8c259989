"""Foreseeing: the case of a list under its settings, compared with what this home has seen; before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from beastmode.compose.opening.code_choice import is_code
from beastmode.compose.opening.history import FULL, QUICK, Bounds, pasts_in
from beastmode.runner.code.coding import CodingSettings, work_of
from beastmode.runner.code.proof import slots_by_cores
from beastmode.runner.foreseeing.estimate import FEW_STEPS, Estimate, estimate
from beastmode.runner.foreseeing.foresight import Limits, Scene
from beastmode.runner.foreseeing.history import Likeness, agent_of, kind_of, size_of
from beastmode.runner.foreseeing.likeness import A_PERSONS_WORD, Memory, Pool
from beastmode.runner.foreseeing.worlds import Case
from beastmode.runner.graph import Graph
from beastmode.runner.rank import rank_of
from beastmode.runner.resume import Plan, fingerprint
from beastmode.runner.roadmap import Task
from beastmode.runner.touches import touches_of
from beastmode.runner.work import GENERATE
from beastmode.settings import RunSettings

_LONG = 5_000
"""Tasks of a list that is not looked at one by one when a run begins."""
_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be foreseen: what is left of a list, and how it is run.   key: what the list is known by.
    coding: of a run that writes code."""

    plan: Plan
    graph: Graph
    settings: RunSettings
    key: str
    home: Path
    coding: CodingSettings | None = None


def case_of(question: Question, bounds: Bounds = FULL) -> Case:
    """All of a list, task by task. Raises JournalError."""
    plan, settings = question.plan, question.settings
    pool_of = _Pools(question, bounds)
    over = {at for at, state in plan.states.items() if state != "pending" and at not in plan.held}
    return Case(
        Scene(question.graph, rank_of(question.graph, plan.tasks), touches_of(plan.tasks), over, plan.held),
        limits_of(settings, question.coding),
        [pool_of(task) for task in plan.tasks],
        partial(_retries, plan.tasks, settings.retries),
        frozenset(at for at, task in enumerate(plan.tasks) if question.coding and _writes(task)),
    )


def at_start(question: Question) -> Estimate | None:
    """What a run that writes no code may take, in the few milliseconds that its start bears; None of a list that is
    too long for that and has an order. Raises JournalError."""
    if len(question.plan.tasks) <= _LONG:
        return estimate(case_of(question, QUICK), FEW_STEPS)
    if question.graph.has_edges:
        return None
    return estimate(_sampled(question))


def _sampled(question: Question) -> Case:
    """A few tasks that stand for all of a list without order."""
    plan, pool_of = question.plan, _Pools(question, QUICK)
    size, pending = len(plan.tasks), len(plan.tasks) - len(plan.states)
    chosen = [at for at in range(0, size, size // _LOOKED_AT) if at not in plan.states] or [0]
    return Case(
        Scene(Graph(len(chosen), len(chosen), ())),
        limits_of(question.settings, None),
        [pool_of(plan.tasks[at]) for at in chosen],
        stands_for=max(1.0, pending / len(chosen)),
    )


def limits_of(settings: RunSettings, coding: CodingSettings | None) -> Limits:
    """What holds a run back. Where a gateway paces the model server, starts of tasks have no rate."""
    if coding is None:
        return Limits(settings.concurrency, settings.rates)
    server = coding.server
    checks = coding.check_at_once or slots_by_cores()
    merging = 1 if coding.merge == "queue" else None
    if server is None:
        return Limits(settings.concurrency, settings.rates, checks=checks, merging=merging)
    if server.gateway:
        return Limits(settings.concurrency, checks=checks, merging=merging)
    return Limits(settings.concurrency, (), server.concurrency, server.rates, server.tokens, checks, merging)


class _Pools:
    """Finds the pool of each task; tasks that do the same are looked up once."""

    def __init__(self, question: Question, bounds: Bounds) -> None:
        self._memory = Memory(pasts_in(question.home, bounds))
        self._coding, self._key = question.coding, question.key
        self._prints: dict[tuple[int, int], str] = {}
        self._few = len(question.plan.tasks) <= _LONG

    def __call__(self, task: Task) -> Pool:
        return A_PERSONS_WORD if task.options.gate == "only" else self._memory.pool(self._like(task))

    def _like(self, task: Task) -> Likeness:
        code = self._coding is not None and _writes(task)
        if not code:
            return Likeness(
                self._key, task.id, self._print(task), kind_of(task) or "command", size=_size(task)
            )
        assert self._coding is not None
        work = work_of(task.work, self._coding)
        kind = GENERATE if work.agent == GENERATE else "agent"
        who = agent_of(work)
        return Likeness(self._key, task.id, self._print(task), kind, who, work.model, _size(task))

    def _print(self, task: Task) -> str:
        if task.work is None or not self._few:
            return fingerprint(task) if self._few else ""
        key = id(task.work), id(task.options)
        found = self._prints.get(key)
        if found is None or kind_of(task) in ("agent", GENERATE):
            found = self._prints[key] = fingerprint(task)
        return found


def _writes(task: Task) -> bool:
    return is_code(task) and task.options.gate != "only"


def _size(task: Task) -> int:
    return size_of(task) if task.work is None or kind_of(task) in ("agent", GENERATE) else 0


def _retries(tasks: Sequence[Task], usual: int, at: int) -> int:
    own = tasks[at].options.retries
    return usual if own is None else own
