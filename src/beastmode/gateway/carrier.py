"""Carrier: one request to the upstreams that may answer it, with all the tries that it is worth."""

from __future__ import annotations

import asyncio
import random

import aiohttp

from beastmode.clock import Clock
from beastmode.errors import LedgerError
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.gateway import rejections
from beastmode.gateway.accounting import used_tokens
from beastmode.gateway.backend import Backend, ClosedError
from beastmode.gateway.call import Call
from beastmode.gateway.limits import ProxyLimits
from beastmode.gateway.routes import Routes, in_turn, may_help_elsewhere
from beastmode.gateway.streaming import relay
from beastmode.gateway.upstream import Upstream
from beastmode.safeguards.backoff import backoff_s, hinted_s
from beastmode.safeguards.guard import Admission
from beastmode.store.ledger import Ledger


class Carrier:
    """Carries requests to upstreams: paced by their guards, recorded before they leave, answers given to `call.out`.

    Retries and other upstreams are tried before the first byte of an answer only.
    """

    def __init__(self, routes: Routes[Backend], ledger: Ledger, clock: Clock, limits: ProxyLimits) -> None:
        self._routes, self._ledger, self._clock, self._limits = routes, ledger, clock, limits
        self._rng = random.Random()

    def source_of(self, call: Call) -> tuple[str, bytes]:
        """The base URL of the upstream that is asked first, and the tenant as which."""
        upstream = self._first(call.model)
        return upstream.base_url, upstream.tenant_of(call.incoming)

    def likely_upstream(self, model: str) -> str:
        """The base URL of the one that is asked first for a model, where all are well."""
        return self._first(model).base_url

    def _first(self, model: str) -> Upstream:
        return self._routes.of(model)[0].upstream

    async def carry(self, call: Call) -> Failure | None:
        """Try until it goes well, or nothing may be tried any more; the failure that is left. Raises RejectedError."""
        spent = 0
        while True:
            failure = await self._round(call)
            spent += failure is not None and not failure.throttle
            wait_s = None if failure is None else self._again_after_s(failure, call, spent)
            if wait_s is None:
                return failure
            await asyncio.sleep(wait_s)

    async def _round(self, call: Call) -> Failure | None:
        """Ask one upstream after the other, until one answers or the others could do no better."""
        call.rounds += 1
        failure: Failure | None = None
        turns = in_turn(self._routes.of(call.model), lambda backend: backend.closed_s(call))
        for number, (backend, closed) in enumerate(turns, 1):
            if failure is not None and closed:
                break
            try:
                failure = await self._ask(backend, call, patient=number == len(turns))
            except ClosedError:
                continue
            if failure is None or call.answering or not may_help_elsewhere(failure):
                break
        return failure

    async def _ask(self, backend: Backend, call: Call, *, patient: bool) -> Failure | None:
        """One try at one upstream: admitted, recorded, asked. Raises ClosedError and RejectedError."""
        call.url, call.entry.upstream = backend.upstream.url_of(call.incoming), backend.upstream.base_url
        async with backend.admitted(call, patient=patient) as admitted:
            await self._recorded(call)
            call.tried.add(backend)
            call.entry.tries += 1
            failure = await self._try(backend, call, admitted)
            if failure is not None and failure.throttle and failure.retry_after_s is not None:
                backend.pause(call, failure)
            return failure

    async def _recorded(self, call: Call) -> None:
        """Its row is on disk before it leaves."""
        if call.entry.tries == 0:
            try:
                await self._ledger.leaves(call.entry)
            except LedgerError as error:
                raise rejections.not_recordable(str(error)) from None

    async def _try(self, backend: Backend, call: Call, admitted: Admission) -> Failure | None:
        """One request upstream, and its answer on its way if it is a good one."""
        call.entry.status = None
        try:
            async with backend.upstream.ask(call.incoming, call.body, admitted.leaves) as answer:
                evidence = await relay(answer, call, self._limits.most_answer_bytes, admitted.heard)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            evidence = Evidence(exception=error, mid_stream=call.answering, url=call.url, model=call.model)
        admitted.used_tokens = used_tokens(call)
        if evidence is None:
            admitted.effect = "success"
            return None
        failure = classify(evidence, now_unix=self._clock.unix())
        admitted.effect = failure.effect
        admitted.cut_off = failure.class_ == "timeout"
        return failure

    def _again_after_s(self, failure: Failure, call: Call, spent: int) -> float | None:
        """Seconds until the next round; None where none may follow: bytes have gone out, it cannot help, or it would
        come too late.   spent: rounds that count; a throttle is waited for, and is no retry too many."""
        if call.answering or failure.passing is not True:
            return None
        if failure.throttle and failure.retry_after_s is not None:
            wait_s = hinted_s(failure.retry_after_s, self._rng)
        elif spent > self._limits.retries:
            return None
        else:
            wait_s = backoff_s(call.rounds, self._rng)
        left_s = call.deadline - self._clock.monotonic()
        return wait_s if wait_s < left_s else None
