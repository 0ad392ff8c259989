"""Machine: whether this one has memory and CPU to spare for one more at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beastmode.safeguards.following import Level
from beastmode.safeguards.slowness import Measure

RESERVE, LAST = 0.10, 0.04
"""Of the memory. Six subagents of Claude Code took 43.5 GB with their node processes, and the kernel ended what it
liked: below the first nothing more begins, below the second fewer go on."""
BUSY, JAMMED = 2.0, 6.0
"""Processes that want to run for each core, over a minute. Twenty-four agents froze a server of two cores; twice as
many as cores is what builds and tests are used to."""
STEP_S = 10.0
"""Between two steps down: what has ended gives its memory back, and the load of a minute follows slowly."""

Room = Literal["free", "tight", "short"]
"""For one more at once; for none; for fewer."""


@dataclass(frozen=True, slots=True)
class Machine:
    """available, total: bytes of memory that processes here may have.   load: processes that want to run, over a
    minute."""

    available: float
    total: float
    load: float
    cores: int


def room_of(now: Machine, at_work: int, before: Machine) -> Room:
    """Is there room for one more like those at work?   before: when none was."""
    each = max(0.0, before.available - now.available) / max(1, at_work)
    busy = max(0.0, now.load - before.load) / now.cores
    if now.available < LAST * now.total or busy > JAMMED:
        return "short"
    if now.available - each < RESERVE * now.total or busy > BUSY:
        return "tight"
    return "free"


class WithinMachine:
    """A `Level` that is never more than this machine bears."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self._most: int | None = None
        self._stepped_at = -STEP_S

    @property
    def ceiling(self) -> int:
        return self.level.ceiling

    @property
    def limit(self) -> int:
        return self.level.limit if self._most is None else max(1, min(self.level.limit, self._most))

    @property
    def why(self) -> str:
        return self.level.why if self._most is None or self.level.limit <= self._most else "machine"

    def looked(self, now: float, room: Room, at_work: int) -> None:
        """How it looks here.   now: monotonic, s.   at_work: at once."""
        if room == "free":
            self._most = None
        elif room == "tight":
            self._most = max(1, at_work if self._most is None else self._most)
        elif now >= self._stepped_at + STEP_S:
            self._most, self._stepped_at = max(1, min(at_work, self.limit) - 1), now

    def succeeded(self, now: float, left_at: float, at_once: int, took: Measure | None) -> None:
        self.level.succeeded(now, left_at, at_once, took)

    def dropped(self, now: float, left_at: float, at_once: int) -> None:
        self.level.dropped(now, left_at, at_once)

    def others_use(self, at_once: int) -> None:
        self.level.others_use(at_once)


_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def look(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> Machine | None:
    """This machine now, or the container it is seen from. None where that cannot be seen: macOS has no /proc."""
    try:
        lines = (line.split() for line in meminfo.read_text(encoding="ascii").splitlines())
        kib = {line[0]: float(line[1]) for line in lines if len(line) > 1}
        total, available = kib["MemTotal:"] * 1024, kib["MemAvailable:"] * 1024
        load = os.getloadavg()[0]
    except (OSError, KeyError, ValueError):
        return None
    most, used = _number(cgroup / "memory.max"), _number(cgroup / "memory.current")
    if most is not None and used is not None and most < total:
        total, available = most, min(available, max(0.0, most - used))
    return Machine(available, total, load, len(os.sched_getaffinity(0)))


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max": no limit
        return None
