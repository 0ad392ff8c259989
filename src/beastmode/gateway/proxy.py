"""Proxy: one request, from its arrival to its record, top to bottom."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from beastmode.clock import Clock
from beastmode.errors import LedgerError
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.gateway import rejections
from beastmode.gateway.asking import name_of, priority_of
from beastmode.gateway.call import Call, RejectedError
from beastmode.gateway.dialects import dialect_for
from beastmode.gateway.incoming import BodyTooLargeError, ClientGoneError, Incoming
from beastmode.gateway.limits import ProxyLimits
from beastmode.gateway.line import Line, LineFullError
from beastmode.gateway.patience import kept_alive
from beastmode.gateway.reply import Reply
from beastmode.gateway.streaming import relay
from beastmode.gateway.telling import record_stopped, tell, tell_rejected, tell_unforeseen
from beastmode.gateway.upstream import Upstream
from beastmode.safeguards.backoff import backoff_s, hinted_s
from beastmode.safeguards.guard import Admission, Guard, GuardStoppedError, HeldBackError
from beastmode.store.ledger import Entry, Ledger

_MOST_WORDS = 1000
"""Of a path and of a model's name in the record; who sends more means no good."""


class Proxy:
    """Carries requests to one upstream: paced by its guard, recorded in the ledger, answered as the upstream did.

    Retries are made here, before the first byte has gone to the client, and within the guard's budget of them.
    """

    def __init__(
        self, upstream: Upstream, guard: Guard, ledger: Ledger, clock: Clock, limits: ProxyLimits
    ) -> None:
        self._upstream, self._guard, self._ledger = upstream, guard, ledger
        self._clock, self._limits = clock, limits
        self._rng = random.Random()
        self._secret = secrets.token_bytes(32)
        self._line, self._retries = Line(limits.most_waiting), Line(limits.most_waiting)

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """One request, from its arrival to its record."""
        call = self._received(incoming, reply)
        try:
            await self._read(call)
            async with self._watched(call):
                failure = await self._serve(call)
                if failure is None:
                    call.entry.outcome = "upstream_ok"
                else:
                    await tell(failure, call)
        except ClientGoneError:
            call.entry.outcome = call.entry.outcome or ("upstream_ok" if call.answered else "cancelled")
        except RejectedError as rejected:
            await tell_rejected(rejected, call)
        except asyncio.CancelledError:
            record_stopped(call)
            raise
        except Exception as error:  # whatever it is, the request keeps its record
            await tell_unforeseen(error, call)
        finally:
            self._end(call)

    async def _read(self, call: Call) -> None:
        """What it asks for. Raises RejectedError where it is too large, and ClientGoneError."""
        incoming, limits = call.incoming, self._limits
        if incoming.head_bytes > limits.most_head_bytes:
            raise rejections.head_too_large(limits.most_head_bytes)
        try:
            call.body = await incoming.body(limits.most_body_bytes)
        except BodyTooLargeError:
            raise rejections.too_large(limits.most_body_bytes) from None
        call.asked = call.dialect.read(incoming.path, incoming.query, call.body)
        call.entry.model, call.entry.stream = call.asked.model[:_MOST_WORDS], call.asked.stream

    @asynccontextmanager
    async def _watched(self, call: Call) -> AsyncIterator[None]:
        """Within, a client that waits is kept alive, and one that goes away ends the call."""
        async with (
            call.incoming.watched(lambda: call.answered or call.reply.ended),
            kept_alive(call, self._limits.silence_s, self._limits.keepalive_s),
        ):
            yield

    async def _serve(self, call: Call) -> Failure | None:
        """Try until it goes well, or nothing may be tried any more; the failure that is left."""
        while True:
            async with self._admitted(call) as admitted:
                await self._recorded(call)
                call.entry.tries += 1
                failure = await self._try(call, admitted)
            wait_s = None if failure is None else self._again_after_s(failure, call)
            if wait_s is None:
                return failure
            await asyncio.sleep(wait_s)

    @asynccontextmanager
    async def _admitted(self, call: Call) -> AsyncIterator[Admission]:
        """In line for the guard, then through it. Raises RejectedError."""
        admission = self._guard.admit(retry=call.entry.tries > 0)
        await self._enter(admission, call)
        try:
            yield admission
        except BaseException as error:
            await admission.__aexit__(type(error), error, error.__traceback__)
            raise
        await admission.__aexit__(None, None, None)

    async def _enter(self, admission: Admission, call: Call) -> None:
        """Wait in line until the guard lets it through, or its time is over. Raises RejectedError.

        Retries have a line of their own: one that waits for the budget of retries keeps no first try waiting.
        """
        line = self._retries if admission.retry else self._line
        who = call.entry.key = name_of(call.incoming, self._secret)
        before, most_s = self._clock.monotonic(), self._limits.queue_timeout_s
        try:
            async with (
                asyncio.timeout(call.received + most_s - before),
                line.turn(who, priority_of(call.incoming)),
            ):
                await admission.__aenter__()
        except LineFullError as full:
            raise rejections.too_many(full.waiting) from None
        except TimeoutError:
            raise rejections.waited_too_long(most_s, admission.waited_s) from None
        except HeldBackError as held:
            raise rejections.held_back(held.reason, held.until - self._clock.boottime()) from None
        except GuardStoppedError:
            raise rejections.shutting_down() from None
        finally:
            call.entry.queue_s = (call.entry.queue_s or 0.0) + self._clock.monotonic() - before

    async def _recorded(self, call: Call) -> None:
        """Its row is on disk before it leaves."""
        if call.entry.tries == 0:
            try:
                await self._ledger.leaves(call.entry)
            except LedgerError as error:
                raise rejections.not_recordable(str(error)) from None

    async def _try(self, call: Call, admitted: Admission) -> Failure | None:
        """One request upstream, and its answer to the client if it is a good one."""
        try:
            async with self._upstream.ask(call.incoming, call.body, admitted.leaves) as answer:
                evidence = await relay(answer, call, self._limits.most_answer_bytes)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            evidence = Evidence(exception=error, mid_stream=call.answering, url=call.url, model=call.model)
        if evidence is None:
            admitted.effect = "success"
            return None
        failure = classify(evidence, now_unix=self._clock.unix())
        admitted.effect = failure.effect
        admitted.cut_off = failure.class_ == "timeout"
        if failure.throttle and failure.retry_after_s is not None:
            self._guard.pause(failure.retry_after_s, failure.class_)
        return failure

    def _again_after_s(self, failure: Failure, call: Call) -> float | None:
        """Seconds until the next try; None where none may follow: bytes have gone out, it cannot help, or it would
        come too late. A throttle that says when to come back is waited for in line, and is no retry too many."""
        if call.answering or failure.passing is not True:
            return None
        if failure.throttle and failure.retry_after_s is not None:
            wait_s = hinted_s(failure.retry_after_s, self._rng)
        elif call.entry.tries > self._limits.retries:
            return None
        else:
            wait_s = backoff_s(call.entry.tries, self._rng)
        left_s = call.received + self._limits.queue_timeout_s - self._clock.monotonic()
        return wait_s if wait_s < left_s else None

    def _received(self, incoming: Incoming, reply: Reply) -> Call:
        dialect = dialect_for(incoming.method, incoming.path)
        entry = Entry(
            upstream=self._upstream.base_url,
            method=incoming.method,
            path=incoming.path[:_MOST_WORDS],
            dialect=dialect.name,
            received_unix=self._clock.unix(),
        )
        self._ledger.begin(entry)
        return Call(incoming, reply, dialect, entry, self._upstream.url_of(incoming), time.monotonic())

    def _end(self, call: Call) -> None:
        call.entry.total_s = self._clock.monotonic() - call.received
        self._ledger.end(call.entry)
