"""Alarms: what is wrong with a part of the gateway is told once, and that it is well again too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

EVERY_S = 0.25
Tell = Callable[[str], None]


class Alarm:
    """Tells what is wrong with one part: each reason once, until the part is well again.

    wrong: what it is now and what to do, "" where all is well.   well: that it has passed, in words.
    raised: is told what is wrong.   over: is told that it has passed.
    """

    def __init__(self, wrong: Callable[[], str], well: Callable[[], str], raised: Tell, over: Tell) -> None:
        self._wrong, self._well, self._raised, self._over = wrong, well, raised, over
        self._told: set[str] = set()

    def look(self) -> None:
        wrong = self._wrong()
        if wrong and wrong not in self._told:
            self._told.add(wrong)
            self._raised(wrong)
        elif not wrong and self._told:
            self._told.clear()
            self._over(self._well())


async def watch(alarms: Sequence[Alarm]) -> None:
    """Look at all of them again and again; ends by being cancelled."""
    while True:
        for alarm in alarms:
            alarm.look()
        await asyncio.sleep(EVERY_S)
