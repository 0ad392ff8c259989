"""Budget: what is reserved is spoken for, so that many who ask at once cannot overdraw it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.safeguards.budget import Budget

acts = st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 20)), max_size=60)


@given(st.one_of(st.none(), st.integers(0, 100)), acts)
def test_used_and_reserved_never_pass_the_limit(limit: int | None, acts: list[tuple[bool, int, int]]) -> None:
    """As long as nobody spends more than was reserved."""
    budget, held, spent = Budget(limit), list[int](), 0
    for reserves, amount, share in acts:
        if reserves:
            fits = limit is None or spent + sum(held) + amount <= limit
            assert budget.reserve(amount) == fits
            held += [amount] * fits
        elif held:
            reserved = held.pop(share % len(held))
            budget.settle(reserved, min(share, reserved))
            spent += min(share, reserved)
        assert (budget.used, budget.reserved) == (spent, sum(held))


def test_more_may_be_spent_than_was_reserved_and_then_nothing_more_is_given() -> None:
    budget = Budget(10.0)
    assert budget.reserve(8.0)
    budget.settle(8.0, 12.0)
    assert budget.used == 12.0
    assert not budget.reserve(0.5)
