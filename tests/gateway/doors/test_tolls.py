"""Tolls: what a request may cost is guessed with caution; what it has cost is what was told, or else the guess."""

from __future__ import annotations

from typing import Any

import pytest

from beastmode.gateway.dialects.protocol import Asked
from beastmode.gateway.doors.tolls import guess_of, spent_by
from beastmode.store.allowance import NO_USE, Use
from beastmode.store.ledger.entry import Entry

NOON = 1_764_072_000.0
GUESS = Use(1, 5000, 0.1, 0)


def asked(model: str) -> Asked:
    return Asked("openai.chat", model, most_tokens=1100)


def test_the_answer_is_dearer_than_the_prompt() -> None:
    """gpt-4o-mini: 0.15 and 0.60 USD a million."""
    guess = guess_of(asked("gpt-4o-mini"), b"x" * 300, "https://api.openai.com/v1", NOON)
    assert (guess.tokens, guess.unpriced) == (1100, 0)
    assert guess.usd == pytest.approx(100 * 0.15e-6 + 1000 * 0.60e-6)


def test_a_prompt_that_was_counted_before_is_not_counted_again() -> None:
    counted = asked("gpt-4o-mini")._replace(prompt_tokens=100)
    guess = guess_of(counted, b"", "https://api.openai.com/v1", NOON)
    assert guess.usd == pytest.approx(100 * 0.15e-6 + 1000 * 0.60e-6)


def test_a_model_without_a_price_counts_as_a_request_and_says_so() -> None:
    assert guess_of(asked("home-grown"), b"", "http://127.0.0.1:8000", NOON) == Use(1, 1100, 0.0, 1)


def test_what_asks_no_model_is_a_request_and_nothing_more() -> None:
    assert guess_of(Asked("other"), b"x" * 9000, "", NOON) == Use(1)


@pytest.mark.parametrize(
    ("known", "spent"),
    [
        ({"tries": 0, "tokens_in": 9, "cost_usd": 0.0}, NO_USE),
        ({"tokens_in": 9, "tokens_out": 3, "cost_usd": 0.5, "status": 200}, Use(1, 12, 0.5, 0)),
        ({"tokens_in": 9, "status": 200}, Use(1, 9, 0.0, 1)),
        ({"status": 429, "class_": "rate_limit"}, Use(1)),
        ({"class_": "connection_refused"}, Use(1)),
        ({"status": 200}, GUESS),
        ({"outcome": "cancelled"}, GUESS),
        ({"class_": "timeout"}, GUESS),
    ],
)
def test_what_a_record_says_that_was_spent(known: dict[str, Any], spent: Use) -> None:
    assert spent_by(Entry(received_unix=NOON, **{"tries": 1, **known}), GUESS) == spent
