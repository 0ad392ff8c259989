"""What a request cost, by the public prices that genai-prices ships with. Nothing here asks the network.

Importing this loads no prices; `load` does, in about a third of a second.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_MODELS = 1024
"""Of those that clients name, so many are remembered: names of models are text of others."""
_LONGEST_NAME = 200
_UNIT = 1_000_000
_SAME_FOR_S = 60
"""Some prices depend on the hour."""
_UNREADABLE = (ImportError, OSError)
"""The prices were not loaded while files could be opened: that is no reason for a request to fail."""


class Usage(NamedTuple):
    """Tokens of one request.   tokens_in: all of the prompt; tokens_cached of it were read from the provider's cache,
    tokens_cache_written were written to it.   tokens_out: reasoning included."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    tokens_cache_written: int = 0


def load() -> None:
    """Load the prices now: at start, in a thread, rather than while the first request waits."""
    _model("gpt-4o-mini", "openai")


def provider_of(upstream: str, dialect: str) -> str:
    """Whose prices hold: the provider at that URL where it is a known one, else the one whose dialect is spoken."""
    try:
        return _known_provider(upstream) or dialect
    except _UNREADABLE:
        return dialect


def cost_of(model: str, provider: str, usage: Usage, now_unix: float) -> float | None:
    """US dollars that a request cost, None where the price is not known: say so, it was not free.

    provider: the id of one, as of `provider_of`, or a dialect: `openai`, `anthropic`, `gemini`.
    None too for a usage that cannot be: more read from the cache than was sent; and where the prices cannot be read.
    """
    if len(model) > _LONGEST_NAME or min(usage) < 0:
        return None
    if usage.tokens_cached + usage.tokens_cache_written > usage.tokens_in:
        return None
    try:
        return _cost(model, provider, usage, now_unix)
    except _UNREADABLE:
        return None


def _cost(model: str, provider: str, usage: Usage, now_unix: float) -> float | None:
    rates = _rates(model, provider, int(now_unix) // _SAME_FOR_S)
    if rates is None:
        return _exact(model, provider, usage, now_unix)
    plain = usage.tokens_in - usage.tokens_cached - usage.tokens_cache_written
    read, written = usage.tokens_cached * rates.read, usage.tokens_cache_written * rates.written
    return plain * rates.plain + read + written + usage.tokens_out * rates.out


class _Rates(NamedTuple):
    """US dollars a token."""

    plain: float
    read: float
    written: float
    out: float


@lru_cache(maxsize=_MODELS)
def _rates(model: str, provider: str, minute: int) -> _Rates | None:
    """The rates of a model whose price does not depend on how many tokens there are; None for all others.

    genai-prices takes 70 us for a price; most are four products.
    """
    if _has_tiers(model, provider, minute):
        return None
    units = (Usage(_UNIT, 0), Usage(_UNIT, 0, _UNIT), Usage(_UNIT, 0, 0, _UNIT), Usage(0, _UNIT))
    costs = [_exact(model, provider, unit, minute * _SAME_FOR_S) for unit in units]
    known = [cost / _UNIT for cost in costs if cost is not None]
    return _Rates(*known) if len(known) == len(units) else None


def _has_tiers(model: str, provider: str, minute: int) -> bool:
    from genai_prices.types import TieredPrices  # loaded late: see the module

    if (found := _model(model, provider)) is None:
        return False
    prices = found[1].get_prices(datetime.fromtimestamp(minute * _SAME_FOR_S, UTC))
    return any(isinstance(price, TieredPrices) for price in vars(prices).values())


def _exact(model: str, provider: str, usage: Usage, now_unix: float) -> float | None:
    from genai_prices.types import Usage as Tokens  # loaded late: see the module

    if (found := _model(model, provider)) is None:
        return None
    tokens = Tokens(
        input_tokens=usage.tokens_in,
        cache_read_tokens=usage.tokens_cached,
        cache_write_tokens=usage.tokens_cache_written,
        output_tokens=usage.tokens_out,
    )
    when = datetime.fromtimestamp(now_unix, UTC)
    try:
        return float(found[1].calc_price(tokens, found[0], genai_request_timestamp=when).total_price)
    except (ValueError, LookupError):
        return None


@lru_cache(maxsize=_MODELS)
def _model(model: str, provider: str) -> tuple[Provider, ModelInfo] | None:
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot  # loaded late: see the module

    providers = get_snapshot().providers
    found = find_provider_by_id(providers, provider)
    if found is None or not model:
        return None
    info = found.find_model(model.lower(), all_providers=providers)
    return None if info is None else (found, info)


@lru_cache(maxsize=_MODELS)
def _known_provider(upstream: str) -> str:
    from genai_prices.data_snapshot import get_snapshot  # loaded late: see the module

    if not upstream:
        return ""
    return next((p.id for p in get_snapshot().providers if re.match(p.api_pattern, upstream)), "")
