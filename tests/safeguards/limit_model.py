"""What every LimitStore is compared with: plain lists of what is really out there, and brute force over them.

Times in these tests are multiples of 1/64 s and spans are whole, so that floats are exact and `==` is meant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from beastmode.settings import Rate

TICK_S = 1 / 64


@dataclass(frozen=True)
class Unpadded(Rate):
    """A rate whose window is kept for its very span."""

    @property
    def padded_span_s(self) -> float:
        return self.span_s


Limits = tuple[int | None, tuple[Rate, ...]]

rates = st.lists(st.builds(Unpadded, st.integers(1, 4), st.sampled_from([1.0, 2.0, 8.0])), max_size=3)
limits: st.SearchStrategy[Limits] = st.tuples(st.sampled_from([None, 1, 2, 3]), rates.map(tuple))
ticks = st.one_of(st.integers(0, 16), st.integers(0, 200)).map(lambda n: n * TICK_S)
lingers = st.sampled_from([0.0, 0.0, 0.5, 3.0])


@dataclass
class Gone:
    """A member that died: from `at`, its burial, its slots linger, and its places count as started then."""

    member: int
    at: float
    busy: int
    places: int
    linger_s: float
    limits: Limits
    buried: bool = False

    @property
    def busy_until(self) -> float:
        return self.at + self.linger_s if self.buried else math.inf


@dataclass
class Model:
    """Right by being obvious.

    starts: every real start ever.   busy: for every call in flight, its places that have not left.   lingering:
    until when.   unknown_until: what was before is not known.   new_since: windows whose own past is not known.
    """

    concurrency: int | None
    windows: dict[float, int]
    starts: list[float] = field(default_factory=list)
    busy: dict[tuple[int, int], int] = field(default_factory=dict)
    lingering: list[float] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    unknown_until: float = -math.inf
    new_since: dict[float, float] = field(default_factory=dict)

    def earliest(self, now: float, slots: int, places: int) -> float:
        """The first moment from `now` on at which so many may be had, if nothing else happens; inf: none."""
        moments = {now, *self._lingering()}
        for span in self.windows:
            moments |= {start + span for start in self._starts()} | {self._known_from(span)}
        good = (at for at in sorted(moments) if at >= now and self.allows(at, slots, places))
        return next(good, math.inf)

    def allows(self, at: float, slots: int, places: int) -> bool:
        return self.slots_free(at, slots) and all(self._fits(at, span, places) for span in self.windows)

    def slots_free(self, at: float, slots: int) -> bool:
        return not slots or self.concurrency is None or self.slots_in_use(at) + slots <= self.concurrency

    def slots_in_use(self, at: float) -> int:
        return len(self.busy) + sum(until > at for until in self._lingering())

    def in_window(self, at: float, span: float) -> int:
        if at < self._known_from(span):
            return self.windows[span]
        return sum(start > at - span for start in self._starts()) + sum(self.busy.values())

    def set_limits(self, concurrency: int | None, windows: dict[float, int]) -> None:
        self.concurrency, self.windows = concurrency, windows

    def _fits(self, at: float, span: float, places: int) -> bool:
        return at >= self._known_from(span) and self.in_window(at, span) + places <= self.windows[span]

    def _known_from(self, span: float) -> float:
        return max(self.unknown_until, self.new_since.get(span, -math.inf)) + span

    def _starts(self) -> list[float]:
        return self.starts + [gone.at for gone in self.gone for _ in range(gone.places)]

    def _lingering(self) -> list[float]:
        return self.lingering + [gone.busy_until for gone in self.gone for _ in range(gone.busy)]


def windows_of(given: Sequence[Rate]) -> dict[float, int]:
    """Span and fewest starts, the first rate's first."""
    found: dict[float, int] = {}
    for rate in given:
        found[rate.padded_span_s] = min(rate.starts, found.get(rate.padded_span_s, rate.starts))
    return found


def strictest_of(all_limits: Sequence[Limits]) -> Limits:
    """What holds where several have limits."""
    slots = [concurrency for concurrency, _ in all_limits if concurrency is not None]
    return min(slots, default=None), tuple(rate for _, some in all_limits for rate in some)
