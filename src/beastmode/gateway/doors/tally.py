"""Tally: what the requests of one attempt came to, as their records say. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.failures.failure import Failure
from beastmode.gateway.doors.tolls import spent_by
from beastmode.store.allowance import Use
from beastmode.store.ledger.entry import Entry

_ASK_NO_MODEL = ("", "other", "anthropic.count_tokens", "gemini.count_tokens")
"""Dialects of requests that are free, and whose failure keeps no model from anybody."""
_TOLD_NOTHING = Use(1, unpriced=1)
_FREE_OF_CHARGE = ("hit", "shared")


@dataclass(slots=True)
class Tally:
    """Counts requests as they end.

    refused: answered with a throttle.   hits: from the cache, or by the call of another.   tokens_in, tokens_out,
    cost_usd: of what was asked upstream, as far as that was told.   unpriced: asked upstream and without a price.
    failure: how the last request that asked a model has failed; None where it went well. One that its client broke off
    says nothing, unless it waited for a server that let nobody through: then that is what its client had no time for.
    """

    requests: int = 0
    refused: int = 0
    hits: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    failure: Failure | None = None

    def ended(self, entry: Entry, failure: Failure | None) -> None:
        """One has ended.   failure: that was told to its client."""
        self.requests += 1
        self.refused += failure is not None and failure.throttle and entry.outcome != "cancelled"
        if entry.outcome in _FREE_OF_CHARGE:
            self.hits += 1
        else:
            self._paid(entry)
        if entry.dialect not in _ASK_NO_MODEL and (entry.outcome != "cancelled" or failure is not None):
            self.failure = failure

    def _paid(self, entry: Entry) -> None:
        self.tokens_in += entry.tokens_in or 0
        self.tokens_out += entry.tokens_out or 0
        self.cost_usd += entry.cost_usd or 0.0
        if entry.dialect not in _ASK_NO_MODEL:
            self.unpriced += spent_by(entry, _TOLD_NOTHING).unpriced
