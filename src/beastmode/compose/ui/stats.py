"""Figures over time for the dashboard: the ledger of a home."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from beastmode.compose.ui.files.ledger import HomeLedger
from beastmode.dashboard.sources.stats import Figures
from beastmode.store.ledger.reading.cells import Came
from beastmode.store.ledger.reading.figures import lately, over, series
from beastmode.store.ledger.rollups.latencies import quantile


class LedgerStats:
    """A `StatsReader` of the ledger in `home`, which may not exist yet. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._ledger = HomeLedger(home)

    def version(self) -> str:
        return self._ledger.version()

    def over(self, since_unix: float, until_unix: float) -> Figures:
        with self._ledger.reader() as reader:
            return _figures(over(reader, since_unix, until_unix)) if reader else Figures()

    def series(self, since_unix: float, until_unix: float, step_s: float) -> Sequence[tuple[float, Figures]]:
        with self._ledger.reader() as reader:
            steps = series(reader, since_unix, until_unix, int(step_s)) if reader else []
        return [(began, _figures(came)) for began, came in steps]

    def lately(self, now_unix: float, seconds: int) -> Figures:
        with self._ledger.reader() as reader:
            came, share = lately(reader, now_unix, seconds) if reader else (Came(), 1.0)
        return _figures(came, 1 / share)


@lru_cache(256)
def _figures(came: Came, times: float = 1.0) -> Figures:
    """times: how many requests each stands for, where these are a sample."""

    def of(number: int) -> int:
        return round(number * times)

    def each(by: dict[str, int]) -> dict[str, int]:
        return {name: of(number) for name, number in by.items() if number}

    sums, outcomes, hits = came.sums, each(came.outcomes), each(came.hits)
    # Apart from the hits: rounded together they could be fewer than those.
    missed = of(sums.repeats - sum(came.hits.values()))
    return Figures(
        received=sum(outcomes.values()) + of(came.in_flight),
        outcomes=outcomes,
        classes=each(came.classes),
        hits=hits,
        repeats=sum(hits.values()) + missed if came.repeats_known else None,
        p50_s=quantile(sums.lengths, 0.5),
        p95_s=quantile(sums.lengths, 0.95),
        p99_s=quantile(sums.lengths, 0.99),
        tokens_in=of(sums.tokens_in),
        tokens_out=of(sums.tokens_out),
        cost_usd=sums.cost_usd * times,
        saved_usd=sums.saved_usd * times,
        unpriced=of(sums.unpriced),
    )
