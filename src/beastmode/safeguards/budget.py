"""Budget: an amount that may be used up, reserved before and settled after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beastmode.store.allowance import NO_USE, Allowance, Use, ends_unix, period_name, period_names


@dataclass(slots=True)
class Budget:
    """At most `limit` units of something (attempts, seconds); None: no limit.

    What is reserved counts as used until it is settled, so that many who ask at once cannot overdraw it.
    """

    limit: float | None = None
    used: float = 0.0
    reserved: float = 0.0

    def reserve(self, amount: float = 1.0) -> bool:
        """Set `amount` aside. False, and nothing set aside, where that would pass the limit."""
        if self.limit is not None and self.used + self.reserved + amount > self.limit:
            return False
        self.reserved += amount
        return True

    def settle(self, reserved: float, spent: float) -> None:
        """Give back what was set aside and count what was really used; that may be more than was reserved."""
        self.reserved -= reserved
        self.used += spent


class Purse:
    """Budgets of one payer by day, month and run: what was used, and what is set aside for calls in flight.

    A guess is set aside before a call, what it really used is counted after. A call that is dearer than all that is
    left may go alone; so what was used passes a limit by no more than one call that costs more than was guessed, or
    than was left, however many ask at once.
    Pure: `unix` is passed in. A call counts in the day and the month in which it ends.
    """

    def __init__(self, allowances: Sequence[Allowance] = ()) -> None:
        self.allowances = tuple(allowances)
        self._used: dict[str, Use] = {}
        self._aside, self._in_flight = NO_USE, 0

    def used_in(self, period: str) -> Use:
        """What was used in a day or month, by its name."""
        return self._used.get(period, NO_USE)

    def know(self, used: Mapping[str, Use]) -> None:
        """This was used, by day and month, whatever was known before."""
        self._used = dict(used)

    def spent_out(self, unix: float) -> Allowance | None:
        """The allowance that is used up, of several the one that comes back last; None where all have some left."""
        spent = [one for one in self.allowances if self._used_of(one, unix) >= one.amount]
        return max(spent, key=lambda one: ends_unix(one.period, unix), default=None)

    def fits(self, guess: Use, unix: float) -> bool:
        """May a call leave now? Where it may not and nothing is spent out, a call in flight has to end first."""
        if self.spent_out(unix) is not None:
            return False
        return self._in_flight == 0 or all(
            self._used_of(one, unix) + one.used(self._aside) + one.used(guess) <= one.amount
            for one in self.allowances
        )

    def reserve(self, guess: Use) -> None:
        """Set aside what `fits`."""
        self._in_flight += 1
        self._aside = self._aside.plus(guess)

    def settle(self, guess: Use, spent: Use, unix: float) -> None:
        """Give back what was set aside, and count what was really used."""
        self._in_flight -= 1
        self._aside = self._aside.minus(guess) if self._in_flight else NO_USE  # no residue of fractions
        self._used = {name: self.used_in(name).plus(spent) for name in (*period_names(unix), "run")}

    def _used_of(self, allowance: Allowance, unix: float) -> float:
        return allowance.used(self.used_in(period_name(allowance.period, unix)))
