"""Alarms: what is wrong with the ledger is told once, and that it is well again too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from beastmode.store.ledger import Ledger

EVERY_S = 0.25
Tell = Callable[[str], None]


class LedgerAlarm:
    """Tells what its ledger's alarm says: each reason once, until the ledger can be written again.

    raised: is told the alarm.   over: is told that it has passed.
    """

    def __init__(self, ledger: Ledger, raised: Tell, over: Tell) -> None:
        self._ledger, self._raised, self._over = ledger, raised, over
        self._told: set[str] = set()

    async def watch(self) -> None:
        """Look again and again; ends by being cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        alarm = self._ledger.alarm
        if alarm and alarm not in self._told:
            self._told.add(alarm)
            self._raised(alarm)
        elif not alarm and self._told:
            self._told.clear()
            lost = self._ledger.unwritten
            words = f"{lost} records are lost" if lost else "no record is lost"
            self._over(f"the ledger can be written again; {words}")
