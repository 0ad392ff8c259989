"""The same deterministic question is asked once, as long as its answer holds."""

from __future__ import annotations

from router.testing import a_world, text_of


def test_the_same_question_is_asked_once() -> None:
    world = a_world()
    first, second = world.chat(), world.chat(user="somebody else")
    assert first.body == second.body
    assert first.headers["x-cache"] == "miss"
    assert second.headers["x-cache"] != "miss"
    assert len(world.backends.asked) == 1


def test_what_can_change_the_answer_is_asked_again() -> None:
    world = a_world()
    for fields in ({}, {"model": "m-large"}, {"max_tokens": 5}):
        world.chat(**fields)
    world.chat("another question")
    assert len(world.backends.asked) == 4


def test_only_deterministic_requests_are_remembered() -> None:
    world = a_world()
    assert text_of(world.chat(temperature=1)) != text_of(world.chat(temperature=1))


def test_an_answer_holds_for_its_time() -> None:
    world = a_world(cache_ttl_s=60)
    world.chat()
    world.clock.now += 60
    assert world.chat().headers["x-cache"] == "miss"


def test_memory_forgets_what_was_not_used_for_longest() -> None:
    world = a_world(cache_entries=2)
    for text in ("one", "two", "one", "three"):
        world.chat(text)
    assert world.chat("one").headers["x-cache"] != "miss"
    assert world.chat("two").headers["x-cache"] == "miss"


def test_a_failure_is_not_remembered() -> None:
    world = a_world()
    world.fail("near", "far")
    assert world.chat().status == 502
    world.backends.failing.clear()
    assert world.chat().status == 200
