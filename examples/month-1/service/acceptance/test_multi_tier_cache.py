"""Three tiers: memory, a database of this machine, a folder that machines share. What one forgets, the next knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.testing import World, a_world, text_of


def where(world: World, text: str = "hello") -> str:
    return world.chat(text).headers["x-cache"]


def test_with_no_places_named_there_is_memory_alone() -> None:
    world = a_world()
    assert [where(world), where(world)] == ["miss", "memory"]


def test_an_answer_outlives_the_process_in_l2(tmp_path: Path) -> None:
    database = str(tmp_path / "answers.db")
    before = a_world(cache_database=database)
    first = before.chat()
    assert where(before) == "L1"
    after = a_world(cache_database=database)
    reply = after.chat()
    assert (reply.headers["x-cache"], text_of(reply)) == ("L2", text_of(first))
    assert not after.backends.asked


def test_another_machine_finds_it_in_l3(tmp_path: Path) -> None:
    shared = str(tmp_path / "shared")
    a_world(cache_database=str(tmp_path / "one.db"), cache_folder=shared).chat()
    other = a_world(cache_database=str(tmp_path / "two.db"), cache_folder=shared)
    assert where(other) == "L3"


def test_a_hit_fills_the_tiers_above(tmp_path: Path) -> None:
    shared, database = str(tmp_path / "shared"), str(tmp_path / "two.db")
    a_world(cache_folder=shared).chat()
    other = a_world(cache_database=database, cache_folder=shared)
    assert [where(other), where(other)] == ["L3", "L1"]
    assert where(a_world(cache_database=database)) == "L2"


def test_what_memory_forgot_is_still_in_l2(tmp_path: Path) -> None:
    world = a_world(cache_entries=1, cache_database=str(tmp_path / "answers.db"))
    assert [where(world, text) for text in ("one", "two", "one")] == ["miss", "miss", "L2"]


def test_no_tier_makes_an_answer_hold_longer(tmp_path: Path) -> None:
    database, shared = str(tmp_path / "answers.db"), str(tmp_path / "shared")
    world = a_world(cache_ttl_s=60, cache_database=database, cache_folder=shared)
    world.chat()
    world.clock.now += 60
    assert where(world) == "miss"


@pytest.mark.parametrize("broken", ["cache_database", "cache_folder"])
def test_a_broken_tier_is_left_out(tmp_path: Path, broken: str) -> None:
    (tmp_path / "file").write_text("neither a database nor a folder\n" * 200)
    places = {"cache_database": str(tmp_path / "answers.db"), "cache_folder": str(tmp_path / "shared")}
    world = a_world(cache_entries=1, **(places | {broken: str(tmp_path / "file")}))
    assert [where(world), where(world, "another")] == ["miss", "miss"]
    assert where(world) == ("L3" if broken == "cache_database" else "L2")


def test_half_a_file_is_a_miss_and_mended(tmp_path: Path) -> None:
    a_world(cache_folder=str(tmp_path)).chat()
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(kept.read_bytes()[:10])
    assert where(a_world(cache_folder=str(tmp_path))) == "miss"
    assert where(a_world(cache_folder=str(tmp_path))) == "L3"
