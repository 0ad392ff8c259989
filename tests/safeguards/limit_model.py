"""What every LimitStore is compared with: plain lists of what is really out there, and brute force over them.

Times in these tests are multiples of 1/64 s and spans are whole, so that floats are exact and `==` is meant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from beastmode.settings import Rate, TokenRate

TICK_S = 1 / 64


@dataclass(frozen=True)
class Unpadded(Rate):
    """A rate whose window is kept for its very span."""

    @property
    def padded_span_s(self) -> float:
        return self.span_s


@dataclass(frozen=True)
class UnpaddedTokens(TokenRate):
    """The same of tokens."""

    @property
    def padded_span_s(self) -> float:
        return self.span_s


Limits = tuple[int | None, tuple[Rate, ...], tuple[TokenRate, ...]]

spans = st.sampled_from([1.0, 2.0, 8.0])
rates = st.lists(st.builds(Unpadded, st.integers(1, 4), spans), max_size=3).map(tuple)
token_rates = st.lists(st.builds(UnpaddedTokens, st.sampled_from([10, 15, 40]), spans), max_size=2).map(tuple)
limits: st.SearchStrategy[Limits] = st.tuples(st.sampled_from([None, 1, 2, 3]), rates, token_rates)
tokens = st.sampled_from([0, 1, 5, 9, 12, 100])
used = st.sampled_from([None, 0, 1, 4, 9, 30])
ticks = st.one_of(st.integers(0, 16), st.integers(0, 200)).map(lambda n: n * TICK_S)
lingers = st.sampled_from([0.0, 0.0, 0.5, 3.0])


@dataclass
class Gone:
    """A member that died: from `at`, its burial, its slots linger, and its places count as started then."""

    member: int
    at: float
    busy: int
    places: int
    tokens: int
    linger_s: float
    limits: Limits
    buried: bool = False

    @property
    def busy_until(self) -> float:
        return self.at + self.linger_s if self.buried else math.inf


@dataclass
class Call:
    """In flight: its places that have not left, and the tokens that it was estimated at."""

    places: int
    tokens: int


@dataclass
class Model:
    """Right by being obvious.

    starts: every real start ever.   spent: tokens of every call that ended, and when.   busy: every call in flight.
    lingering: until when.   unknown_until: what was before is not known.   new_since, new_tokens_since: windows whose
    own past is not known.
    """

    concurrency: int | None
    windows: dict[float, int]
    token_windows: dict[float, int] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    spent: list[tuple[float, int]] = field(default_factory=list)
    busy: dict[tuple[int, int], Call] = field(default_factory=dict)
    lingering: list[float] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    unknown_until: float = -math.inf
    new_since: dict[float, float] = field(default_factory=dict)
    new_tokens_since: dict[float, float] = field(default_factory=dict)

    def earliest(self, now: float, slots: int, places: int, tokens: int = 0) -> float:
        """The first moment from `now` on at which so many may be had, if nothing else happens; inf: none."""
        moments = {now, *self._lingering()}
        for span in self.windows:
            moments |= {start + span for start in self._starts()} | {self._known_from(span, self.new_since)}
        for span in self.token_windows:
            moments |= {at + span for at, _ in self._spent()} | {
                self._known_from(span, self.new_tokens_since)
            }
        good = (at for at in sorted(moments) if at >= now and self.allows(at, slots, places, tokens))
        return next(good, math.inf)

    def allows(self, at: float, slots: int, places: int, tokens: int = 0) -> bool:
        return (
            self.slots_free(at, slots)
            and (not slots or self.tokens_free(at, tokens))
            and all(self._fits(at, span, places) for span in self.windows)
        )

    def slots_free(self, at: float, slots: int) -> bool:
        return not slots or self.concurrency is None or self.slots_in_use(at) + slots <= self.concurrency

    def tokens_free(self, at: float, tokens: int) -> bool:
        return all(
            at >= self._known_from(span, self.new_tokens_since)
            and self.tokens_in_window(at, span) + min(tokens, most) <= most
            for span, most in self.token_windows.items()
        )

    def slots_in_use(self, at: float) -> int:
        return len(self.busy) + sum(until > at for until in self._lingering())

    def in_window(self, at: float, span: float) -> int:
        if at < self._known_from(span, self.new_since):
            return self.windows[span]
        leaving = sum(call.places for call in self.busy.values())
        return sum(start > at - span for start in self._starts()) + leaving

    def tokens_in_window(self, at: float, span: float) -> int:
        if at < self._known_from(span, self.new_tokens_since):
            return self.token_windows[span]
        in_flight = sum(call.tokens for call in self.busy.values())
        return sum(spent for ended, spent in self._spent() if ended > at - span) + in_flight

    def ends(self, key: tuple[int, int], now: float, linger_s: float, used_tokens: int | None) -> None:
        call = self.busy.pop(key)
        self.spent.append((now, call.tokens if used_tokens is None else used_tokens))
        self.lingering.append(now + linger_s)

    def set_limits(self, limits: Limits) -> None:
        self.concurrency, self.windows, self.token_windows = (
            limits[0],
            windows_of(limits[1]),
            tokens_of(limits[2]),
        )

    def _fits(self, at: float, span: float, places: int) -> bool:
        known = at >= self._known_from(span, self.new_since)
        return known and self.in_window(at, span) + places <= self.windows[span]

    def _known_from(self, span: float, new_since: dict[float, float]) -> float:
        return max(self.unknown_until, new_since.get(span, -math.inf)) + span

    def _starts(self) -> list[float]:
        return self.starts + [gone.at for gone in self.gone for _ in range(gone.places)]

    def _spent(self) -> list[tuple[float, int]]:
        return self.spent + [(gone.at, gone.tokens) for gone in self.gone]

    def _lingering(self) -> list[float]:
        return self.lingering + [gone.busy_until for gone in self.gone for _ in range(gone.busy)]


def model_of(limits: Limits) -> Model:
    return Model(limits[0], windows_of(limits[1]), tokens_of(limits[2]))


def windows_of(given: Sequence[Rate]) -> dict[float, int]:
    """Span and fewest starts, the first rate's first."""
    found: dict[float, int] = {}
    for rate in given:
        found[rate.padded_span_s] = min(rate.starts, found.get(rate.padded_span_s, rate.starts))
    return found


def tokens_of(given: Sequence[TokenRate]) -> dict[float, int]:
    """The same of tokens."""
    found: dict[float, int] = {}
    for rate in given:
        found[rate.padded_span_s] = min(rate.tokens, found.get(rate.padded_span_s, rate.tokens))
    return found


def strictest_of(all_limits: Sequence[Limits]) -> Limits:
    """What holds where several have limits."""
    slots = [concurrency for concurrency, _, _ in all_limits if concurrency is not None]
    starts = tuple(rate for _, some, _ in all_limits for rate in some)
    return min(slots, default=None), starts, tuple(rate for _, _, some in all_limits for rate in some)
