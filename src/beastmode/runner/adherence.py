"""Adherence: real starts, and attempts in flight, against the limits that were in force at the time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from beastmode.events import PROBED
from beastmode.runner.limits import InForce, between, periods_of
from beastmode.runner.measures import by_session, end_us
from beastmode.runner.progress import Progress
from beastmode.settings import Rate


class Start(NamedTuple):
    """A real start.   boot: stamps of different ones do not compare.   allowed: what was in force from its admission
    until it left: it may go by any of these."""

    boot: str
    at_us: int
    allowed: Sequence[InForce]


@dataclass(frozen=True, slots=True)
class RateSeen:
    """A rate that was in force.   most_starts: in any window that ends with a start that was made under it."""

    rate: Rate
    most_starts: int


@dataclass(frozen=True, slots=True)
class Adherence:
    """How limits were kept.   concurrency: the highest that was in force, None where there was none for a while.
    rates: all that were in force.   over: admissions and starts beyond what was in force then.   A limit that is
    lowered holds from then on: what is at work goes on, and what was admitted may leave."""

    concurrency: int | None
    rates: list[RateSeen]
    over: int


def adherence_of(progress: Progress) -> Adherence:
    """Of all sessions of a run. Stamps are trusted; `scripts/check_report.py` looks at those, too."""
    periods, starts = periods_of(progress), sorted(_starts(progress), key=lambda start: start[:2])
    known = [period.concurrency for of in periods.values() for period in of]
    limits = [limit for limit in known if limit is not None]
    highest = max(limits) if limits and len(limits) == len(known) else None
    in_force = (rate for of in periods.values() for period in of for rate in period.rates)
    counts = {rate: _in_windows(starts, rate) for rate in dict.fromkeys(in_force)}
    seen = [RateSeen(rate, _most(starts, rate, counted)) for rate, counted in counts.items()]
    over = sum(not _fits(start, at, counts) for at, start in enumerate(starts)) if counts else 0
    return Adherence(highest, seen, over + _over_concurrency(progress, periods))


def _starts(progress: Progress) -> Iterator[Start]:
    """Attempts and health checks that left; of a runner that was killed, what it had let go."""
    periods = periods_of(progress)
    boots = {session.number: str(session.started.data.get("boot", "")) for session in progress.sessions}
    for attempt in progress.attempts:
        left_us = attempt.admitted_us if attempt.left_us is None and attempt.killed else attempt.left_us
        if left_us is not None:
            allowed = between(periods[attempt.session], attempt.admitted_us, left_us)
            yield Start(boots[attempt.session], left_us, allowed)
    for event in progress.evidence:
        if event.kind == PROBED and (session := progress.session_of(event)):
            at_us = event.data["left_us"]
            yield Start(boots[session], at_us, between(periods[session], at_us, at_us))


def _in_windows(starts: Sequence[Start], rate: Rate) -> list[int]:
    """For each start, those in the window that ends with it."""
    window_us, first, counts = round(rate.span_s * 1e6), 0, list[int]()
    for last, start in enumerate(starts):
        while starts[first].boot != start.boot or start.at_us - starts[first].at_us >= window_us:
            first += 1
        counts.append(last - first + 1)
    return counts


def _most(starts: Sequence[Start], rate: Rate, counts: Sequence[int]) -> int:
    return max(
        (
            count
            for start, count in zip(starts, counts, strict=True)
            if all(rate in period.rates for period in start.allowed)
        ),
        default=0,
    )


def _fits(start: Start, at: int, counts: dict[Rate, list[int]]) -> bool:
    return any(all(counts[rate][at] <= rate.starts for rate in period.rates) for period in start.allowed)


def _over_concurrency(progress: Progress, periods: dict[int, list[InForce]]) -> int:
    over = 0
    for session, mine in by_session(progress).items():
        # What a kill cut off counts until its runner's last word, that instant included.
        ends, ended = sorted(end_us(attempt) + attempt.killed for attempt in mine if attempt.end), 0
        for begun, attempt in enumerate(mine, 1):
            while ended < len(ends) and ends[ended] <= attempt.admitted_us:
                ended += 1
            in_force = between(periods[session], attempt.admitted_us, attempt.admitted_us)
            over += all(
                period.concurrency is not None and begun - ended > period.concurrency for period in in_force
            )
    return over
