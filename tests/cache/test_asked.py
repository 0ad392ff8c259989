"""What was asked for before is known for as long as an answer would be kept, and nothing else is."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from beastmode.cache.asked import Asked

SPAN_S = 60
NOON = 1_764_072_000.0


def key(number: int) -> bytes:
    return blake2b(str(number).encode(), digest_size=32).digest()


def test_a_key_is_known_from_its_second_time_on() -> None:
    asked = Asked(SPAN_S)
    assert [asked.note(key(one), NOON) for one in (1, 2, 1, 2, 3)] == [False, False, True, True, False]


def test_it_is_forgotten_when_its_answer_would_have_expired_and_not_before() -> None:
    asked = Asked(86_400)
    assert not asked.note(key(1), NOON)
    assert not asked.note(key(2), NOON + 0.5)
    assert asked.note(key(1), NOON + 86_399)
    assert not asked.note(key(2), NOON + 86_402)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40)), max_size=80))
def test_within_the_span_nothing_is_forgotten_and_nothing_is_made_up(
    steps: list[tuple[int, int]],
) -> None:
    asked, last, now = Asked(SPAN_S, cells=64), dict[int, float](), NOON
    for number, later_s in steps:
        now += later_s
        assert asked.note(key(number), now) == (now - last.get(number, 0) <= SPAN_S)
        last[number] = now


@given(st.integers(2, 8), st.data())
def test_of_too_many_at_least_the_newest_are_known(power: int, data: st.DataObject) -> None:
    asked = Asked(SPAN_S, cells=1 << power)
    numbers = data.draw(st.lists(st.integers(0, 4 << power), min_size=1, max_size=4 << power))
    for number in numbers:
        asked.note(key(number), NOON)
    newest = list(dict.fromkeys(reversed(numbers)))
    assert asked.note(key(newest[min(len(newest), asked.most) - 1]), NOON)


def test_keys_that_are_told_of_later_and_are_older_take_nothing_away() -> None:
    asked = Asked(SPAN_S)
    asked.note(key(1), NOON)
    asked.note(key(1), NOON - 50)
    asked.note(key(2), NOON - 50)
    assert asked.note(key(1), NOON + 55)
    assert not asked.note(key(2), NOON + 55)


def test_a_clock_that_was_set_back_forgets_nothing() -> None:
    asked = Asked(SPAN_S)
    asked.note(key(1), NOON)
    assert asked.note(key(1), NOON - 86_400)


def test_where_it_is_full_of_a_day_s_keys_it_still_tells_them_apart() -> None:
    asked = Asked(86_400)
    for number in range(2 * asked.most - 1):
        asked.note(key(number), NOON)
    assert not any(asked.note(key(-number), NOON) for number in range(1, 2_000))
