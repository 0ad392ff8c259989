"""The hit rate beside the one that was to be had, and what each tier gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from router.testing import World, a_world


def report(world: World) -> dict[str, Any]:
    reply = world.get("/hit-rate")
    assert reply.status == 200
    value: dict[str, Any] = reply.value
    return value


def test_a_cache_that_forgets_nothing_achieves_all_there_is() -> None:
    world = a_world()
    for text in ("one", "two", "one", "one"):
        world.chat(text)
    told = report(world)
    assert (told["requests"], told["cacheable"], told["hits"]) == (4, 4, 2)
    assert (told["hit_rate"], told["achievable"]) == (0.5, 0.5)


def test_a_cache_that_is_too_small_stays_below() -> None:
    world = a_world(cache_entries=1)
    for text in ("one", "two", "one", "two"):
        world.chat(text)
    assert (report(world)["hit_rate"], report(world)["achievable"]) == (0.0, 0.5)


def test_what_cannot_be_cached_counts_in_no_rate() -> None:
    world = a_world()
    for temperature in (0, 0, 1, 1):
        world.chat(temperature=temperature)
    told = report(world)
    assert (told["requests"], told["cacheable"], told["hit_rate"]) == (4, 2, 0.5)


def test_what_failed_counts_in_no_rate() -> None:
    world = a_world()
    world.chat("one")
    world.chat("one")
    world.fail("near", "far")
    world.chat("two")
    world.chat("two")
    told = report(world)
    assert (told["cacheable"], told["hits"], told["achievable"]) == (2, 1, 0.5)


def test_each_tier_is_told(tmp_path: Path) -> None:
    places = {"cache_database": str(tmp_path / "answers.db"), "cache_folder": str(tmp_path / "shared")}
    a_world(**places).chat("one")
    world = a_world(**places)
    for text in ("one", "one", "one", "two"):
        world.chat(text)
    assert report(world)["by_tier"] == {"L1": 2, "L2": 1}


def test_where_nothing_was_asked_there_is_no_rate() -> None:
    told = report(a_world())
    assert (told["requests"], told["hit_rate"], told["achievable"]) == (0, None, None)
