"""Limits as the journal has them: made plain and read back, each by its name, and said in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from beastmode.runner.code.coding import ModelServer
from beastmode.runner.people import SERVER
from beastmode.settings import Auto, Rate, TokenRate, parse_concurrency, parse_rates, parse_token_rates


def rates_in(data: Sequence[dict[str, Any]]) -> tuple[Rate, ...]:
    """Rates as the journal has them."""
    return tuple(Rate(rate["starts"], rate["span_s"]) for rate in data)


def plain_rates(rates: Sequence[Rate]) -> list[dict[str, Any]]:
    """Rates for the journal, each with the window that is really kept."""
    return [{"starts": r.starts, "span_s": r.span_s, "padded_s": r.padded_span_s} for r in rates]


def plain_tokens(rates: Sequence[TokenRate]) -> list[dict[str, Any]]:
    """Rates of tokens for the journal."""
    return [{"tokens": rate.tokens, "span_s": rate.span_s} for rate in rates]


def tokens_in(data: Sequence[dict[str, Any]]) -> tuple[TokenRate, ...]:
    """Rates of tokens as the journal has them."""
    return tuple(TokenRate(rate["tokens"], rate["span_s"]) for rate in data)


def plain_at_once(concurrency: int | None) -> int | str | None:
    """A concurrency that was asked for, for the journal: an `auto` as it is written."""
    return concurrency.written if isinstance(concurrency, Auto) else concurrency


def at_once_in(data: int | str | None) -> int | None:
    """A concurrency that was asked for, as the journal has it."""
    return None if data is None else parse_concurrency(data)


def plain_server(server: ModelServer) -> dict[str, Any]:
    """What a model server bears, for the journal."""
    return {
        "concurrency": plain_at_once(server.concurrency),
        "rates": plain_rates(server.rates),
        "tokens": plain_tokens(server.tokens),
    }


def flat(limits: dict[str, Any]) -> dict[str, Any]:
    """Each limit by its name: `concurrency`, `server.rates`."""
    own = {name: value for name, value in limits.items() if name != SERVER}
    return own | {f"{SERVER}.{name}": value for name, value in limits.get(SERVER, {}).items()}


def nested(limits: dict[str, Any]) -> dict[str, Any]:
    """As the journal has them."""
    server = {
        name.removeprefix(f"{SERVER}."): value for name, value in limits.items() if name.startswith(SERVER)
    }
    own = {name: value for name, value in limits.items() if not name.startswith(SERVER)}
    return {**own, SERVER: server} if server else own


def limits_words(limits: dict[str, Any]) -> str:
    """Limits in words, as the journal has them: `at most 1 task at once, 2/s starts`."""
    return ", ".join(_WORDS[name](value) for name, value in flat(limits).items() if name in _WORDS)


def _at_once(asked: int | str | None, noun: str) -> str:
    most = at_once_in(asked)
    return (
        f"no limit on {noun}s at once"
        if most is None
        else f"at most {most} {noun}{'s' * (most != 1)} at once"
    )


def _rates(rates: Sequence[object], noun: str) -> str:
    return f"{' and '.join(map(str, rates))} {noun}" if rates else f"no limit on {noun}"


_WORDS: dict[str, Callable[[Any], str]] = {
    "concurrency": lambda most: _at_once(most, "task"),
    "rates": lambda data: _rates(rates_in(data), "starts"),
    f"{SERVER}.concurrency": lambda most: _at_once(most, "request"),
    f"{SERVER}.rates": lambda data: _rates(rates_in(data), "requests"),
    f"{SERVER}.tokens": lambda data: _rates(tokens_in(data), "tokens"),
}


def see_limits(limits: dict[str, Any]) -> None:
    """Raise what Python raises where these are none, or SettingError where nothing could ever start under them."""
    for name, value in flat(limits).items():
        if name.endswith("concurrency"):
            parse_concurrency("none" if value is None else value)
        elif name.endswith("tokens"):
            parse_token_rates(", ".join(map(str, tokens_in(value))) or "none")
        elif name.endswith("rates"):
            parse_rates(", ".join(map(str, rates_in(value))) or "none")
        else:
            raise LookupError(name)
