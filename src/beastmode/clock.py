"""Time, passed in. Everything that waits or stamps gets a `Clock`; tests and simulations give their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings of time.

    monotonic: seconds that never jump, the same for all processes of a host since it booted (on Linux it
    stands still while the machine is suspended: a wait then ends late, never early). It must be the clock of
    the running event loop.   unix: seconds since 1970 UTC, as the machine believes it; it may jump.
    """

    monotonic: Callable[[], float] = time.monotonic
    unix: Callable[[], float] = time.time


SYSTEM_CLOCK = Clock()


def boot_id() -> str:
    """Names the boot of this machine: monotonic readings compare only within one boot. "" where unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
