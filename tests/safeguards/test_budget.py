"""Budget: what is reserved is spoken for, so that many who ask at once cannot overdraw it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.safeguards.budget import Budget, Purse
from beastmode.store.allowance import Allowance, Use, ends_unix, parse_allowances, period_names

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


NOON = 1_764_072_000.0
guesses = st.builds(Use, st.just(1), st.integers(0, 50), st.integers(0, 50), st.just(0))
limits = st.lists(
    st.builds(
        Allowance,
        st.integers(1, 100),
        st.sampled_from(["usd", "tokens", "requests"]),
        st.sampled_from(["day", "month"]),
    ),
    min_size=1,
    max_size=3,
)
calls = st.lists(st.tuples(st.booleans(), guesses, guesses, st.integers(0, 99)), max_size=60)


def over(purse: Purse, allowance: Allowance) -> float:
    """By how much it is passed now."""
    day, month = period_names(NOON)
    return allowance.used(purse.used_in(day if allowance.period == "day" else month)) - allowance.amount


@given(limits, calls)
def test_a_purse_is_passed_by_no_more_than_one_call_and_what_guesses_were_short_of(
    allowances: list[Allowance], acts: list[tuple[bool, Use, Use, int]]
) -> None:
    purse, held = Purse(allowances), list[Use]()
    dearest, short = dict.fromkeys(allowances, 0.0), dict.fromkeys(allowances, 0.0)
    for enters, guess, spent, which in acts:
        if enters and purse.fits(guess, NOON):
            purse.reserve(guess)
            held.append(guess)
        elif not enters and held:
            guessed = held.pop(which % len(held))
            purse.settle(guessed, spent, NOON)
            for one in allowances:
                dearest[one] = max(dearest[one], one.used(spent))
                short[one] += max(0.0, one.used(spent) - one.used(guessed))
        assert all(over(purse, one) <= dearest[one] + short[one] for one in allowances)


@given(limits, st.lists(guesses, max_size=30))
def test_where_guesses_hold_a_purse_is_passed_only_by_a_call_that_went_alone(
    allowances: list[Allowance], asked: list[Use]
) -> None:
    """Ten ask at once, again and again; each spends all that was guessed."""
    purse, at_work = Purse(allowances), list[Use]()
    for guess in asked:
        if not purse.fits(guess, NOON) or len(at_work) == 10:
            together = len(at_work) > 1
            for one in at_work:
                purse.settle(one, one, NOON)
            assert not together or all(over(purse, one) <= 0 for one in allowances)
            at_work = []
        if purse.fits(guess, NOON):
            purse.reserve(guess)
            at_work.append(guess)


@given(limits, st.lists(guesses, min_size=1, max_size=30))
def test_what_is_given_back_leaves_the_purse_as_it_was(allowances: list[Allowance], asked: list[Use]) -> None:
    purse, fresh = Purse(allowances), Purse(allowances)
    taken = []
    for guess in asked:
        if purse.fits(guess, NOON):
            purse.reserve(guess)
            taken.append(guess)
    assert taken
    for guess in taken:
        purse.settle(guess, Use(), NOON)
    assert all(purse.fits(guess, NOON) == fresh.fits(guess, NOON) for guess in asked)
    assert purse.spent_out(NOON) is None


def test_a_new_day_begins_with_a_full_purse_and_the_month_goes_on() -> None:
    purse = Purse(parse_allowances("1requests/day,2requests/month"))
    tomorrow = ends_unix("day", NOON)
    for now in (NOON, tomorrow):
        assert purse.fits(Use(1), now)
        purse.reserve(Use(1))
        purse.settle(Use(1), Use(1), now)
        spent = purse.spent_out(now)
        assert spent is not None
    assert str(spent) == "2requests/month"
    assert purse.spent_out(ends_unix("month", tomorrow)) is None


def test_a_call_dearer_than_the_rest_goes_alone() -> None:
    purse = Purse(parse_allowances("100tokens/day"))
    assert purse.fits(Use(1, 4096), NOON)
    purse.reserve(Use(1, 4096))
    assert not purse.fits(Use(1, 1), NOON)
    assert purse.spent_out(NOON) is None
    purse.settle(Use(1, 4096), Use(1, 20), NOON)
    assert purse.fits(Use(1, 80), NOON)
