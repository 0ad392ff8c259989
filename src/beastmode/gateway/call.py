"""Call: all that is known of one request on its way through the proxy."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from beastmode.failures.failure import Failure
from beastmode.gateway.caller import Caller, Toll
from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.client.reply import Reply, Sink
from beastmode.gateway.client.room import Hold
from beastmode.gateway.dialects.protocol import Asked, Dialect, Follower
from beastmode.store.ledger.entry import Entry, Outcome


@dataclass(slots=True)
class Held:
    """An answer that came whole and has not been passed on yet."""

    status: int
    headers: Headers
    body: bytes


class Call(msgspec.Struct, eq=False):
    """One request: from whom, to whom, what it asks for, and its record.

    out: where the upstream's answer goes: the client's reply, or the flight that it leads.   received,
    deadline: monotonic, s; past the second it waits in no line any more.   url: at the upstream that is asked, or was
    asked last.   tried: the upstreams that were asked; refused: those of them that will never answer it; rounds: how
    often all others had their turn.
    answering: bytes of the upstream's answer are on their way to the client.   maybe_done: it failed, and was perhaps
    carried out.   held: the last answer that came whole and was not passed on, a good one or one for a failure that no
    retry has mended; hold: the room for such.
    follower: of the stream that flows.   behind: some of what has come from the upstream has not been sent to this
    client.   good_end: its outcome where all goes well.
    caller: who asks; None before that is known.   at_door: it waits until its key may send it.   toll: set aside of
    its key's budgets.   answer_key: what the cache calls its answer, b"" where it has nothing to do with it.
    spelled: what the cache goes by, of a large body; None of any other.
    failure: what has gone wrong in the end, as it was recorded; or why it waited when its client went away.
    told: the status with which the gateway has said that itself; None where it has not.
    """

    incoming: Incoming
    reply: Reply
    out: Sink
    dialect: Dialect
    entry: Entry
    received: float
    deadline: float
    url: str = ""
    tried: set[object] = msgspec.field(default_factory=set)
    refused: frozenset[object] = frozenset()
    rounds: int = 0
    body: bytes = b""
    asked: Asked | None = None
    held: Held | None = None
    answering: bool = False
    maybe_done: bool = False
    follower: Follower | None = None
    behind: bool = False
    good_end: Outcome = "upstream_ok"
    caller: Caller | None = None
    at_door: bool = False
    toll: Toll | None = None
    answer_key: bytes = b""
    spelled: tuple[bytes, bytes] | None = None
    failure: Failure | None = None
    told: int | None = None
    hold: Hold | None = None

    @property
    def model(self) -> str:
        return self.asked.model if self.asked else ""

    def waits_for_another_key(self, other: Call) -> bool:
        """Would it wait for the key of that one, if it waited for its answer?"""
        return other.at_door and self.entry.key != other.entry.key

    @property
    def most_tokens(self) -> int:
        """A guess at what it costs, for limits; 0 where that is not known."""
        if self.incoming.method != "POST":
            return 1  # it asks no model
        return self.asked.most_tokens if self.asked else 0

    @property
    def final(self) -> bool:
        """Nothing can be tried again."""
        return self.answering or self.maybe_done

    @property
    def told_all(self) -> bool:
        """All that its client waits for has been sent: a good answer, or an error."""
        failed = self.follower is not None and self.follower.failed and not self.behind
        return failed or self.answered or self.reply.ended

    @property
    def answered(self) -> bool:
        """All of a good answer has been sent, or all of a stream that its client waits for."""
        if self.behind:
            return False
        if self.follower is not None and self.follower.ended:
            return not self.follower.failed
        return self.answering and self.reply.ended
