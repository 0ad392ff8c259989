"""Routes: which upstreams may answer a request, and in what order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.failure import Failure
from beastmode.gateway.routes import Routes, in_turn, may_help_elsewhere


@pytest.mark.parametrize(
    ("model", "order"),
    [("gpt-5", ("a", "b")), ("gpt-5-mini", ("b",)), ("claude", ("a", "b", "c")), ("", ("a", "b", "c"))],
)
def test_the_first_pattern_that_fits_counts(model: str, order: tuple[str, ...]) -> None:
    routes = Routes(["a", "b", "c"], [("gpt-?-*", ["b"]), ("gpt-*", ["a", "b"])])
    assert routes.of(model) == order


def test_no_model_is_left_without_an_upstream() -> None:
    with pytest.raises(ValueError, match="needs an upstream"):
        Routes([])
    with pytest.raises(ValueError, match="needs an upstream"):
        Routes(["a"], [("gpt-*", [])])


@given(st.lists(st.sampled_from([0.0, 0.0, 1.0, 5.0, float("inf")]), max_size=8))
def test_the_open_ones_come_first_as_listed_then_those_that_open_first(waits: list[float]) -> None:
    order = in_turn(range(len(waits)), lambda one: waits[one])
    assert sorted(one for one, _ in order) == list(range(len(waits)))
    assert [(waits[one] > 0, waits[one], one) for one, _ in order] == sorted(
        (wait > 0, wait, one) for one, wait in enumerate(waits)
    )
    assert all(closed == (waits[one] > 0) for one, closed in order)


@pytest.mark.parametrize(
    ("failure", "helps"),
    [
        (Failure("overloaded", "busy", True, "", scope="upstream"), True),
        (Failure("auth", "wrong key", False, "", scope="key"), True),
        (Failure("not_found_model", "unknown", False, "", scope="model"), True),
        (Failure("quota_exhausted", "used up", "after", "", scope="key"), True),
        (Failure("truncated_stream", "cut", True, "", scope="upstream"), True),
        (Failure("bad_request", "wrong", False, "", scope="request"), False),
        (Failure("context_length", "too long", False, "", scope="request"), False),
    ],
)
def test_another_upstream_is_asked_unless_the_request_is_wrong(failure: Failure, helps: bool) -> None:
    assert may_help_elsewhere(failure) is helps
