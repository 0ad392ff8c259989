"""The figures of a run, computed from its recorded attempts. Pure; `scripts/check_report.py` does it again, apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from math import ceil

from beastmode.events import PROBED
from beastmode.runner.limits import InForce, between, periods_of
from beastmode.runner.progress import Progress
from beastmode.runner.views import AttemptView, SessionView
from beastmode.settings import Rate

_NO_END = ("", "interrupted")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the limits were held to, seen over all sessions of a run.

    most_in_flight: attempts between admission and recorded end.   most_starts_in_window: real starts, probes
    included, in any window of the first rate's span; 0 without one.   starts: attempts and probes that left.
    """

    most_in_flight: int
    most_starts_in_window: int
    starts: int


def evidence(progress: Progress, rates: Sequence[Rate]) -> Evidence:
    """Most in flight and most starts in any window, from the recorded stamps."""
    starts = sorted(start_stamps(progress))
    window_us = round(rates[0].span_s * 1e6) if rates else None
    flights = [
        most_at_once((a.admitted_us, end_us(a)) for a in mine) for mine in by_session(progress).values()
    ]
    busiest = [
        most_in_window([stamp for boot, stamp in starts if boot == one], window_us)
        for one in {boot for boot, _ in starts}
        if window_us is not None
    ]
    return Evidence(max(flights, default=0), max(busiest, default=0), len(starts))


def start_stamps(progress: Progress) -> list[tuple[str, int]]:
    """Every real start with the boot it belongs to: stamps of different boots do not compare."""
    boots = {session.number: str(session.started.data.get("boot", "")) for session in progress.sessions}
    stamps = [(boots[a.session], a.left_us) for a in progress.attempts if a.left_us is not None]
    # A runner that was killed could not stamp what left; the record of its start is the nearest known instant.
    stamps += [(boots[a.session], a.admitted_us) for a in progress.attempts if a.left_us is None and a.killed]
    for event in progress.evidence:
        if event.kind == PROBED:
            stamps.append((boots.get(progress.session_of(event), ""), event.data["left_us"]))
    return stamps


def by_session(progress: Progress) -> dict[int, list[AttemptView]]:
    """The attempts of each session that has some."""
    by_session: dict[int, list[AttemptView]] = defaultdict(list)
    for attempt in progress.attempts:
        by_session[attempt.session].append(attempt)
    return by_session


def end_us(attempt: AttemptView) -> int:
    """When it ended, by the record; where there is none, when it began."""
    return attempt.admitted_us if attempt.ended_us is None else max(attempt.ended_us, attempt.admitted_us)


def most_at_once(intervals: Iterable[tuple[int, int]]) -> int:
    """The most intervals that overlap; one that ends when another begins does not."""
    real = [(begin, end) for begin, end in intervals if begin != end]
    ends = sorted(end for _, end in real)
    most = ended = 0
    for begun, begin in enumerate(sorted(begin for begin, _ in real), 1):
        while ends[ended] <= begin:
            ended += 1
        most = max(most, begun - ended)
    return most


def most_in_window(stamps: Sequence[int], window_us: int) -> int:
    """The most of the sorted stamps in any half-open window [t, t + window_us)."""
    most = first = 0
    for last, stamp in enumerate(stamps):
        while stamp - stamps[first] >= window_us:
            first += 1
        most = max(most, last - first + 1)
    return most


def makespan_s(progress: Progress) -> float:
    """First admission to last end; the time between two sessions of a run is left out."""
    return sum(makespans_s(progress).values())


def makespans_s(progress: Progress) -> dict[int, float]:
    """The same of each session that started something, by its number."""
    return {
        session: (max(end_us(a) for a in mine) - min(a.admitted_us for a in mine)) / 1e6
        for session, mine in by_session(progress).items()
    }


def lower_bound_s(progress: Progress) -> float:
    """No schedule under the same limits could be faster: the largest of starts at the padded rate, work over
    slots, critical path. The first two are taken for each session by its own limits and added up, as the
    makespan is; where limits were changed, by those that allowed most."""
    periods = periods_of(progress)
    within_limits = sum(
        _bound_of_session_s(progress, session, periods[session.number]) for session in progress.sessions
    )
    return max(within_limits, critical_path_s(progress))


def _bound_of_session_s(progress: Progress, session: SessionView, periods: Sequence[InForce]) -> float:
    mine = [attempt for attempt in progress.attempts if attempt.session == session.number]
    if not mine:
        return 0.0
    in_force = between(periods, mine[0].admitted_us, max(map(end_us, mine)))
    work = [_work_s(attempt) for attempt in mine if attempt.end not in _NO_END]
    by_slots = min(
        sum(work) / period.concurrency if period.concurrency else max(work, default=0.0)
        for period in in_force
    )
    left = [attempt for attempt in mine if attempt.left_us is not None]
    if not left:
        return by_slots
    starts, shortest = _starts_between(progress, session, mine), min(_work_s(attempt) for attempt in left)
    return max(by_slots, min(_bound_by_rates_s(period.rates, starts, shortest) for period in in_force))


def _bound_by_rates_s(rates: Sequence[Rate], starts: int, shortest_s: float) -> float:
    return max(
        ((ceil(starts / rate.starts) - 1) * rate.padded_span_s + shortest_s for rate in rates), default=0.0
    )


def _starts_between(progress: Progress, session: SessionView, attempts: Sequence[AttemptView]) -> int:
    """Starts from the first admission of a session to its last attempt that left, health checks included: those
    that the makespan cannot do without."""
    begin = min(attempt.admitted_us for attempt in attempts)
    stamps = [attempt.left_us for attempt in attempts if attempt.left_us is not None]
    probes: list[int] = [
        event.data["left_us"]
        for event in progress.evidence
        if event.kind == PROBED and progress.session_of(event) == session.number
    ]
    last = max(stamps)
    return len(stamps) + sum(begin <= stamp <= last for stamp in probes)


def critical_path_s(progress: Progress) -> float:
    """Seconds of the longest chain of needs, by what each task took. Phases that wait for each other add theirs
    to the schedule's length, but not to this bound."""
    tasks, took = progress.tasks, durations_s(progress)
    # Only what has needs is sorted: a million tasks without them are no chain, and cost nothing here.
    needs = {view.id: [need for need in view.needs if need in tasks] for view in tasks.values() if view.needs}
    chain = {task: seconds for task, seconds in took.items() if task in tasks}
    for task in TopologicalSorter(needs).static_order():
        chain[task] = took.get(task, 0.0) + max((chain[need] for need in needs.get(task, ())), default=0.0)
    return max(chain.values(), default=0.0)


def _work_s(attempt: AttemptView) -> float:
    begin = attempt.admitted_us if attempt.left_us is None else attempt.left_us
    return max(0.0, (end_us(attempt) - begin) / 1e6)


def durations_s(progress: Progress) -> dict[str, float]:
    """Seconds that the last attempt of each task took, from its real start to its recorded end. What still runs
    or was interrupted has no end of its own."""
    return {attempt.task: _work_s(attempt) for attempt in progress.attempts if attempt.end not in _NO_END}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, nearest rank; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, ceil(share * len(ordered)) - 1))] if ordered else 0.0
