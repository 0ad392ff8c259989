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
    """A model server as a gateway sees it.   state: `paused` (until paused_until_unix, as it asked), `unhealthy` or
    `open` (the breaker) where nothing is sent.   why: in words; "" where it is well."""

    name: str
    state: Literal["well", "unhealthy", "open", "probing", "paused"]
    why: str
    paused_until_unix: float | None
    waiting: int
    gauges: Sequence[Gauge]


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
    settings: name, value, origin (`flag`, `environment`, `file`, `default`), what it does. Never a secret."""

    url: str
    of: str
    began_unix: float
    in_flight: int
    waiting: int
    upstreams: Sequence[UpstreamNow]
    tiers: Sequence[TierNow]
    alarms: Sequence[str]
    settings: Sequence[Plain]


class LiveReader(Protocol):
    """The gateways of this home that are at work now."""

    def version(self) -> str:
        """As of RunReader. Asked for only while somebody looks; the gateways are asked at most once a second."""

    def gateways(self) -> Sequence[GatewayNow]:
        """As they said at most a second ago; one that does not answer is left out. Never waits longer than 0.5 s."""
