"""Time, passed in. Everything that waits or stamps gets a `Clock`; tests and simulations give their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LOOK_AGAIN_S = 30.0
"""A long wait looks at the time this often: timers stand still while the machine is suspended."""


def _boottime() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Clock:
    """Three readings of time, in seconds.

    monotonic: never jumps, the same for all processes of a host since it booted; on Linux it stands still while
    the machine is suspended, so what is measured by it comes late, never early. It must be the clock of the
    running event loop.   boottime: the same, but goes on during a suspend: long waits (a quota's reset) are
    measured by it, so that neither a suspend nor a changed wall clock shifts them.   unix: seconds since 1970
    UTC, as the machine believes it; it may jump, so it is recorded and shown, and nothing waits for it.
    """

    monotonic: Callable[[], float] = time.monotonic
    boottime: Callable[[], float] = _boottime
    unix: Callable[[], float] = time.time

    async def wait_until(self, boottime: float) -> None:
        """Return once `boottime` has come, never before."""
        while (remaining_s := boottime - self.boottime()) > 0:
            await asyncio.sleep(min(remaining_s, LOOK_AGAIN_S))


SYSTEM_CLOCK = Clock()


def boot_id() -> str:
    """Names the boot of this machine: monotonic readings compare only within one boot. "" where unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
