"""What is asked often is asked again before its answer expires, so that no client waits for it."""

from __future__ import annotations

from router.settings import Settings
from router.testing import World, a_world
from router.warming import Warmer


def asked_by(world: World) -> list[str]:
    return [request["messages"][0]["content"] for _, request in world.backends.asked]


def test_an_answer_that_is_asked_for_often_never_expires_for_its_clients() -> None:
    world = a_world(cache_ttl_s=600)
    world.chat("often")
    world.chat("often")
    world.clock.now += 570
    assert Warmer(world.router, ahead_s=60).warm() == 1
    world.clock.now += 100
    assert world.chat("often").headers["x-cache"] != "miss"


def test_what_still_holds_for_long_is_left_alone() -> None:
    world = a_world(cache_ttl_s=600)
    world.chat("often")
    world.chat("often")
    world.clock.now += 500
    assert Warmer(world.router, ahead_s=60).warm() == 0


def test_what_was_asked_once_or_is_not_deterministic_is_not_asked_again() -> None:
    world = a_world(cache_ttl_s=600)
    world.chat("once")
    world.chat("dice", temperature=1)
    world.chat("dice", temperature=1)
    world.clock.now += 600
    assert Warmer(world.router).warm() == 0


def test_the_most_asked_go_first_and_no_more_than_is_allowed() -> None:
    world = a_world(cache_ttl_s=600)
    for text in ("two", "three", "two", "three", "four", "three", "four", "four", "four"):
        world.chat(text)
    world.clock.now += 600
    world.backends.asked.clear()
    assert Warmer(world.router, most=2).warm() == 2
    assert asked_by(world) == ["four", "three"]


def test_a_backend_that_fails_stops_nothing() -> None:
    world = a_world(cache_ttl_s=600)
    for text in ("one", "one"):
        world.chat(text)
        world.chat(text, model="m-large")
    world.clock.now += 600
    world.fail("far")
    assert Warmer(world.router).warm() == 1


def test_warming_is_no_request_of_a_client() -> None:
    world = a_world(cache_ttl_s=600)
    world.chat("often")
    world.chat("often")
    before = world.get("/requests").value, world.get("/stats").value
    world.clock.now += 600
    Warmer(world.router).warm()
    assert (world.get("/requests").value, world.get("/stats").value) == before


def test_how_much_is_warmed_is_a_setting_and_off_by_default() -> None:
    assert Settings(()).warm_most == 0
    assert Settings.read({"backends": [], "warm_most": 20}).warm_most == 20
