"""Silence: servers that say nothing for too long, found by a look now and then. A timer for each piece of an answer
took a twentieth of what a request takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

_LOOKS = 20
"""In the longest silence."""


class Listener(Protocol):
    """Somebody who waits for a server to say something."""

    def heard(self) -> object:
        """How far it has come, in whatever terms; None while it need not say anything."""

    def give_up(self) -> None:
        """It has said nothing for too long."""


class Silence:
    """Lets those who are added give up, once they have listened to silence for `longest_s` seconds and at most a tenth
    more. To be used from one event loop.

    monotonic: s.   call_later: calls back after so many seconds.
    """

    def __init__(
        self,
        longest_s: float,
        monotonic: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], asyncio.TimerHandle],
    ) -> None:
        self._longest_s, self._monotonic, self._call_later = longest_s, monotonic, call_later
        self._since: dict[Listener, tuple[object, float]] = {}
        self._next_look: asyncio.TimerHandle | None = None

    def add(self, listener: Listener) -> None:
        """It listens from now on, until it is left out or gives up."""
        self._since[listener] = None, 0.0
        if self._next_look is None:
            self._look_later()

    def leave_out(self, listener: Listener) -> None:
        """It listens no more. Idempotent."""
        self._since.pop(listener, None)

    def look(self) -> None:
        """Let those give up who have heard nothing for too long."""
        now = self._monotonic()
        for listener, (before, since) in list(self._since.items()):
            heard = listener.heard()
            if heard is None or heard != before:
                self._since[listener] = heard, now
            elif now - since >= self._longest_s:
                del self._since[listener]
                listener.give_up()
        self._next_look = None
        if self._since:
            self._look_later()

    def close(self) -> None:
        """Look no more."""
        if self._next_look is not None:
            self._next_look.cancel()

    def _look_later(self) -> None:
        self._next_look = self._call_later(self._longest_s / _LOOKS, self.look)
