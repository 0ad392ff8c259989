"""Remembering: which requests may be answered from memory, and which answers are kept. Between proxy and cache."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from beastmode.cache import control, tags
from beastmode.cache.admission import Mode, storable, why_not
from beastmode.cache.answer import Answer, replayable
from beastmode.cache.asked import Asked
from beastmode.cache.codings import takes
from beastmode.cache.control import Wish, wish_of
from beastmode.cache.key import key_of
from beastmode.cache.recipes import recipe_for
from beastmode.cache.stack import Found, Stack
from beastmode.clock import Clock
from beastmode.gateway import rejections
from beastmode.gateway.accounting import account_again
from beastmode.gateway.call import Call
from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.packing import packing_in, readable, unpacked
from beastmode.gateway.client.reply import STEP_BYTES
from beastmode.gateway.client.room import Loans, Share
from beastmode.gateway.dialects.protocol import Stop
from beastmode.gateway.flight import Flight
from beastmode.gateway.headers import as_text
from beastmode.gateway.locate import locate
from beastmode.store.entries.moment import Moment
from beastmode.store.ledger.entry import ASKED_BEFORE

_NO_ROOM = "too many large answers wait for clients that do not read them"


class Recall(msgspec.Struct, gc=False):
    """What one request has to do with the cache.

    key: the name of its answer.   wish: what its headers ask for.   upstream: the one whose answer that is.
    since: what was cleared when it came.   tags: that its client names; known once it is a miss.
    """

    key: bytes
    wish: Wish
    upstream: str
    since: Moment
    tags: tuple[str, ...] = ()


class Remembering:
    """Looks for the answers to requests, and keeps answers that went well.

    mode: which requests have to do with it at all.   ttl_s: how long an answer is kept.   source_of: the base URL of
    the upstream that would be asked, and the tenant as which.   asked: what was asked for before, as far as is known.
    held: room for large answers that are on their way to clients, however slowly those read; for one more the
    upstream is asked, whose answer flows.
    """

    def __init__(
        self,
        stack: Stack | None,
        mode: Mode,
        clock: Clock,
        source_of: Callable[[Call], tuple[str, bytes]],
        *,
        ttl_s: float = control.DEFAULT_TTL_S,
        held: Share,
    ) -> None:
        self._stack, self._mode, self._clock = stack, mode, clock
        self._source_of, self._ttl_s = source_of, ttl_s
        self.asked = Asked(ttl_s)
        self._lent = Loans(held)

    def consider(self, call: Call) -> Recall | None:
        """What the request has to do with the cache; None for nothing, and the record says why. Raises RejectedError
        where it wants an answer from there or none."""
        incoming, entry = call.incoming, call.entry
        in_run = call.caller is not None and bool(call.caller.said.run)
        wish = wish_of(incoming.headers) if incoming.has_any(control.WISHES) else control.ANYTHING
        if why := self._why_not(call, wish, in_run=in_run):
            off = why == "off"
            entry.cache, entry.cache_why = ("off", "") if off else ("miss", why)
            call.reply.notes = ((control.TOLD, control.OFF if off else control.miss(why)),)
            if wish.only_if_cached:
                raise rejections.not_cached()
            return None
        entry.cache = "miss"
        upstream, tenant = self._source_of(call)
        salt = str(call.caller.round) if call.caller and call.caller.round else ""
        about = (tenant, upstream, in_run, salt)
        key = call.answer_key = incoming.known.get(about) or _key_of(call, *about)
        return Recall(key, wish, upstream, self._the_stack.moment)

    @property
    def _the_stack(self) -> Stack:
        assert self._stack is not None
        return self._stack

    def _why_not(self, call: Call, wish: Wish, *, in_run: bool) -> str:
        if self._stack is None or call.asked is None:
            return "off"
        # Only what offers a search hangs on the recipe; for all else none need be looked for.
        offers_search = call.asked.offering and _searches(call, in_run=in_run)
        return why_not(call.asked, self._mode, offers_search=offers_search) or (
            "" if wish.store else "no-store"
        )

    def at_hand(self, call: Call, recall: Recall) -> Found | None:
        """The answer, where it is in memory and the request may have it."""
        return self._fit(self._the_stack.at_hand(recall.key), call, recall) if recall.wish.read else None

    async def find(self, call: Call, recall: Recall) -> Found | None:
        """The answer, wherever it is kept. Raises RejectedError where the request wants no other than that."""
        found = await self._the_stack.find(recall.key) if recall.wish.read else None
        found = self._fit(found, call, recall)
        if found is None and recall.wish.only_if_cached:
            call.entry.cache_why = call.entry.cache_why or "only-if-cached"
            self._tell_miss(call, recall)
            raise rejections.not_cached()
        if found is None:
            before = self.asked.note(recall.key, self._clock.unix())
            why = ASKED_BEFORE if before else "new"
            call.entry.cache_why = call.entry.cache_why or (why if recall.wish.read else "no-cache")
            self._tell_miss(call, recall)
        return found

    def _tell_miss(self, call: Call, recall: Recall) -> None:
        recall.tags, dropped = tags.said_in(call.incoming.headers)
        ignored = (*recall.wish.ignored, "tags") if dropped else recall.wish.ignored
        call.reply.notes = ((control.TOLD, control.miss(call.entry.cache_why, ignored)),)

    async def replay(self, found: Found, call: Call) -> None:
        """Answer with it. It costs nothing, and says what it has saved."""
        answer = found.answer
        call.entry.cache, call.entry.cache_why = "hit", found.tier
        account_again(call.entry, answer)
        call.good_end, call.answering = "hit", True
        headers = control.hit_headers(answer, found.tier, found.age_s)
        if len(answer.body) <= STEP_BYTES:
            await call.reply.start(answer.status, headers)
            await call.reply.end(answer.body)
            return
        try:
            async with call.incoming.watched(lambda: call.reply.ended):
                await call.reply.start(answer.status, headers)
                await call.reply.end(answer.body)
        finally:
            self._lent.give_back(answer.body)

    def keep(self, flight: Flight, recall: Recall) -> None:
        """Keep the answer that a flight has brought, if it is one to be kept; the record says why not."""
        entry = flight.leader.entry
        if why := self._why_not_kept(flight, recall):
            entry.cache_why = f"{entry.cache_why}; not kept: {why}"
        else:
            self._the_stack.put(recall.key, self._answer_of(flight, recall), recall.since)

    def _why_not_kept(self, flight: Flight, recall: Recall) -> str:
        """Why the answer that a flight has brought is not one to be kept; "" where it is."""
        if flight.head is None or not flight.ended or not flight.whole:
            return "too large"
        if flight.leader.entry.upstream != recall.upstream:
            return "answered by a spare"
        status, headers = flight.head
        if why := _packed(flight, headers) or storable(status, _stopped(flight, headers)):
            return why
        return "" if control.ttl_s(headers, self._ttl_s) > 0 else "the upstream forbids it"

    def _answer_of(self, flight: Flight, recall: Recall) -> Answer:
        assert flight.head is not None
        (status, headers), entry = flight.head, flight.leader.entry
        return Answer(
            status=status,
            headers=replayable(headers),
            body=b"".join(flight.pieces),
            stored_unix=self._clock.unix(),
            ttl_s=control.ttl_s(headers, self._ttl_s),
            model=entry.model,
            dialect=entry.dialect,
            tokens_in=entry.tokens_in,
            tokens_out=entry.tokens_out,
            tokens_cached=entry.tokens_cached,
            tokens_reasoning=entry.tokens_reasoning,
            tags=(*tags.of_ours(entry.model, recall.upstream, entry.run, entry.task), *recall.tags),
        )

    def _fit(self, found: Found | None, call: Call, recall: Recall) -> Found | None:
        """What was found, if the request may have it. A large one is lent then, and is to be replayed at once."""
        if found is None:
            return None
        if recall.wish is not control.ANYTHING and (
            why := recall.wish.why_not(found.answer, self._clock.unix())
        ):
            call.entry.cache_why = why
            return None
        body = found.answer.body
        if len(body) > STEP_BYTES and not self._lent.lend(body):
            call.entry.cache_why = _NO_ROOM
            return None
        call.entry.upstream = recall.upstream  # whose prices say what this one has saved
        return found


def _key_of(call: Call, tenant: bytes, upstream: str, in_run: bool, salt: str) -> bytes:
    """What the cache calls its answer; the same for all requests that are the same."""
    incoming, dialect = call.incoming, call.dialect.name
    key = key_of(
        tenant=tenant,
        upstream=upstream,
        dialect=dialect,
        path=locate(upstream, incoming.path),
        query=incoming.query,
        stream=call.entry.stream,
        headers=incoming.headers,
        body=call.body,
        recipe=recipe_for(dialect, incoming.headers, in_run=in_run),
        spelled=call.spelled,
        salt=salt,
    )
    incoming.know((tenant, upstream, in_run, salt), key)
    return key


def _packed(flight: Flight, headers: Headers) -> str:
    """Why its packing keeps the answer from being kept; "" where it does not. Whoever has its key takes the same
    packings as the one that it was for."""
    packing = packing_in(headers)
    if not readable(packing):
        return f"packed with {packing[:50]}"
    taken = takes(flight.leader.incoming.codings, packing)
    return "" if taken else f"packed with {packing or 'nothing'}, unasked"


def _stopped(flight: Flight, headers: Headers) -> Stop:
    """Why the answer ended, as its dialect says."""
    call = flight.leader
    if call.follower is not None:
        return call.follower.stopped
    return call.dialect.stopped(unpacked(b"".join(flight.pieces), as_text(headers)))


def _searches(call: Call, *, in_run: bool) -> bool:
    """Is it of an agent that offers a search in every request?"""
    recipe = recipe_for(call.dialect.name, call.incoming.headers, in_run=in_run)
    return recipe is not None and recipe.offers_search
