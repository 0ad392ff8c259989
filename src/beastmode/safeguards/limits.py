"""Limits: what holds in front of a server now, found out or asked for, in a store that others may share."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from beastmode.clock import Clock
from beastmode.safeguards.adaptive import Adaptive
from beastmode.safeguards.admission import Admission
from beastmode.safeguards.following import IDLE_S, Following, Level
from beastmode.safeguards.limit_store import LimitStore
from beastmode.settings import Auto, Rate, TokenRate

Record = Callable[[int, str], None]
"""Told how many at once turn out to be borne, and why."""


class Limits:
    """The limits of one guard.   level: what finds out how many at once are borne; None: how calls end.

    asked: how many at once was asked for.   concurrency: how many may be now; None: no limit.   following: what looks
    for that, where an Auto was asked for.   in_flight: calls now.   changes: how often less became allowed.
    record, applied: told of another level, and that it holds.
    """

    def __init__(
        self,
        store: LimitStore,
        clock: Clock,
        concurrency: int | None,
        rates: Sequence[Rate],
        tokens: Sequence[TokenRate],
        level: Level | None,
        *,
        record: Record,
        applied: Callable[[], None],
    ) -> None:
        self.rates, self.tokens = tuple(rates), tuple(tokens)
        self.in_flight = self.changes = 0
        self._store, self._clock, self._record, self._applied = store, clock, record, applied
        self.following: Following | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._ended_at = -math.inf
        self._follow(concurrency, level)

    def set(self, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] | None) -> None:
        """Change them; as `Guard.set_limits` says."""
        self.rates, self.changes = tuple(rates), self.changes + 1
        self.tokens = self.tokens if tokens is None else tuple(tokens)
        self._follow(concurrency, None)
        self._put()

    def in_use(self, rate: Rate | None = None) -> tuple[int, int]:
        """Slots in use and starts that count in the window now, those of other processes included.   rate: whose
        window; None: that of the first."""
        return self._store.in_use(self._clock.monotonic(), rate.padded_span_s if rate else None)

    def tokens_in_use(self, rate: TokenRate | None = None) -> int:
        """Tokens that count in the window now, those of other processes included; 0 where none are limited.   rate: as
        of `in_use`."""
        return self._store.tokens_in_use(self._clock.monotonic(), rate.padded_span_s if rate else None)

    @property
    def longest_s(self) -> float:
        """The longest window there is; 0 where there is none."""
        spans_s = [rate.padded_span_s for rate in self.rates] + [rate.padded_span_s for rate in self.tokens]
        return max(spans_s, default=0.0)

    def close(self) -> None:
        """Nothing is looked for any more."""
        if self.following is not None:
            self.following.close()
        if self._resting is not None:
            self._resting.cancel()

    # ---- a level that is looked for ----

    def wake(self) -> None:
        """A call wants to leave."""
        if self.following is not None and self.following.idle:
            self.following.idle = False
            self.following.level.others_use(self.in_use()[0])
            self._put()
            self.look()

    def gap_s(self, now: float) -> float:
        """Seconds for which a limit that looks for its level lets nothing start."""
        return 0.0 if self.following is None else self.following.wait_s(now)

    def begins(self) -> None:
        """A call is let through."""
        self.in_flight += 1
        if self.following is not None:
            self.following.starts(self._clock.monotonic())

    def ends(self) -> None:
        """It is no longer in flight."""
        self.in_flight -= 1

    def learn(self, now: float, admission: Admission) -> None:
        """What it says about how many at once are borne, after its end."""
        following, left_at = self.following, admission.left_at
        if following is None:
            return
        if left_at is not None:
            following.ended(now, admission.effect, left_at, admission.at_once, admission.took)
        self._ended_at = now
        if not self.in_flight:
            self._rest()

    def look(self) -> None:
        """Take over what the level says by now, where it has found that out by itself."""
        if self.following is not None:
            self.following.look(self._clock.monotonic())

    def _follow(self, concurrency: int | None, level: Level | None) -> None:
        """Hold the limit that was asked for, or look for it."""
        before = self.following
        if not isinstance(concurrency, Auto):
            self.following = None
            self.concurrency = concurrency
        elif before is None or before.level.ceiling != concurrency:
            self.following = Following(level or Adaptive(concurrency), self._apply)
            self.concurrency = self.following.limit
        self.asked = concurrency
        if before is not None and before is not self.following:
            before.close()

    def _apply(self, limit: int, why: str) -> None:
        """A raised limit is recorded before it holds, a lowered one holds before it is recorded: at any time no more
        are at work than the record allows."""
        self.changes += limit < (self.concurrency or limit)
        self._record(limit, why)
        self.concurrency = limit
        self._put()
        self._applied()

    def _put(self) -> None:
        """In a store that others share, a process without calls of its own holds back nobody."""
        following = self.following
        at_once = following.level.ceiling if following is not None and following.idle else self.concurrency
        self._store.set_limits(self._clock.monotonic(), at_once, self.rates, self.tokens)

    def _rest(self) -> None:
        """Nothing is in flight any more; perhaps for longer."""
        if self.following is not None and self._resting is None:
            self._resting = asyncio.get_running_loop().call_later(IDLE_S, self._rested)

    def _rested(self) -> None:
        self._resting = None
        idle_s = self._clock.monotonic() - self._ended_at
        if self.following is None or self.in_flight:
            return
        if idle_s < IDLE_S:
            self._rest()
        else:
            self.following.idle = True
            self._put()
