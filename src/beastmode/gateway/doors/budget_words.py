"""Budget words: how a run says no to a request that its budget, or that of a task, does not allow."""

from __future__ import annotations

import math
from dataclasses import dataclass

from beastmode.failures.failure import Failure
from beastmode.gateway import key_rejections
from beastmode.gateway.rejected import RejectedError
from beastmode.store.allowance import Allowance, Use, plain
from beastmode.store.keys.key import Key


@dataclass(frozen=True, slots=True)
class BudgetWords:
    """Of one budget.   whose: `run r7`, or `task lru`.   raise_it: the flag, or field of the list, that raises it."""

    whose: str
    raise_it: str

    def spent_out(
        self, key: Key, allowance: Allowance, used: Use, wait_s: float, until_unix: float
    ) -> RejectedError:
        """All of it is spent. No time brings it back, only a person."""
        amount = f"{plain(round(allowance.used(used), 4))} of {plain(allowance.amount)} {allowance.unit}"
        cause = f"the budget of {self.whose} is used up: {amount}"
        more = plain(math.ceil(round(2 * max(allowance.amount, allowance.used(used)), 6)))
        tip = f"Give the same command again with a higher one, like {self.raise_it.format(more)}; it resumes."
        return RejectedError(429, Failure("out_of_budget", cause, "after", tip, scope="key"))

    def nothing_given_back(self, key: Key) -> RejectedError:
        """What is left is set aside for requests that take longer than this one may wait."""
        cause = f"all that is left of the budget of {self.whose} is set aside for requests in flight"
        tip = f"Raise it ({self.raise_it.format('…')}), or run fewer tasks at once."
        return RejectedError(429, Failure("rate_limit", cause, True, tip, 1.0, throttle=True))

    too_many = staticmethod(key_rejections.too_many)
    too_fast = staticmethod(key_rejections.too_fast)
    no_longer = staticmethod(key_rejections.no_longer)
