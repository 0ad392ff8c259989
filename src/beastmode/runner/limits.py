"""Limits in force: those that a session began with, and every change of them since. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from beastmode.events import LIMITS
from beastmode.runner.plain_limits import flat, nested, rates_in
from beastmode.runner.progress import Progress
from beastmode.settings import Rate


@dataclass(frozen=True, slots=True)
class InForce:
    """Limits on tasks, and since when they are in force.   since_us: by the monotonic clock of their session, which
    begins at 0.   concurrency: None for no limit.   rates: of starts."""

    since_us: int
    concurrency: int | None
    rates: tuple[Rate, ...]


def periods_of(progress: Progress) -> dict[int, list[InForce]]:
    """What was in force one after the other, by the number of the session."""
    periods = {
        session.number: [_changed(InForce(0, None, ()), 0, session.started.data.get("settings", {}))]
        for session in progress.sessions
    }
    for event in progress.evidence:
        of = periods.get(progress.session_of(event)) if event.kind == LIMITS else None
        if of is not None:
            of.append(_changed(of[-1], event.mono_us, event.data))
    return periods


def between(periods: Sequence[InForce], begin_us: int, end_us: int) -> Sequence[InForce]:
    """What was in force at some time from `begin_us` to `end_us`, both included; before a change at `begin_us`, too."""
    if len(periods) == 1:
        return periods  # of a million attempts, in nearly every run
    since = [period.since_us for period in periods]
    return periods[max(0, bisect_left(since, begin_us) - 1) : bisect_right(since, end_us)]


def _changed(before: InForce, since_us: int, data: dict[str, Any]) -> InForce:
    """What is not named stays."""
    now = replace(before, since_us=since_us)
    if "concurrency" in data:
        now = replace(now, concurrency=data["concurrency"])
    return replace(now, rates=rates_in(data["rates"])) if "rates" in data else now


def still_held(
    persons: dict[str, Any], before: dict[str, Any], asked: dict[str, Any], given: Collection[str]
) -> dict[str, Any]:
    """What a person has set and still holds in a new session. The later word counts: a flag that is given now, and says
    something else than that of the session before.

    before, asked: what flags, list and defaults said then, and say now.   given: names of the flags that are given now;
    those of the model server as `server.rates`.
    """
    old, new = flat(before), flat(asked)
    return nested(
        {
            name: value
            for name, value in flat(persons).items()
            if name not in given or old.get(name) == new.get(name)
        }
    )
