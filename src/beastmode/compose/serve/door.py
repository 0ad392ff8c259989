"""The door of a gateway: its keys, and whether they are needed where it listens."""

from __future__ import annotations

from pathlib import Path

from beastmode.addresses import is_loopback
from beastmode.clock import Clock
from beastmode.errors import PreconditionError, SettingError
from beastmode.gateway.doors.key_ring import KeyRing
from beastmode.gateway.doors.keys import Doorkeeper, Needed


def door_for(home: Path, host: str, needed: Needed, clock: Clock, most_waiting: int) -> Doorkeeper:
    """The doorkeeper of a gateway that listens on `host`. Where others can reach it, keys are needed.

    Raises SettingError and PreconditionError where others could reach it without a key, and KeysError.
    """
    loopback = is_loopback(host)
    if not loopback and needed == "optional":
        tip = "Leave the setting of keys out, or serve on 127.0.0.1."
        raise SettingError("other machines can reach this address, so a key is needed", where=host, tip=tip)
    ring = KeyRing(home, clock, most_waiting)
    if not loopback and not ring.opens(clock.unix()):
        tip = f"Make one, then start again: beast keys add NAME --home {home}"
        raise PreconditionError(
            "other machines can reach this address, and there is no key", where=host, tip=tip
        )
    return Doorkeeper(ring, clock, needed if loopback else "required")
