"""Bugs to plant into the product, to show that the crash tests find them. Each makes its own process worse for good."""

from __future__ import annotations

import asyncio

from beastmode.events import ATTEMPT_ENDED, Event
from beastmode.runner import progress
from beastmode.runner.processes import watchdog
from beastmode.store.journal.journal import Journal


def acknowledge_early() -> None:
    """The journal says that an event is safe 20 ms before it writes it."""
    flush = Journal._flush

    def too_soon(self: Journal) -> None:
        for _, written in self._pending:
            if not written.done():
                written.set_result(None)
        asyncio.get_running_loop().call_later(0.02, flush, self)

    Journal._flush = too_soon  # type: ignore[method-assign]


def no_watchdog() -> None:
    """Nothing ends what a killed runner had started."""

    def register_only(self: watchdog.Watchdog) -> None:
        if self._register < 0:
            self._register = watchdog._shared_memory()

    watchdog.Watchdog.start = register_only  # type: ignore[method-assign]


def forget_results() -> None:
    """Resume does not see that a task has a result."""
    ended = progress._HANDLERS[ATTEMPT_ENDED]

    def as_interrupted(self: progress.Progress, event: Event) -> None:
        event.data["end"] = "interrupted"
        ended(self, event)

    progress._HANDLERS[ATTEMPT_ENDED] = as_interrupted


BUGS = {bug.__name__: bug for bug in (acknowledge_early, no_watchdog, forget_results)}
