"""Door: what a proxy asks of whoever lets requests in: `doors/keys.py`, or inside a run `doors/run.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from beastmode.gateway.call import Call
from beastmode.gateway.caller import Caller, Toll
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.dialects.protocol import Asked
from beastmode.gateway.rejected import RejectedError
from beastmode.gateway.turnstile import Turnstile
from beastmode.store.keys.key import Right
from beastmode.store.ledger.entry import Entry


class Door(Protocol):
    """Says who asks and whether they may, and lets them pay. To be used from one event loop."""

    @property
    def alarm(self) -> str:
        """What is wrong with it and what to do, or ""."""

    def receive(self, incoming: Incoming, entry: Entry) -> Caller:
        """Who asks; written into the record, let in or not. Raises RejectedError, 401, where they may not."""
        ...

    def payers(self) -> Iterable[tuple[str, Turnstile]]:
        """Who pays for requests, in words, and how much each may."""
        ...

    def allow(self, caller: Caller, method: str, asked: Asked) -> None:
        """Raise RejectedError, 403, for a model that this caller may not ask."""

    def refusal(self, incoming: Incoming, right: Right) -> RejectedError | None:
        """Why the page that this right opens is not shown; None where it may be."""

    async def enter(self, call: Call, upstream: str) -> Toll | None:
        """Wait until it may be sent upstream; what it may cost is set aside then. Raises RejectedError, 429."""

    def settle(self, toll: Toll, entry: Entry) -> None:
        """A request that had entered has ended, as its record says. Once for each toll."""

    def watch(self) -> None:
        """The gateway begins."""

    def stop(self) -> None:
        """Let nobody through any more; those that wait are told."""

    async def close(self) -> None:
        """The gateway has ended."""
