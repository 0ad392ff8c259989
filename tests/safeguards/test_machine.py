"""Machine: no more at once than memory and cores bear, from made-up readings; and the reading of this one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from beastmode.safeguards.machine import STEP_S, Machine, WithinMachine, look, room_of
from beastmode.safeguards.pressure import Pressure

GB = 1e9
BEFORE = Machine(50 * GB, 64 * GB, 0.5, 4)


def now(available_gb: float, load: float = 1.0) -> Machine:
    return Machine(available_gb * GB, 64 * GB, load, 4)


@pytest.mark.parametrize(
    ("machine", "at_work", "room"),
    [
        (now(50), 0, "free"),
        (now(30), 3, "free"),
        (now(12), 6, "tight"),  # 6.3 GB each: with one more, less than a tenth would be left
        (now(2), 6, "short"),
        (now(50, load=9), 6, "tight"),
        (now(50, load=30), 6, "short"),
    ],
)
def test_there_is_room_for_one_more_where_memory_and_cores_are_left(
    machine: Machine, at_work: int, room: str
) -> None:
    assert room_of(machine, at_work, BEFORE) == room


def test_a_level_is_held_where_it_is_tight_and_lowered_step_by_step_where_it_is_short() -> None:
    pressure = Pressure()
    pressure.limit = 10
    level = WithinMachine(pressure)
    level.looked(100.0, "free", 6)
    assert (level.limit, level.why) == (10, "start")
    level.looked(101.0, "tight", 6)
    assert (level.limit, level.why) == (6, "machine")
    level.looked(102.0, "short", 6)
    level.looked(103.0, "short", 6)
    assert level.limit == 5
    level.looked(102.0 + STEP_S, "short", 1)
    assert level.limit == 1, "one always goes on"
    level.looked(120.0, "free", 1)
    assert level.limit == 10


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_this_machine_is_seen_and_a_container_by_its_own_limit(tmp_path: Path) -> None:
    here = look()
    assert here is not None
    assert 0 < here.available <= here.total
    assert here.cores >= 1
    (tmp_path / "memory.max").write_text(f"{1 << 20}\n")
    (tmp_path / "memory.current").write_text(f"{1 << 19}\n")
    inside = look(cgroup=tmp_path)
    assert inside is not None
    assert (inside.total, inside.available) == (1 << 20, 1 << 19)
    assert look(meminfo=tmp_path / "nothing") is None
