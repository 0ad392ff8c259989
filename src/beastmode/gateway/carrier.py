"""Carrier: one request to the upstreams that may answer it, with all the tries that it is worth."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import aiohttp

from beastmode.clock import Clock
from beastmode.errors import LedgerError
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.gateway import rejections
from beastmode.gateway.accounting import used_tokens
from beastmode.gateway.again import as_told, may_be_done
from beastmode.gateway.backend import Backend, ClosedError
from beastmode.gateway.call import Call, Held
from beastmode.gateway.client.room import Hold, Share
from beastmode.gateway.limits import ProxyLimits
from beastmode.gateway.rejected import RejectedError
from beastmode.gateway.routes import Routes, in_turn, may_help_elsewhere
from beastmode.gateway.streaming import relay
from beastmode.gateway.upstream import Upstream
from beastmode.safeguards import limit_store
from beastmode.safeguards.admission import Admission
from beastmode.safeguards.backoff import backoff_s, hinted_s
from beastmode.store.ledger.writing.ledger import Ledger

_SOONER_S = 0.1
"""So much sooner must another upstream open to be worth a move: two that open together send nobody to and fro."""
_HOPE = {True: 2, "after": 1, False: 0}


class _Failed(NamedTuple):
    """How one upstream failed.   held: its answer, where one came; status: of that."""

    failure: Failure
    held: Held | None
    status: int | None
    backend: Backend


class Carrier:
    """Carries requests to upstreams: paced by their guards, recorded before they leave, answers given to `call.out`.

    Retries and other upstreams are tried before the first byte of an answer only.
    """

    def __init__(self, routes: Routes[Backend], ledger: Ledger, clock: Clock, limits: ProxyLimits) -> None:
        self._routes, self._ledger, self._clock, self._limits = routes, ledger, clock, limits
        self.held = Share(limits.most_held_answers_bytes, 0.0)
        self._rng = random.Random()
        self._stopped = asyncio.Event()

    def source_of(self, call: Call) -> tuple[str, bytes]:
        """The base URL of the upstream that is asked first, and the tenant as which."""
        upstream = self._first(call)
        return upstream.base_url, upstream.tenant_of(call.incoming)

    def likely_upstream(self, call: Call) -> str:
        """The base URL of the one that is asked first, where all are well."""
        return self._first(call).base_url

    def _first(self, call: Call) -> Upstream:
        return self._routes.of_call(call)[0].upstream

    async def carry(self, call: Call) -> Failure | None:
        """Try until it goes well, or nothing may be tried any more; the failure that is left. Raises RejectedError.

        What came whole is still to be passed on (`call.held`), and `call.hold` to be let go.
        Cancelled while nothing leaves for its upstream, the call knows why (`failure`)."""
        call.hold = Hold(self.held)
        try:
            return await self._carry(call)
        except asyncio.CancelledError:
            call.failure = self._routes.of_call(call)[0].closed_by(call)
            raise

    async def _carry(self, call: Call) -> Failure | None:
        spent = 0
        while failed := await self._round(call, spent):
            failures = [one.failure for one in failed]
            spent += not any(failure.throttle for failure in failures)
            wait_s = self._again_after_s(failures, call, spent)
            if wait_s is None:
                return self._told(failed, call)
            await self._wait(wait_s)
            if self._closed_too_long(self._next(self._left(call), call)[0], call) is not None:
                return self._told(failed, call)
        return None

    def _told(self, failed: Sequence[_Failed], call: Call) -> Failure:
        """The failure that is left. What spares say for good does not hide that one was not asked as it is closed."""
        told = _to_tell(failed, call)
        call.held, call.entry.status = told.held, told.status
        failure, backend = told.failure, told.backend
        if failure.passing is False and not call.final and may_help_elsewhere(failure):
            asked = call.refused.union(one.backend for one in failed)
            for other in self._routes.of_call(call):
                if other not in asked and (hold := other.closed(call)) is not None:
                    call.held = call.entry.status = None
                    failure, backend = _in_vain(hold, other, call).failure, other
                    break
        call.url, call.entry.upstream = backend.upstream.url_of(call.incoming), backend.upstream.base_url
        return failure

    def stop(self) -> None:
        """Begin nothing any more: who waits, in line or for the next try, is told. What has left goes on."""
        for backend in self._routes.every:
            backend.stop()
        self._stopped.set()

    async def _wait(self, wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._stopped.wait()

    async def _round(self, call: Call, spent: int) -> list[_Failed]:
        """Ask one upstream after the other, until one answers or the others could do no better; how those failed that
        were asked, none where one has answered. Those that have said no for good are left out. Those that are closed
        are waited for only where nothing else is left: no other to ask, and no further round."""
        call.rounds += 1
        if call.hold is not None:
            call.hold.let_go()  # nobody needs the answers of the round before
        failed: list[_Failed] = []
        left = self._left(call)
        while left:
            backend, closed = self._next(left, call)
            if failed and closed and not self._worth_waiting(backend, failed, call, spent):
                break
            if not failed:
                self._see_use(backend, call)
            others = [other for other in left if other is not backend]
            try:
                failure = await self._ask(backend, call, others)
            except ClosedError:
                continue
            if failure is None:
                return []
            failed.append(_Failed(failure, call.held, call.entry.status, backend))
            if failure.passing is False:
                call.refused |= {backend}
            if call.final or not may_help_elsewhere(failure):
                break
            left = others
        return failed

    def _left(self, call: Call) -> list[Backend]:
        """Those that have not said no for good."""
        return [backend for backend in self._routes.of_call(call) if backend not in call.refused]

    def _see_use(self, backend: Backend, call: Call) -> None:
        """Raises RejectedError where nothing leaves for it, and so for none, before its time in line is up: whoever
        waits for that waits in vain."""
        if (hold := self._closed_too_long(backend, call)) is not None:
            call.url, call.entry.upstream = backend.upstream.url_of(call.incoming), backend.upstream.base_url
            raise _in_vain(hold, backend, call)

    def _closed_too_long(self, backend: Backend, call: Call) -> limit_store.Hold | None:
        """Why nothing leaves for it before the call's time in line is up; None where something may. What is longer
        than its guard waits at all, that one refuses itself."""
        hold, most_s = backend.closed(call), backend.lane_of(call).guard.max_wait_s
        left_s = call.received + self._limits.queue_timeout_s - self._clock.monotonic()
        return (
            hold if hold is not None and left_s < hold.wait_s < math.inf and hold.wait_s <= most_s else None
        )

    def _next(self, left: Sequence[Backend], call: Call) -> tuple[Backend, bool]:
        """Which of them is asked, and whether something else than its limits keeps it closed now."""
        if len(left) == 1 and not call.tried:
            return left[0], False  # whoever has no choice is told of that by the guard
        return in_turn(left, lambda backend: backend.closed_s(call))[0]

    def _worth_waiting(self, backend: Backend, failed: list[_Failed], call: Call, spent: int) -> bool:
        """For a closed one: the others have failed for good, and it opens in time, as far as that is known."""
        wait_s = backend.closed_s(call)
        in_time = wait_s == math.inf or wait_s < call.deadline - self._clock.monotonic()
        return in_time and self._again_after_s([one.failure for one in failed], call, spent + 1) is None

    async def _ask(self, backend: Backend, call: Call, others: Sequence[Backend]) -> Failure | None:
        """One try at one upstream: admitted, recorded, asked. Raises RejectedError, and ClosedError where nothing
        leaves for it and one of the `others` opens sooner."""
        call.url, call.entry.upstream = backend.upstream.url_of(call.incoming), backend.upstream.base_url

        def patient(wait_s: float) -> bool:
            sooner_s = max(0.0, wait_s - _SOONER_S) if wait_s < math.inf else 0.0
            return all(other.closed_s(call) > sooner_s for other in others)

        async with backend.admitted(call, patient=patient) as admitted:
            await self._recorded(call)
            call.tried.add(backend)
            call.entry.tries += 1
            failure = await self._try(backend, call, admitted)
            if failure is not None and failure.effect == "dropped":
                backend.last_failure = failure
            if failure is not None and failure.throttle and failure.retry_after_s is not None:
                backend.pause(call, failure)
            return failure

    async def _recorded(self, call: Call) -> None:
        """It is on record before it leaves, whatever kills us."""
        if call.entry.tries == 0:
            try:
                await self._ledger.leaves(call.entry)
            except LedgerError as error:
                raise rejections.not_recordable(str(error)) from None

    async def _try(self, backend: Backend, call: Call, admitted: Admission) -> Failure | None:
        """One request upstream, and its answer on its way, or whole in `call.held`, if it is a good one."""
        call.entry.status = call.held = None
        assert call.hold is not None
        most_bytes = self._limits.most_answer_bytes
        try:
            async with backend.upstream.ask(call.url, call.incoming, call.body, admitted.leaves) as answer:
                evidence = await relay(answer, call, call.hold, most_bytes, admitted.heard)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            evidence = Evidence(exception=error, mid_stream=call.answering, url=call.url, model=call.model)
        admitted.used_tokens = used_tokens(call)
        if evidence is None:
            admitted.effect = "success"
            _measure(call, admitted)
            return None
        failure = as_told(classify(evidence, now_unix=self._clock.unix()), evidence.headers)
        if call.dialect.shape is None and admitted.left_at is not None:
            call.maybe_done = may_be_done(failure, call.incoming.method, call.incoming.path)
        admitted.effect = failure.effect
        admitted.cut_off = failure.class_ == "timeout"
        return failure

    def _again_after_s(self, failures: Sequence[Failure], call: Call, spent: int) -> float | None:
        """Seconds until the next round, for the one of those that failed which may be asked again first; None where
        none may follow: bytes have gone out, it may have been done, it cannot help, or it would come too late.   spent:
        rounds that count; a throttle is waited for, and is no retry too many."""
        if call.final or not (may_help_elsewhere(failures[-1]) or failures[-1].passing is True):
            return None
        left_s = call.deadline - self._clock.monotonic()
        waits = (self._wait_s(failure, call, spent) for failure in failures)
        return min((wait_s for wait_s in waits if wait_s is not None and wait_s < left_s), default=None)

    def _wait_s(self, failure: Failure, call: Call, spent: int) -> float | None:
        """Seconds until the upstream that failed so may be asked again; None for never."""
        if failure.throttle and failure.retry_after_s is not None:
            return hinted_s(failure.retry_after_s, self._rng)
        if failure.passing is not True or spent > self._limits.retries:
            return None
        return backoff_s(call.rounds, self._rng)


def _in_vain(hold: limit_store.Hold, backend: Backend, call: Call) -> RejectedError:
    return rejections.waits_in_vain(hold.reason, hold.wait_s, backend.why_closed(call))


def _to_tell(failed: Sequence[_Failed], call: Call) -> _Failed:
    """How that one failed of which its client hears: the last of those that pass soonest, so that a spare without the
    model does not hide that the first is overloaded. Where the request itself is at fault, the last."""
    if call.final or not may_help_elsewhere(failed[-1].failure):
        return failed[-1]
    return max(reversed(failed), key=lambda one: _HOPE[one.failure.passing])


def _measure(call: Call, admitted: Admission) -> None:
    """How long it took by how much was said; by its first byte where that is not known. Where neither is, such as of a
    list of models, it tells nothing of how busy the upstream is."""
    entry = call.entry
    if entry.tokens_out:
        admitted.ended_well(f"tokens of {call.model}", entry.tokens_out)
    elif entry.stream and entry.first_byte_s is not None and admitted.left_at is not None:
        admitted.ended_well(
            f"first byte of {call.model}", 1.0, call.received + entry.first_byte_s - admitted.left_at
        )
