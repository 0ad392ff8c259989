"""Accounting: what a request used and cost, into its record."""

from __future__ import annotations

import time

from beastmode.cache.answer import Answer
from beastmode.gateway.call import Call
from beastmode.gateway.dialects.protocol import Usage
from beastmode.store import prices
from beastmode.store.ledger.entry import Entry

_CACHED_APART = "anthropic"
"""Anthropic counts what it read from its cache, and what it wrote there, beside the prompt's tokens."""


def account(call: Call, usage: Usage) -> None:
    """Write tokens and cost into the record. All of the prompt is `tokens_in`, whatever the dialect counts as it."""
    entry = call.entry
    entry.tokens_out, entry.tokens_cached = usage.tokens_out, usage.tokens_cached
    entry.tokens_reasoning = usage.tokens_reasoning
    if usage.tokens_in is None:
        return
    cached, stored = usage.tokens_cached or 0, usage.tokens_stored or 0
    apart = cached + stored if entry.dialect.startswith(_CACHED_APART) else 0
    entry.tokens_in = usage.tokens_in + apart
    used = prices.Usage(entry.tokens_in, usage.tokens_out or 0, cached, stored)
    provider = prices.provider_of(entry.upstream, entry.dialect.partition(".")[0])
    entry.cost_usd = prices.cost_of(entry.model, provider, used, time.time())
    entry.priced = entry.cost_usd is not None


def account_unread(call: Call, packing: str) -> None:
    """Write into the record of a good answer why nothing is known of what is in it."""
    call.entry.cause = (
        f"the answer is packed with {packing[:50]}, which is not read here: it passed as it came"
    )


def used_tokens(call: Call) -> int | None:
    """What the last try has cost; None where that was not told. What was refused has cost nothing."""
    entry = call.entry
    if entry.status is not None and 400 <= entry.status < 500:
        return 0
    if entry.tokens_in is None and entry.tokens_out is None:
        return None
    return (entry.tokens_in or 0) + (entry.tokens_out or 0)


def account_shared(call: Call, leader: Call) -> None:
    """Write into the record what the answer to another request brought; it cost nothing more."""
    account_again(call.entry, leader.entry)
    call.entry.upstream = leader.entry.upstream
    call.held = leader.held


def account_again(entry: Entry, brought: Entry | Answer) -> None:
    """Write into the record what an answer brought that had been paid for: its status, its tokens, and no cost."""
    entry.status = brought.status
    entry.tokens_in, entry.tokens_out = brought.tokens_in, brought.tokens_out
    entry.tokens_cached, entry.tokens_reasoning = brought.tokens_cached, brought.tokens_reasoning
    entry.cost_usd, entry.priced = 0.0, True
