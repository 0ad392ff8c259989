"""What a request cost: by public prices, exactly, or not known; never from the network."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from genai_prices import Usage as Tokens
from genai_prices import calc_price

from beastmode.store.prices import Usage, cost_of, provider_of
from tests.store.ledgers import NOON

USAGES = [Usage(1000, 200), Usage(1000, 200, 600), Usage(1000, 200, 600, 300), Usage(300_000, 5), Usage(0, 0)]


@pytest.mark.parametrize("usage", USAGES)
@pytest.mark.parametrize(
    ("model", "dialect", "provider"),
    [
        ("gpt-4o-mini", "openai", "openai"),
        ("claude-sonnet-4-5", "anthropic", "anthropic"),  # dearer beyond 200,000 tokens
        ("gemini-2.5-pro", "gemini", "google"),
    ],
)
def test_a_cost_is_what_genai_prices_says(usage: Usage, model: str, dialect: str, provider: str) -> None:
    tokens = Tokens(
        input_tokens=usage.tokens_in,
        output_tokens=usage.tokens_out,
        cache_read_tokens=usage.tokens_cached,
        cache_write_tokens=usage.tokens_cache_written,
    )
    price = calc_price(tokens, model, provider_id=provider).total_price
    assert cost_of(model, dialect, usage, NOON) == pytest.approx(float(price), abs=1e-12)


def test_cached_tokens_and_long_prompts_have_their_own_price() -> None:
    plain, cached = Usage(1000, 0), Usage(1000, 0, 1000)
    assert (cost_of("gpt-4o-mini", "openai", cached, NOON) or 0) < (
        cost_of("gpt-4o-mini", "openai", plain, NOON) or 0
    )
    short, long = (cost_of("claude-sonnet-4-5", "anthropic", Usage(n, 0), NOON) for n in (100_000, 300_000))
    assert short is not None
    assert long == pytest.approx(6 * short)


@pytest.mark.parametrize(
    ("model", "provider", "usage"),
    [
        ("a-model-of-my-own", "openai", Usage(1, 1)),
        ("gpt-4o-mini", "nobody", Usage(1, 1)),
        ("", "openai", Usage(1, 1)),
        ("x" * 10_000, "openai", Usage(1, 1)),
        ("gpt-4o-mini", "openai", Usage(10, 1, 11)),
        ("gpt-4o-mini", "openai", Usage(-1, 1)),
    ],
)
def test_what_has_no_price_says_so(model: str, provider: str, usage: Usage) -> None:
    assert cost_of(model, provider, usage, NOON) is None


def test_the_provider_at_a_known_address_sets_the_price() -> None:
    assert provider_of("https://api.groq.com/openai/v1", "openai") == "groq"
    assert provider_of("http://127.0.0.1:8000/v1", "openai") == "openai"
    assert provider_of("", "anthropic") == "anthropic"


def test_the_network_is_never_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert cost_of("gpt-4o", "openai", Usage(1, 1), NOON)


def test_prices_are_loaded_when_they_are_asked_for() -> None:
    loaded = "print('genai_prices' in sys.modules)"
    script = f"import sys, beastmode.store.prices as p; {loaded}; p.load(); {loaded}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_prices_that_cannot_be_read_fail_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where all descriptors are in use just when they are loaded."""
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    assert cost_of("a-model-nobody-asked-yet", "openai", Usage(1, 1), NOON) is None
    assert provider_of("https://nobody-asked-yet.example.com/v1", "anthropic") == "anthropic"
