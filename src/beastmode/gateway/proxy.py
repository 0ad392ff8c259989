"""Proxy: one request, from its arrival to its record, top to bottom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from beastmode.clock import Clock
from beastmode.failures.failure import Failure
from beastmode.gateway import rejections
from beastmode.gateway.aside import ASIDE_BYTES, Aside
from beastmode.gateway.call import Call
from beastmode.gateway.carrier import Carrier
from beastmode.gateway.client.carried import blotted
from beastmode.gateway.client.incoming import BodyTooLargeError, ClientGoneError, Incoming, UnreadableError
from beastmode.gateway.client.reply import Reply
from beastmode.gateway.client.room import NoRoomError, Room
from beastmode.gateway.dialects import Asked, dialect_for, remembered
from beastmode.gateway.dialects.decoding import judged
from beastmode.gateway.door import Door
from beastmode.gateway.flight import Flight
from beastmode.gateway.limits import ProxyLimits
from beastmode.gateway.locate import climbs
from beastmode.gateway.patience import kept_alive
from beastmode.gateway.reading import TELLING_HEADERS, Reading
from beastmode.gateway.rejected import RejectedError
from beastmode.gateway.remembering import Recall, Remembering
from beastmode.gateway.sharing import Sharing
from beastmode.gateway.streaming import pass_on
from beastmode.gateway.telling import tell, tell_rejected, tell_stopped, tell_unforeseen
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.writing.ledger import Ledger

_JUDGED_AT_ONCE_BYTES = 64 * 1024
"""To say where a body is no JSON it is read once more, slowly: 1 MB in up to 50 ms."""
_MOST_WORDS = 1000
"""Of a path and of a model's name in the record; who sends more means no good."""


class Proxy:
    """Answers requests: from memory, with the answer of an identical one in flight, or through the carrier; each is
    recorded in the ledger.

    finishing: called with each request right before its record is written; what they raise is dropped.
    """

    def __init__(
        self,
        carrier: Carrier,
        ledger: Ledger,
        clock: Clock,
        limits: ProxyLimits,
        memory: Remembering,
        door: Door,
        *,
        finishing: Sequence[Callable[[Call], None]] = (),
    ) -> None:
        self._carrier, self._ledger, self._clock, self._limits = carrier, ledger, clock, limits
        self._memory, self._door, self._finishing = memory, door, finishing
        self._sharing = Sharing(clock, limits.most_answer_bytes)
        self._aside = Aside()
        self._room = Room(limits.most_held_bytes, limits.most_body_bytes, limits.room_s)

    def close(self) -> None:
        """No request will come any more. Idempotent."""
        self._aside.close()

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """One request, from its arrival to its record."""
        call = self._received(incoming, reply)
        try:
            await self._read(call)
            recall = self._memory.consider(call)
            if recall is not None and (found := self._memory.at_hand(call, recall)) is not None:
                await self._memory.replay(found, call)
                call.entry.outcome = call.good_end
                return
            gone = call.incoming.watched(lambda: call.told_all)
            waiting = kept_alive(call, self._limits.silence_s, self._limits.keepalive_s)
            async with gone, waiting:  # a client that goes away ends the call; one that waits is kept alive
                failure = await self._answer(call, recall)
                if failure is None:
                    call.entry.outcome = call.good_end
                else:
                    await tell(failure, call)
        except ClientGoneError:
            call.entry.outcome = call.entry.outcome or (call.good_end if call.answered else "cancelled")
        except RejectedError as rejected:
            await tell_rejected(rejected, call)
        except asyncio.CancelledError:
            await tell_stopped(call)
            raise
        except Exception as error:  # whatever it is, the request keeps its record
            await tell_unforeseen(error, call)
        finally:
            self._end(call)

    async def _read(self, call: Call) -> None:
        """Who asks, and what for. Raises RejectedError where they may not or it is too large, and ClientGoneError."""
        incoming, limits = call.incoming, self._limits
        self._see_head(incoming)
        call.caller = self._door.receive(incoming, call.entry)
        try:
            call.body = await incoming.body(limits.most_body_bytes, self._room)
        except UnreadableError as error:
            raise rejections.no_http(str(error)) from None
        except BodyTooLargeError:
            raise rejections.too_large(limits.most_body_bytes) from None
        except NoRoomError:
            raise rejections.no_room(self._room.most_bytes) from None
        flaw, asked = "", None
        if len(call.body) <= ASIDE_BYTES:
            asked = call.asked = remembered.read(call.dialect, incoming.path, incoming.query, call.body)
        if asked is None or asked.broken:
            asked, flaw = await self._understood(call)
        call.entry.model, call.entry.stream = blotted(asked.model[:_MOST_WORDS]), asked.stream
        self._door.allow(call.caller, incoming.method, asked)
        if flaw and not incoming.header(b"content-encoding"):
            raise rejections.not_json(flaw, incoming.header(b"content-type")[:100])

    def _see_head(self, incoming: Incoming) -> None:
        """Raises RejectedError where it is none, leads elsewhere or is too large."""
        if incoming.flaw:
            raise rejections.no_http(incoming.flaw)
        if not incoming.path.startswith("/"):
            raise rejections.no_path(incoming.method)
        if climbs(incoming.path):
            raise rejections.odd_path()
        if incoming.head_bytes > self._limits.most_head_bytes:
            raise rejections.head_too_large(self._limits.most_head_bytes)

    async def _understood(self, call: Call) -> tuple[Asked, str]:
        """What a large or a broken one asks for, and why it is no JSON; "" where it is, or a lenient reader could take
        it for some. Raises ClientGoneError."""
        incoming, caller = call.incoming, call.caller
        if call.dialect.shape is None:
            call.asked = call.dialect.read(incoming.path, incoming.query, b"")
            return call.asked, ""
        if call.asked is not None and len(call.body) <= _JUDGED_AT_ONCE_BYTES:
            call.asked, flaw = judged(call.asked, call.body)
            return call.asked, flaw
        in_run = caller is not None and bool(caller.said.run)
        headers = tuple(header for header in incoming.headers if header[0] in TELLING_HEADERS)
        reading = Reading(incoming.method, incoming.path, incoming.query, headers, in_run)
        async with incoming.watched(lambda: False):
            found = await self._aside.read(reading, call.body)
        call.asked, call.spelled = found.asked, found.spelled
        return found.asked, found.flaw

    async def _answer(self, call: Call, recall: Recall | None) -> Failure | None:
        """Answer it; the failure that is left. Raises RejectedError."""
        if recall is None:
            return await self._carry(call)
        if (found := await self._memory.find(call, recall)) is not None:
            await self._memory.replay(found, call)
            return None

        async def carry_and_keep(flight: Flight) -> Failure | None:
            failure = await self._carry(call)
            if failure is None:
                self._memory.keep(flight, recall)
            return failure

        return await self._sharing.answer(call, recall.key, carry_and_keep, may_join=recall.wish.read)

    async def _carry(self, call: Call) -> Failure | None:
        """Let its key pay, then bring it upstream and the answer back; the failure that is left. Raises
        RejectedError."""
        call.toll = await self._door.enter(call, self._carrier.likely_upstream(call))
        failure = await self._carrier.carry(call)
        if failure is None and call.held is not None:
            await pass_on(call.held, call)
        return failure

    def _received(self, incoming: Incoming, reply: Reply) -> Call:
        dialect, now = dialect_for(incoming.method, incoming.path), self._clock.monotonic()
        entry = Entry(
            method=incoming.method,
            path=incoming.path[:_MOST_WORDS],
            dialect=dialect.name,
            received_unix=self._clock.unix(),
        )
        self._ledger.begin(entry)
        return Call(incoming, reply, reply, dialect, entry, now, now + self._limits.queue_timeout_s)

    def _end(self, call: Call) -> None:
        """Its record; of one that others still read, once it has landed."""
        flight = call.out
        if isinstance(flight, Flight) and not flight.landed:
            flight.on_landed = lambda: self._write(call)
        else:
            self._write(call)

    def _write(self, call: Call) -> None:
        call.entry.total_s = self._clock.monotonic() - call.received
        if call.toll is not None:
            self._door.settle(call.toll, call.entry)
        if call.told is not None:  # until here it is the upstream's, by which the toll was settled
            call.entry.status = call.told
        for finish in self._finishing:
            with suppress(Exception):  # whatever it is, the request keeps its record
                finish(call)
        self._ledger.end(call.entry)
        call.incoming.let_go()
        if call.hold is not None and call.out is call.reply:
            call.hold.let_go()
