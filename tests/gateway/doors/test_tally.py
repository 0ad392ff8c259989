"""Tally: the requests of an attempt in numbers, and what went wrong with the last of them."""

from __future__ import annotations

from typing import Any

import pytest

from beastmode.failures.failure import Failure
from beastmode.gateway.doors.tally import Tally
from beastmode.store.ledger.entry import Entry, Outcome

BUSY = Failure("rate_limit", "slow down", True, "wait", 1.0, throttle=True)
WRONG_KEY = Failure("auth", "no such key", False, "set it")


def entry(outcome: Outcome, **known: Any) -> Entry:
    given: dict[str, Any] = {"received_unix": 0.0, "dialect": "openai.chat", "tries": 1, "outcome": outcome}
    return Entry(**given | known)


def tally(*ended: tuple[Entry, Failure | None]) -> Tally:
    made = Tally()
    for one, failure in ended:
        made.ended(one, failure)
    return made


def test_only_what_was_asked_upstream_is_paid() -> None:
    used: dict[str, Any] = {"tokens_in": 10, "tokens_out": 5, "cost_usd": 0.5}
    made = tally(
        (entry("upstream_ok", **used), None),
        (entry("hit", **used | {"cost_usd": 0.0, "tries": 0}), None),
        (entry("shared", **used | {"cost_usd": 0.0, "tries": 0}), None),
    )
    assert (made.requests, made.hits, made.tokens_in, made.tokens_out, made.cost_usd) == (3, 2, 10, 5, 0.5)
    assert made.unpriced == 0


@pytest.mark.parametrize(
    ("one", "unpriced"),
    [
        (entry("upstream_ok", tokens_in=1, tokens_out=1), 1),
        (entry("cancelled"), 1),
        (entry("failed", status=429), 0),
        (entry("rejected", tries=0), 0),
        (entry("upstream_ok", dialect="other"), 0),
        (entry("upstream_ok", dialect="anthropic.count_tokens", tokens_in=1), 0),
    ],
)
def test_what_has_no_price_is_counted_as_such(one: Entry, unpriced: int) -> None:
    assert tally((one, None)).unpriced == unpriced


def test_the_last_that_asked_a_model_says_how_it_stands() -> None:
    good, bad = (entry("upstream_ok"), None), (entry("failed"), WRONG_KEY)
    assert tally(bad, good).failure is None
    assert tally(good, bad).failure is WRONG_KEY
    assert tally(bad, (entry("upstream_ok", dialect="other"), None)).failure is WRONG_KEY
    assert tally(good, (entry("failed", dialect="other"), WRONG_KEY)).failure is None
    assert tally(bad, (entry("cancelled"), None)).failure is WRONG_KEY
    assert tally(good, (entry("cancelled", tries=0), BUSY)).failure is BUSY


def test_refused_is_who_was_told_to_wait() -> None:
    ends = [(entry("failed"), BUSY), (entry("rejected"), BUSY), (entry("failed"), WRONG_KEY)]
    assert tally(*ends, (entry("cancelled"), BUSY), (entry("upstream_ok"), None)).refused == 2
