"""Tolls: what a request may cost its key at most, before it leaves, and what it has cost, at its end. Pure."""

from __future__ import annotations

from beastmode.gateway.dialects.estimate import DATA_FIELD, DATA_URL, prompt_tokens
from beastmode.gateway.dialects.protocol import Asked
from beastmode.store import prices
from beastmode.store.allowance import NO_USE, Use
from beastmode.store.ledger.entry import Entry

_NEVER_ARRIVED = frozenset(("connection_refused", "dns", "tls"))
_REFUSED = 400


def guess_of(asked: Asked, body: bytes, upstream: str, unix: float) -> Use:
    """A cautious guess: all tokens that the answer may have, at the price of the model where that is known.

    upstream: the base URL of the one that is likely to be asked.
    """
    if not asked.most_tokens:
        return Use(1)
    prompt = asked.prompt_tokens or min(prompt_tokens(body, mark) for mark in (DATA_URL, DATA_FIELD))
    tokens_in = min(asked.most_tokens, prompt)
    tokens = prices.Usage(tokens_in, asked.most_tokens - tokens_in)
    provider = prices.provider_of(upstream, asked.dialect.partition(".")[0])
    usd = prices.cost_of(asked.model, provider, tokens, unix)
    return Use(1, asked.most_tokens, usd or 0.0, int(usd is None))


def spent_by(entry: Entry, guess: Use) -> Use:
    """What a request has used, by its record.

    Nothing where it never left, and no tokens where it was refused. Else as the upstream told, as far as it did. Where
    nothing was told (its client went away; a stream without usage), the guess: it cost something, and a budget holds.
    """
    if entry.tries == 0:
        return NO_USE
    if entry.tokens_in is not None or entry.tokens_out is not None:
        tokens = (entry.tokens_in or 0) + (entry.tokens_out or 0)
        return Use(1, tokens, entry.cost_usd or 0.0, int(entry.cost_usd is None))
    refused = entry.status is not None and entry.status >= _REFUSED
    return Use(1) if refused or entry.class_ in _NEVER_ARRIVED else guess
