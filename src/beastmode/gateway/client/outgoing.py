"""Outgoing: what the answers on one connection write, in one write for each turn of the event loop.

A client that waits is woken by each write. Woken after the first of many answers, it goes back to sleep before the
next one is there, and waking it costs this process more than the write. And a head and its body leave together.
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios

BEGINNING = b"HTTP/1.1 "
"""Of every answer."""
_MOST_BYTES = 64 * 1024
"""What is more goes out at once, so that the transport says when it has enough."""


class Outgoing:
    """Stands in for the transport where answers are written."""

    __slots__ = ("_ahead", "_bytes", "_loop", "_pieces", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._pieces: list[bytes] = []
        self._bytes = self._ahead = 0

    def begin(self) -> None:
        """Send one more byte of the next answer, though nothing of it is there yet; nothing more when all have gone
        that are the same for every answer."""
        at = self._ahead
        if at < len(BEGINNING):
            self.flush()
            self._transport.write(BEGINNING[at : at + 1])
            self._ahead = at + 1

    def write(self, data: bytes) -> None:
        """Have it sent in this turn of the loop, behind all that was written before."""
        if self._ahead:
            data, self._ahead = data[self._ahead :], 0
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)
        self._bytes += len(data)
        if self._bytes > _MOST_BYTES:
            self.flush()

    def send(self, data: bytes) -> None:
        """Have it sent at once, behind all that was written before."""
        self._pieces.append(data)
        self.flush()

    def flush(self) -> None:
        """Send what is there, where the connection still is."""
        if self._pieces and not self._transport.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces.clear()
        self._bytes = 0

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection when all has been sent."""
        self.flush()
        self._transport.close()


def unsent(transport: asyncio.Transport) -> int:
    """Bytes that its client has not taken. Of TLS the loop does not tell how many wait below it; the kernel does."""
    waiting = transport.get_write_buffer_size()
    if waiting or transport.get_extra_info("sslcontext") is None:
        return waiting
    try:
        queued = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:  # it has just gone, or this is no Linux: then the end of an idle connection cuts it
        return 0
    return int.from_bytes(queued, sys.byteorder)
