"""What the gateway itself says no to: the reason that was waited for most, and what would help."""

from __future__ import annotations

import math

from beastmode.failures.failure import Failure
from beastmode.gateway.rejections import held_back, not_recordable, too_many, waited_too_long
from beastmode.safeguards.limit_store import Hold

GONE = Failure("connection_refused", "said to somebody else", True, "Start the server.")


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


def test_who_waited_for_a_pause_is_told_when_it_ends_and_not_to_raise_a_limit() -> None:
    failure = waited_too_long(900.0, {"slot": 1.0, "rate_limit": 2.0}, closed_s=72_000.0).failure
    assert failure.retry_after_s == 72_000.0
    assert "asked to wait (rate_limit)" in failure.cause
    assert "--rate" not in failure.tip


def test_who_never_came_to_the_head_of_a_line_that_stands_still_is_told_so() -> None:
    failure = waited_too_long(900.0, {}, closed_s=math.inf).failure
    assert (failure.cause, failure.retry_after_s) == (
        "it waited 900 s in line: nothing leaves for the upstream",
        30.0,
    )


def test_a_line_that_is_full_since_nothing_leaves_says_why_and_what_to_do_about_that() -> None:
    failure = too_many(1000, Hold("breaker", 12.0), GONE).failure
    assert failure.cause.startswith("1000 requests are in line already: most calls to the upstream failed")
    assert failure.cause.endswith("(last: connection_refused)")
    assert (failure.tip.partition(".")[0], failure.retry_after_s) == ("Start the server", 12.0)
    assert "somebody else" not in failure.cause + failure.tip
    assert "--rate" in too_many(1000).failure.tip


def test_what_is_wrong_with_the_ledger_is_told_once_with_what_to_do_and_as_nobodys_quota() -> None:
    failure = not_recordable(
        "the request was not sent: ledger.db: it is no ledger\n  Move the file away."
    ).failure
    assert (failure.class_, failure.cause) == (
        "other",
        "the request was not sent: ledger.db: it is no ledger",
    )
    assert failure.tip == "Move the file away. Requests pass again as soon as the ledger can be written."
