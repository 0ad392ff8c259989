"""Gateways at work as the pages read them: what no file has, because it is true only now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from beastmode.dashboard.sources.plain import Plain


@dataclass(frozen=True, slots=True)
class Gauge:
    """A limit and how much of it is taken.   name: `requests per 1 s`, `in flight`, `tokens per 60 s`, `budget of r7`.
    most: None where it has none."""

    name: str
    used: float
    most: float | None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class UpstreamNow:
    """A model server as a gateway sees it.   state: `paused` (as it asked), `unhealthy` or `open` (the breaker) where
    nothing is sent; until paused_until_unix, None where that is not known.   why: in words; "" where it is well.
    last, tip: what went wrong there last, where that is why.   url: as the requests name it.   gauges: of this host;
    where each credential has limits of its own, of the one that is worst off."""

    name: str
    state: Literal["well", "unhealthy", "open", "probing", "paused"]
    why: str
    paused_until_unix: float | None
    waiting: int
    gauges: Sequence[Gauge]
    url: str = ""
    last: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class TierNow:
    """A tier of the cache.   hits, misses: since its gateway began.   limit_bytes: None for no limit.   p50_s, p99_s:
    of its reads; None where none was measured.   state: `on`, `off`, or why it is left out."""

    name: str
    entries: int | None
    bytes: int | None
    limit_bytes: int | None
    hits: int
    misses: int
    p50_s: float | None
    p99_s: float | None
    state: str


@dataclass(frozen=True, slots=True)
class GatewayNow:
    """A gateway.   of: `serve`, or the run that it belongs to, like `r7`.   alarms: what needs a person, in words.
    settings: name, value, upstream ("" for one of the gateway), origin (`flag`, `environment`, `file`, `default`,
    `run`), where (which flag, variable, line of a file or run), help: what it does. Never a secret.
    budgets: of keys, of its run and the tasks that are at work, those nearest to their end."""

    url: str
    of: str
    began_unix: float
    in_flight: int
    waiting: int
    upstreams: Sequence[UpstreamNow]
    tiers: Sequence[TierNow]
    alarms: Sequence[str]
    settings: Sequence[Plain]
    budgets: Sequence[Gauge] = ()


@dataclass(frozen=True, slots=True)
class GatewayKilled:
    """A gateway that ended without a word, and that none has begun after.   seen_unix: when it last said that it lived,
    10 s before its end at most.   command: that begins it again; "" where it is not known.   machine: the machine has
    gone down since."""

    url: str
    began_unix: float
    seen_unix: float
    command: str = ""
    machine: bool = False


class LiveReader(Protocol):
    """The gateways of this home that are at work now."""

    def version(self) -> str:
        """As of RunReader. Asked for only while somebody looks; the gateways are asked at most once a second."""

    def gateways(self) -> Sequence[GatewayNow]:
        """As they said at most a second ago, those that are slow to answer at most five; others are left out. Never
        waits longer than 0.5 s."""

    def killed(self) -> Sequence[GatewayKilled]:
        """Those that were killed within a day, but for those of runs: their runs tell of it. As of the same moment."""
