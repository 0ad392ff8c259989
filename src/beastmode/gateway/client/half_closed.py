"""Half closed: a client that has closed its side may still wait for its answers.

One that has gone looks just the same, until something is sent to it. So the first bytes of the next answer, which are
the same for all, go out ahead, a few at a time; and the machine of one that has gone says so.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

_LOOK_S = 0.002
_MOST_LOOK_S = 0.25
_RARER = 4
"""A byte is followed by another when this many times as many looks have passed: nine last for more than an hour."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls back after so many seconds."""


class HalfClosed:
    """Finds out when the client of a connection goes that has closed its side, and cuts the connection then.

    say: sends the next byte of an answer that has not begun.   call_later: begins the next look.
    """

    def __init__(self, transport: asyncio.Transport, say: Callable[[], None], call_later: Later) -> None:
        self._transport, self._say, self._call_later = transport, say, call_later
        self._looks, self._say_at, self._pause_s = 0, 0, _LOOK_S

    def look(self) -> None:
        """Look now, and again and again until the connection is closed."""
        if self._transport.is_closing():
            return
        if _has_gone(self._transport):
            self._transport.abort()
            return
        if self._looks == self._say_at:
            self._say_at = max(1, self._say_at * _RARER)
            self._say()
        self._looks += 1
        self._call_later(self._pause_s, self.look)
        self._pause_s = min(_MOST_LOOK_S, 2 * self._pause_s)


def _has_gone(transport: asyncio.Transport) -> bool:
    """Its machine has answered that nobody is there."""
    own: socket.socket = transport.get_extra_info("socket")
    return own.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
