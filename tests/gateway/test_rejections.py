"""What the gateway itself says no to: the reason that was waited for most, and what would help."""

from __future__ import annotations

import math

from beastmode.gateway.rejections import held_back, waited_too_long


def test_who_waited_for_tokens_is_told_so_and_which_limit_to_raise() -> None:
    rejected = waited_too_long(900.0, {"slot": 1.0, "tokens": 800.0, "rate": 99.0})
    assert rejected.status == 503
    assert "tokens of the window" in rejected.failure.cause
    assert "--tokens" in rejected.failure.tip
    assert "--rate" not in rejected.failure.tip


def test_who_waited_for_anything_else_is_told_of_the_other_limits() -> None:
    rejected = waited_too_long(900.0, {"slot": 2.0, "tokens": 1.0})
    assert "all slots" in rejected.failure.cause
    assert "--rate, --upstream-concurrency" in rejected.failure.tip


def test_what_waits_for_ever_names_a_time_to_come_back() -> None:
    assert held_back("unhealthy", math.inf).failure.retry_after_s == 30.0
