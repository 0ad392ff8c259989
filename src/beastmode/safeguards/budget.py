"""Budget: an amount that may be used up, reserved before and settled after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """At most `limit` units of something (attempts, seconds, later requests, tokens, money); None: no limit.

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
