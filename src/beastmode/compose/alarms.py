"""Alarms: what is wrong with the ledger or the cache is told once, and that it is well again too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from beastmode.cache.stack import Stack
from beastmode.store.ledger import Ledger

EVERY_S = 0.25
Tell = Callable[[str], None]


class Alarm:
    """Tells what is wrong with a part of the gateway: each reason once, until all is well again.

    why: what is wrong now and what to do, "" where all is well.   well: what to say then.
    raised: is told the alarm.   over: is told that it has passed.
    """

    def __init__(self, why: Callable[[], str], well: Callable[[], str], raised: Tell, over: Tell) -> None:
        self._why, self._well = why, well
        self._raised, self._over = raised, over
        self._told: set[str] = set()

    async def watch(self) -> None:
        """Look again and again; ends by being cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        why = self._why()
        if why and why not in self._told:
            self._told.add(why)
            self._raised(why)
        elif not why and self._told:
            self._told.clear()
            self._over(self._well())


def ledger_alarm(ledger: Ledger, raised: Tell, over: Tell) -> Alarm:
    """Of a ledger that cannot be written."""

    def well() -> str:
        lost = ledger.unwritten
        words = f"{lost} records are lost" if lost else "no record is lost"
        return f"the ledger can be written again; {words}"

    return Alarm(lambda: ledger.alarm, well, raised, over)


def cache_alarm(stack: Stack | None, raised: Tell, over: Tell) -> Alarm:
    """Of a cache whose database is left out."""
    why = (lambda: stack.warning) if stack is not None else (lambda: "")
    return Alarm(why, lambda: "the cache on disk is used again", raised, over)
