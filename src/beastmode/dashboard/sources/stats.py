"""Figures over time as the pages read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the requests that were received in a span of time, as far as they have ended.

    outcomes, classes: how many by outcome, and by class of failure.   hits: by tier (`l1`, `l3`, `shared`).
    repeats: how many asked for what had been asked for before: no cache can answer more; None where that was not
    recorded.   p50_s, p95_s, p99_s: from received to the end, at most 5 % off; None where there was none.
    tokens_*, cost_usd: as counted; saved_usd: what the hits would have cost.   unpriced: requests without a price.
    """

    received: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)
    hits: Mapping[str, int] = field(default_factory=dict)
    repeats: int | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    saved_usd: float = 0.0
    unpriced: int = 0

    def ended(self, *outcomes: str) -> int:
        """How many ended in one of these ways."""
        return sum(self.outcomes.get(name, 0) for name in outcomes)

    @property
    def from_cache(self) -> int:
        """Of all tiers."""
        return sum(self.hits.values())


class StatsReader(Protocol):
    """Figures from the ledger's rollups: a million requests cost what a thousand do."""

    def version(self) -> str:
        """As of RunReader."""

    def over(self, since_unix: float, until_unix: float) -> Figures:
        """Of that span, to the minute at both ends; the minute that is not over is included."""

    def series(self, since_unix: float, until_unix: float, step_s: float) -> Sequence[tuple[float, Figures]]:
        """Step by step, the oldest first, each with its begin; empty steps included.   step_s: a multiple of the
        minute."""

    def lately(self, now_unix: float, seconds: int) -> Figures:
        """Of the last seconds, from the rows themselves: how many, how they ended, how long they took, without tokens
        and costs. Bounded: where there were very many, of a sample of them."""
