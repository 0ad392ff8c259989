"""Probing: a server is asked whether it is well, and what it says is kept as its health."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from beastmode.clock import Clock
from beastmode.failures.failure import Failure
from beastmode.safeguards.health import FRESH_S, Health
from beastmode.settings import Rate

Probe = Callable[[Callable[[], None]], Awaitable[Failure | None]]
"""Asks the server whether it is well; calls its argument at the instant the question leaves."""


class Probing:
    """Asks by `probe`, one question at a time.   lingers: the server may still be at work on the last one."""

    def __init__(self, probe: Probe, clock: Clock, rates: Sequence[Rate]) -> None:
        self.health = Health(fresh_s(rates))
        self.lingers = False
        self._probe, self._clock = probe, clock

    async def ask(self, stamp: Callable[[], float]) -> dict[str, Any]:
        """What is to be recorded of one probe.   stamp: it leaves now; the time. Called once."""
        self.lingers = False
        left: list[float] = []

        def leaves() -> None:
            if not left:
                left.append(stamp())
                self.lingers = True  # unless it is answered

        failure = await self._probe(leaves)
        leaves()
        self.lingers = failure is not None and failure.class_ == "timeout"
        ended = self._clock.monotonic()
        if failure is None:
            self.health.succeeded(ended, probe=True)
        else:
            self.health.failed(ended)
        told: dict[str, Any] = {"left_us": round(left[0] * 1e6), "ok": failure is None}
        return told if failure is None else told | {"class": failure.class_, "cause": failure.cause}


def fresh_s(rates: Sequence[Rate]) -> float:
    """How long evidence of health holds. At one start per window a probe and the start it allows cannot both be within
    a second."""
    singles = [rate.padded_span_s for rate in rates if rate.starts == 1]
    return max([FRESH_S, *(span_s + FRESH_S for span_s in singles)])
