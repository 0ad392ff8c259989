"""A question that only words differently is answered from the cache; one that asks for something else never."""

from __future__ import annotations

from typing import Any

import pytest

from router.testing import a_world, text_of

QUESTION = "Please explain how the garbage collector of CPython finds reference cycles in a large heap"
REWORDED = "Explain how the garbage collector of CPython finds reference cycles in a large heap, please"


def answered_alike(first: str, second: str, similar_from: float = 0.8, **fields: Any) -> bool:
    """Whether `second`, asked with `fields`, gets the answer to `first`."""
    world = a_world(similar_from=similar_from)
    answer = world.chat(first)
    return text_of(world.chat(second, **fields)) == text_of(answer)


def test_a_question_in_other_words_is_a_hit_and_says_so() -> None:
    world = a_world(similar_from=0.8)
    world.chat(QUESTION)
    reply = world.chat(REWORDED)
    assert reply.headers["x-cache"] == "similar"
    assert len(world.backends.asked) == 1
    assert world.chat(QUESTION).headers["x-cache"] == "memory"


def test_nothing_is_similar_unless_it_is_asked_for() -> None:
    world = a_world()
    world.chat(QUESTION)
    assert world.chat(REWORDED).headers["x-cache"] == "miss"


def test_another_question_is_another_question() -> None:
    assert not answered_alike(QUESTION, "Write a poem about the large heap of leaves in my garden")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 entries", "50 entries"),
        ("version 3.11", "version 3.12"),
        ("`max_size`", "`min_size`"),
        ("cache.py", "stores.py"),
        ("userName", "userNames"),
        ("the text 'left'", "the text 'right'"),
        ("a city in Norway", "a city in Sweden"),
        ("what is allowed", "what is not allowed"),
        ("with a limit", "without a limit"),
    ],
)
def test_what_an_answer_hangs_on_vetoes_however_alike_the_rest(one: str, other: str) -> None:
    text = (
        "In the settings of the service that we run for the team, show me in a few words how to get {} right"
    )
    asked, otherwise = text.format(one), text.format(other)
    assert not answered_alike(asked, otherwise)
    assert answered_alike(asked, f"{asked}, please")


def test_numbers_that_change_places_are_another_question() -> None:
    text = "How long does it take to copy a file of {} GB over a line of {} Mbit when nobody else uses it"
    asked, otherwise = text.format(5, 100), text.format(100, 5)
    assert not answered_alike(asked, otherwise)


def test_only_the_last_words_of_the_user_may_differ() -> None:
    told = [{"role": "system", "content": "Answer in French"}, {"role": "user", "content": REWORDED}]
    assert not answered_alike(QUESTION, REWORDED, messages=told)
    assert not answered_alike(QUESTION, REWORDED, max_tokens=5)
    assert not answered_alike(QUESTION, REWORDED, model="m-large")
    assert not answered_alike(QUESTION, REWORDED, temperature=1)


def test_a_similar_answer_holds_no_longer_than_its_own_time() -> None:
    world = a_world(similar_from=0.8, cache_ttl_s=60)
    world.chat(QUESTION)
    world.clock.now += 60
    assert world.chat(REWORDED).headers["x-cache"] == "miss"
