"""Now: what a gateway says of itself, of this moment: its upstreams, budgets, cache, alarms and settings.

Plain data, made when somebody asks and never before: no request pays for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from typing import Any, get_args

import msgspec

from beastmode.clock import Clock
from beastmode.failures.words import one_line
from beastmode.gateway.app import Page
from beastmode.gateway.backend import Backend, Lane
from beastmode.gateway.door import Door
from beastmode.gateway.turnstile import Turnstile
from beastmode.safeguards.guard import Guard
from beastmode.store.allowance import Allowance, Period, period_name

PATH = "/beast/now"
_MOST_BUDGETS = 20
"""Those nearest to their end: a gateway may have thousands of keys."""
_OPEN = "at least half of its last requests failed; nothing is sent until one is let through to see"
_PROBING = "one request is let through; how it ends decides whether the others go"

_MOST_CHARS = 300

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Now:
    """To be asked on the loop of its gateway.   of: `serve`, or the run that it belongs to.   tiers, alarms: as they
    are now.   settings: as they were at its begin; nothing secret.   hide: takes known secrets out of a text."""

    of: str
    began_unix: float
    backends: Sequence[Backend]
    door: Door
    tiers: Callable[[], Sequence[Plain]]
    alarms: Callable[[], Sequence[str]]
    settings: Sequence[Plain]
    hide: Callable[[str], str]
    clock: Clock

    def page(self) -> Page:
        """The answer at `PATH`, as JSON."""
        return lambda: (200, "application/json", msgspec.json.encode(self.said()))

    def said(self) -> Plain:
        """All of it."""
        upstreams = [_upstream(backend, self.clock, self.hide) for backend in self.backends]
        at_door = sum(payer.waiting for _, payer in self.door.payers())
        return {
            "url": "",  # whoever asks knows that
            "of": self.of,
            "began_unix": self.began_unix,
            "in_flight": sum(backend.in_flight for backend in self.backends),
            "waiting": at_door + sum(backend.waiting for backend in self.backends),
            "upstreams": upstreams,
            "budgets": _budgets(self.door, self.clock.unix()),
            "tiers": list(self.tiers()),
            "alarms": list(self.alarms()),
            "settings": list(self.settings),
        }


def _upstream(backend: Backend, clock: Clock, hide: Callable[[str], str]) -> Plain:
    """Of several lanes the one that is worst off: it is where somebody waits for what the others have."""
    told: Plain = {"name": backend.name, "url": backend.upstream.base_url, "waiting": backend.waiting}
    lane = max(backend.lanes, key=_trouble, default=None)
    if lane is None:
        return told | _as_it_is("well", "", None) | {"gauges": []}
    of = f" of the fullest of {len(backend.lanes)} credentials" if len(backend.lanes) > 1 else ""
    gauges = [gauge | {"name": gauge["name"] + of} for gauge in _gauges(lane.guard)]
    state = _state(lane.guard, clock)
    return told | state | _said_last(backend, state["state"], hide) | {"gauges": gauges}


def _trouble(lane: Lane) -> tuple[bool, int, int]:
    return lane.guard.closed_s() > 0, lane.guard.limits.in_flight, len(lane.first) + len(lane.again)


def _gauges(guard: Guard) -> Iterator[Plain]:
    """Of this host: other processes that use the same server count."""
    limits = guard.limits
    for rate in limits.rates:
        yield _gauge(f"requests per {rate.span_s:g} s", limits.in_use(rate)[1], rate.starts)
    yield _gauge("in flight", limits.in_use()[0], limits.concurrency)
    for limit in limits.tokens:
        yield _gauge(f"tokens per {limit.span_s:g} s", limits.tokens_in_use(limit), limit.tokens)


def _gauge(name: str, used: float, most: float | None, unit: str = "") -> Plain:
    return {"name": name, "used": used, "most": most, "unit": unit}


def _state(guard: Guard, clock: Clock) -> Plain:
    """Whether anything is sent, why not, and until when, as far as that is known."""
    hold, health = guard.closed(), guard.health
    known = hold is not None and hold.wait_s < math.inf
    until = round(clock.unix() + hold.wait_s) if hold is not None and known else None
    if hold is not None and hold.reason not in ("breaker", "unhealthy"):
        return _as_it_is("paused", f"it asked to wait ({hold.reason.replace('_', ' ')})", until)
    if guard.breaker.state == "half_open":
        return _as_it_is("probing", _PROBING, None)
    if guard.breaker.state == "open":
        return _as_it_is("open", _OPEN, until)
    if health is not None and not health.well:
        failed = health.failed_in_row
        why = f"failed {failed} times in a row" if failed else "has to succeed once more"
        return _as_it_is("unhealthy", f"its health check {why}", until)
    return _as_it_is("well", "", None)


def _as_it_is(state: str, why: str, until_unix: float | None) -> Plain:
    return {"state": state, "why": why, "paused_until_unix": until_unix}


def _said_last(backend: Backend, state: str, hide: Callable[[str], str]) -> Plain:
    """What has gone wrong there last and what to do about it, where that is why nothing is sent."""
    failure = backend.last_failure
    if failure is None or state not in ("open", "probing", "paused"):
        return {"last": "", "tip": ""}
    return {
        "last": one_line(hide(failure.cause), _MOST_CHARS),
        "tip": one_line(hide(failure.tip), _MOST_CHARS),
    }


def _budgets(door: Door, unix: float) -> list[Plain]:
    """Those that are nearest to their end."""
    periods = {period: period_name(period, unix) for period in get_args(Period)}

    def used_up(payer: Turnstile, one: Allowance) -> float:
        return one.used(payer.purse.used_in(periods[one.period]))

    every = (
        (used_up(payer, one) / one.amount, whose, payer, one)
        for whose, payer in door.payers()
        for one in payer.purse.allowances
    )
    nearest = nlargest(_MOST_BUDGETS, every, key=itemgetter(0))
    return [_budget(whose, one, used_up(payer, one)) for _, whose, payer, one in nearest]


def _budget(whose: str, one: Allowance, used: float) -> Plain:
    per = "" if one.period == "run" else f" per {one.period}"
    return _gauge(f"budget of {whose}{per}", round(used, 4), one.amount, one.unit)
