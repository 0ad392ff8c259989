"""Slowness: whether a server is slower because of us, found out by sending it less for a moment.

A server that keeps a line, or shares its speed among all calls, refuses nothing: more calls at once only make each of
them slower. How long a call takes undisturbed cannot be remembered for good (models, prompts and other clients change),
and a baseline that follows what it sees follows the overload. So it is compared: a window of calls as they are, then
one at half as many at once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SLOW = 1.5
"""So much longer than undisturbed is worth a comparison; less, and the noise of a model's answers would ask for one
each minute."""
OURS = 1.3
"""At half as many at once calls are so much faster: then it is us."""
STILL = 2.0
"""Halved, the time halves too: half as many were still too many, and half of those is compared next."""
UNSETTLED = 1.8
"""Nearly: half as many may have been too many still, and it is looked at again soon. Left to the next turn, a server of
three without refusals was sent sixteen for five minutes."""
CERTAIN = 3.0
"""Standard errors between two means, or it may be chance: durations of answers vary by as much as themselves."""
WINDOW, WINDOW_A_SLOT = 20, 2
"""Calls of a window, at least, and for each at once: all of them have had their turn."""
FIRST = 5
"""While the limit still doubles a window must be short, or a server without refusals is at the ceiling before one is
full."""
FEWER = 10
"""Calls at half as many, at least: each costs half a call's time."""
EVERY_S, EVERY = 120.0, 40
"""A comparison without a reason comes so often, and after so many times the calls that it takes: 2 % of the speed."""
SOON = 5
"""With a reason, after so many times."""
ROOM = 1.1
"""Above what the comparison says that a server bears: it is refined from there by growing."""


class Measure(NamedTuple):
    """How long a call took, by how much there was to do.

    kind: what is compared only with itself: `tokens`, `first_byte`, `whole`.   took_s: seconds.   work: of what that is
    a multiple, such as output tokens; > 0.
    """

    kind: str
    took_s: float
    work: float = 1.0


class Verdict(NamedTuple):
    """What a comparison has shown.   level: of calls at once, from now on.   ours: calls were slow because of us."""

    level: float
    ours: bool


class Times:
    """Sums over calls: seconds by work, and how far that varies."""

    __slots__ = ("_both", "_took", "_took2", "_work", "_work2", "calls")

    def __init__(self) -> None:
        self.calls = 0
        self._took = self._work = self._took2 = self._work2 = self._both = 0.0

    def add(self, took_s: float, work: float) -> None:
        self.calls += 1
        self._took += took_s
        self._work += work
        self._took2 += took_s * took_s
        self._work2 += work * work
        self._both += took_s * work

    @property
    def mean(self) -> float:
        """Seconds for a piece of work. A mean of ratios would be ruled by answers of one token."""
        return self._took / self._work

    @property
    def variance(self) -> float:
        """Of the mean, as of any ratio of sums."""
        rest = self._took2 - 2 * self.mean * self._both + self.mean**2 * self._work2
        return max(0.0, rest) * self.calls / (max(1, self.calls - 1) * self._work**2)

    def above(self, other: Times, ratio: float) -> bool:
        """Longer by more than `ratio`, and not by chance."""
        certain = self.mean - other.mean > CERTAIN * math.sqrt(self.variance + other.variance)
        return certain and self.mean > ratio * other.mean


class Slowness:
    """Compares how long calls take with how long they take at half as many at once.

    fewer: calls at once while it compares, whatever the limit; None: it does not.   slow: calls take longer than they
    did undisturbed: nothing should grow.   Pure: times are passed in, monotonic, s.
    """

    def __init__(self) -> None:
        self.fewer: int | None = None
        self.slow = False
        self._windows: dict[str, Times] = {}
        self._since = -math.inf
        self._undisturbed: dict[str, Times] = {}
        self._full: tuple[str, Times] | None = None
        self._compared_at: float | None = None
        self._unsettled = False  # half as many may still have been too many
        self._calls = -1  # since then; none yet: the first reason is followed at once

    def interrupt(self) -> None:
        """Something else has changed the limit: what was measured is worth nothing."""
        self.fewer, self._windows, self._since = None, {}, math.inf

    def took(
        self, now: float, left_at: float, took: Measure, level: float, *, starting: bool
    ) -> Verdict | None:
        """A call has ended well; what a comparison has shown that ends with it.   level: the limit, not rounded.
        starting: it still doubles."""
        self._compared_at = now if self._compared_at is None else self._compared_at
        self._calls += self._calls >= 0
        self._since = now if self._since == math.inf else self._since
        if left_at < self._since or not took.work > 0:
            return None
        window = self._windows.setdefault(took.kind, Times())
        window.add(took.took_s, took.work)
        if self.fewer is not None:
            enough = window.calls >= _calls_of(self.fewer) and self._full and self._full[0] == took.kind
            return self._judge(now, window, level) if enough else None
        if window.calls >= (FIRST if starting else max(WINDOW, WINDOW_A_SLOT * int(level))):
            self._look(now, took.kind, window, level, starting)
        return None

    def _look(self, now: float, kind: str, window: Times, level: float, starting: bool) -> None:
        """At a full window: is there a reason to compare?"""
        self.slow = window.above(self._undisturbed.setdefault(kind, window), SLOW)
        self._full = kind, window
        self._restart(now)
        fewer = math.ceil(level / 2)
        if not starting and fewer < int(level) and self._due(now, _calls_of(fewer)):
            self.fewer = fewer

    def _due(self, now: float, takes: int) -> bool:
        assert self._compared_at is not None
        if self.slow or self._unsettled:
            return self._calls < 0 or self._calls >= SOON * takes
        return now - self._compared_at >= EVERY_S and (self._calls < 0 or self._calls >= EVERY * takes)

    def _judge(self, now: float, window: Times, level: float) -> Verdict:
        assert self.fewer is not None
        assert self._full is not None
        (kind, full), tried = self._full, self.fewer
        ours, ratio = full.above(window, OURS), full.mean / window.mean
        self._undisturbed[kind] = window
        self._compared_at, self._calls = now, 0
        self._restart(now)
        self.slow, self.fewer, self._unsettled = False, None, ours and ratio > UNSETTLED
        if not ours:
            return Verdict(level, ours=False)
        if ratio > STILL and math.ceil(tried / 2) < tried:
            self._full, self.fewer = (kind, window), math.ceil(tried / 2)
            return Verdict(float(tried), ours=True)
        return Verdict(max(float(tried), level / ratio * ROOM), ours=True)

    def _restart(self, now: float) -> None:
        self._windows, self._since = {}, now


def _calls_of(fewer: int) -> int:
    """How many calls at so few at once are enough."""
    return max(FEWER, WINDOW_A_SLOT * fewer)
