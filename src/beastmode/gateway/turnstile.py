"""Turnstile: the requests of one key, let through within its rate and its budgets, first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from beastmode.clock import Clock
from beastmode.gateway import key_rejections, rejections
from beastmode.gateway.rejected import RejectedError
from beastmode.safeguards.budget import Purse
from beastmode.safeguards.window import Window
from beastmode.settings import Rate
from beastmode.store.allowance import Allowance, Use, ends_unix, period_name
from beastmode.store.keys.key import Key


class Words(Protocol):
    """How it says no; by default as `key_rejections` do."""

    def too_many(self, key: Key, waiting: int) -> RejectedError: ...
    def too_fast(self, key: Key, wait_s: float = 1.0) -> RejectedError: ...
    def nothing_given_back(self, key: Key) -> RejectedError: ...
    def no_longer(self, key: Key, how: str, since_unix: float) -> RejectedError: ...
    def spent_out(
        self, key: Key, allowance: Allowance, used: Use, wait_s: float, until_unix: float
    ) -> RejectedError: ...


class Turnstile:
    """What one key may do, and how much of it is in use. To be used from one event loop.

    Who does not fit the rate waits; so does who does not fit the budget while another request may give some of it
    back. A budget that is used up is told at once. Keys do not wait for each other.   most_waiting: of this key.
    words: how it says no.
    """

    def __init__(self, key: Key, clock: Clock, most_waiting: int, words: Words = key_rejections) -> None:
        self.key, self.purse = key, Purse(key.limits.allowances)
        self._clock, self._most_waiting, self._words = clock, most_waiting, words
        self._windows = _windows(key.limits.rates, {})
        self._turn, self._news = asyncio.Lock(), asyncio.Event()
        self._waiting = 0
        self._waited_for: Callable[[Key], RejectedError] = words.too_fast
        self._stopped = False

    @property
    def waiting(self) -> int:
        """Requests that are in line here."""
        return self._waiting

    def know(self, key: Key) -> None:
        """The key as it is now; those that wait go by that."""
        if key.limits.rates != self.key.limits.rates:
            self._windows = _windows(key.limits.rates, self._windows)
        self.key, self.purse.allowances = key, key.limits.allowances
        self._tell()

    def stop(self) -> None:
        """Let nobody through any more."""
        self._stopped = True
        self._tell()

    async def enter(self, guess: Use, deadline: float) -> None:
        """Wait until it may leave, at most until `deadline` (monotonic); then what it may cost is set aside.

        Each that has entered is to be left once. Raises RejectedError.
        """
        self._refuse_if_spent_out()
        if not self._waiting and self._wait_s() == 0 and self.purse.fits(guess, self._clock.unix()):
            self._start()
        else:
            await self._wait(guess, deadline)
        self.purse.reserve(guess)

    def leave(self, guess: Use, spent: Use) -> None:
        """It has ended, and has really used that much."""
        self.purse.settle(guess, spent, self._clock.unix())
        if self._waiting:
            self._tell()

    async def _wait(self, guess: Use, deadline: float) -> None:
        """In line of this key, until it may leave."""
        if self._waiting >= self._most_waiting:
            raise self._words.too_many(self.key, self._waiting)
        self._waiting += 1
        try:
            async with asyncio.timeout(deadline - self._clock.monotonic()), self._turn:
                await self._wait_for_rate(deadline)
                await self._wait_for_budget(guess)
        except TimeoutError:
            raise self._waited_for(self.key) from None
        finally:
            self._waiting -= 1

    async def _wait_for_rate(self, deadline: float) -> None:
        self._waited_for = self._words.too_fast
        while (wait_s := self._wait_s()) > 0:
            if self._clock.monotonic() + wait_s > deadline:
                raise self._words.too_fast(self.key, wait_s)
            await self._until_news(wait_s)
        self._start()

    async def _wait_for_budget(self, guess: Use) -> None:
        self._waited_for = self._words.nothing_given_back
        while not self.purse.fits(guess, self._clock.unix()):
            self._refuse_if_spent_out()
            await self._until_news(None)

    def _start(self) -> None:
        """It leaves now, as far as the rates are concerned."""
        for window in self._windows.values():
            window.take()
            window.left(self._clock.monotonic())

    def _wait_s(self) -> float:
        self._must_be_open()
        now = self._clock.monotonic()
        return max((window.wait_s(now) for window in self._windows.values()), default=0.0)

    def _must_be_open(self) -> None:
        """Raises RejectedError, also for those that wait."""
        if self._stopped:
            raise rejections.shutting_down()
        if self.key.revoked_unix is not None:
            raise self._words.no_longer(self.key, "was revoked", self.key.revoked_unix)

    def _refuse_if_spent_out(self) -> None:
        self._must_be_open()
        unix = self._clock.unix()
        spent = self.purse.spent_out(unix)
        if spent is not None:
            raise self._spent_out(spent, unix)

    def _spent_out(self, spent: Allowance, unix: float) -> RejectedError:
        used = self.purse.used_in(period_name(spent.period, unix))
        until = ends_unix(spent.period, unix)
        return self._words.spent_out(self.key, spent, used, until - unix, until)

    async def _until_news(self, most_s: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _windows(rates: tuple[Rate, ...], before: dict[float, Window]) -> dict[float, Window]:
    """A window for each span. One of the same span goes on, so that a changed rate forgets nothing."""
    windows = {}
    for rate in sorted(rates, key=lambda rate: -rate.starts):
        window = windows[rate.span_s] = before.get(rate.span_s) or Window(rate.starts, rate.span_s)
        window.starts = rate.starts
    return windows
