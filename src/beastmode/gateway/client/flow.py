"""Flow: whether a connection is read from and written to."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """As uvicorn's; and while it is held, nothing is read, whoever else would read on.   held: it is."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.held = False

    def resume_reading(self) -> None:
        if self.read_paused:
            self.read_paused = False
            if not self.held:
                self._transport.resume_reading()

    def hold(self) -> None:
        """Read nothing until `let_go`. Idempotent."""
        self.held = True
        self._transport.pause_reading()

    def let_go(self) -> None:
        """Read on, but where others have paused it."""
        self.held = False
        if not self.read_paused:
            self._transport.resume_reading()
