"""Call: all that is known of one request on its way through the proxy."""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.protocol import Asked, Dialect, Follower
from beastmode.gateway.incoming import Headers, Incoming
from beastmode.gateway.reply import Reply
from beastmode.store.ledger import Entry


@dataclass(slots=True)
class Held:
    """An answer that came whole and has not been passed on yet."""

    status: int
    headers: Headers
    body: bytes


@dataclass(slots=True)
class Call:
    """One request: from whom, to whom, what it asks for, and its record.

    url: at the upstream.   answering: bytes of the upstream's answer are on their way to the client; nothing can be
    tried again.   mid_line: what has gone out does not end with a line's end.   received: monotonic, s.   held: the
    last answer that was not passed on, for a failure that no retry has mended.   follower: of the stream that flows.
    """

    incoming: Incoming
    reply: Reply
    dialect: Dialect
    entry: Entry
    url: str
    received: float
    body: bytes = b""
    asked: Asked | None = None
    held: Held | None = None
    answering: bool = False
    mid_line: bool = False
    follower: Follower | None = None

    @property
    def model(self) -> str:
        return self.asked.model if self.asked else ""

    @property
    def answered(self) -> bool:
        """All of a good answer has been sent, or all of a stream that its client waits for."""
        if self.follower is not None:
            return self.follower.complete and not self.follower.failed
        return self.answering and self.reply.ended


class RejectedError(Exception):
    """The gateway itself refuses the request.   status: what the client gets."""

    def __init__(self, status: int, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.status, self.failure = status, failure
