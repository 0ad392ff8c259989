"""10,000 seeds of whole runs on virtual time; and proof that a planted bug in each promise would be found."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Sequence
from typing import Any

import pytest

from beastmode.runner import schedule
from beastmode.runner.graph import Graph, graph_of
from beastmode.runner.progress import Progress
from beastmode.runner.resume import Plan, Selection, plan_session
from beastmode.runner.roadmap import Roadmap
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.safeguards.waiting import Waiting
from beastmode.settings import Rate, TokenRate
from beastmode.testing import MemoryJournal
from tests.simulation.world import Parts, simulate

SEEDS = int(os.environ.get("BEAST_SEEDS", "10000"))
ENOUGH_SEEDS = 400
"""Within this many seeds a planted bug must show itself."""


def play(seeds: Sequence[int]) -> list[str]:
    """The seeds that broke a promise, with what broke."""
    broken = []
    for seed in seeds:
        try:
            simulate(seed)
        except Exception as fault:
            broken.append(f"seed={seed}: {fault!r}")
    return broken


@pytest.mark.timeout(300)
def test_every_promise_holds_in_every_seed() -> None:
    workers = os.cpu_count() or 1
    shares = [range(first, SEEDS, workers * 8) for first in range(workers * 8)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        broken = [line for lines in pool.imap_unordered(play, shares) for line in lines]
    assert not broken, "\n".join(broken[:20])


def test_the_same_seed_gives_the_same_trace() -> None:
    assert [simulate(seed) for seed in range(100)] == [simulate(seed) for seed in range(100)]


def test_different_seeds_differ() -> None:
    assert len({simulate(seed) for seed in range(100)}) == 100


class ShortWindow(MemoryStore):
    """Bug: the window is a tenth too short."""

    def __init__(self, concurrency: int | None, rates: Sequence[Rate]) -> None:
        super().__init__(concurrency, rates)
        for window in self._windows:
            window.span_s *= 0.85


class BookedTimes(MemoryStore):
    """Bug: a start is stamped when it is booked, not when it leaves."""

    def left(self, ticket: Any, now: float) -> None:
        super().left(ticket, now)
        for window in self._windows:
            window._left.pop()
            window._left.append(now - 0.3)


class OneSlotMore(MemoryStore):
    """Bug: off by one."""

    def __init__(self, concurrency: int | None, rates: Sequence[Rate]) -> None:
        super().__init__(None if concurrency is None else concurrency + 1, rates)


class NoLinger(MemoryStore):
    """Bug: a slot is free at once although the server is still at work."""

    def end(self, ticket: Any, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        super().end(ticket, now, 0.0, used_tokens)


class ForgetsLimits(MemoryStore):
    """Bug: a changed limit forgets the starts before it."""

    def set_limits(
        self, now: float, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] = ()
    ) -> None:
        super().set_limits(now, concurrency, rates, tokens)
        for window in self._windows:
            window._left.clear()


class LeakySlots(MemoryStore):
    """Bug: a slot is not given back now and then; in the end nothing can start."""

    def end(self, ticket: Any, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        super().end(ticket, now, 1e9 if ticket.number % 3 == 0 else linger_s, used_tokens)


class Deaf(Waiting):
    """Bug: nobody is woken when something has changed."""

    def changed(self) -> None:
        return


class DeafGuard(Guard):
    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._waiting = Deaf(self._clock)


class NeverHalts(Guard):
    """Bug: what waits at the guard begins although a person has paused the run."""

    def halt(self, reason: str) -> None:
        return


def too_early(roadmap: Roadmap) -> Graph:
    """Bug: one need is forgotten."""
    graph = graph_of(roadmap)
    if len(graph._after):
        graph._missing[graph._after[-1]] -= 1
    return graph


def never_ready(roadmap: Roadmap) -> Graph:
    """Bug: one need is counted twice, so its task is never ready."""
    graph = graph_of(roadmap)
    if len(graph._after):
        graph._missing[graph._after[-1]] += 1
    return graph


def forgets_results(roadmap: Roadmap, progress: Progress, selection: Selection) -> Plan:
    """Bug: a recorded result is not seen after a restart."""
    plan = plan_session(roadmap, progress, selection)
    plan.states.pop(next((i for i, state in plan.states.items() if state == "done"), -1), None)
    return plan


def forgets_attempts(roadmap: Roadmap, progress: Progress, selection: Selection) -> Plan:
    """Bug: attempt numbers begin again after a restart, so that one is recorded twice."""
    plan = plan_session(roadmap, progress, selection)
    plan.history.clear()
    return plan


class LosesRecords(MemoryJournal):
    """Bug: says that an event is safe and does not write it."""

    def _commit(self) -> None:
        if random.Random(len(self.events)).random() < 0.1 and self._pending:
            _, written = self._pending.pop()
            if not written.done():
                written.set_result(None)
        super()._commit()


BUGS = {
    "rate: short window": Parts(store=ShortWindow),
    "rate: booked times": Parts(store=BookedTimes),
    "rate: a changed limit forgets": Parts(store=ForgetsLimits),
    "rate: a restart forgets": Parts(careful_after_restart=False),
    "slots: one more": Parts(store=OneSlotMore),
    "slots: no linger": Parts(store=NoLinger),
    "order: a need forgotten": Parts(graph=too_early),
    "exactly once: a result forgotten": Parts(plan=forgets_results),
    "exactly once: attempts renumbered": Parts(plan=forgets_attempts),
    "exactly once: a record lost": Parts(journal=LosesRecords),
    "touches: not asked for": Parts(touches=lambda tasks: None),
    "pause: those at the guard begin": Parts(guard=NeverHalts),
    "liveness: a need too many": Parts(graph=never_ready),
    "liveness: slots leak": Parts(store=LeakySlots),
    "liveness: nobody woken": Parts(guard=DeafGuard),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    for seed in range(ENOUGH_SEEDS):
        try:
            simulate(seed, BUGS[bug])
        except Exception:
            return
    pytest.fail(f"{bug}: not found in {ENOUGH_SEEDS} seeds")


def test_the_bugs_of_this_file_are_bugs_of_the_schedule_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule that starts past its room is held by the guard: two layers, and the inner one is enough."""
    monkeypatch.setattr(schedule.Schedule, "_at_once", lambda self: 0)
    assert play(range(100)) == []
