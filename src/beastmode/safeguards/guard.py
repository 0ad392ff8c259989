"""Guard: every safeguard in front of one server, in one order: pause, breaker, health, slot, then rate last.

Rate is last so that its stamp is the real start. Whoever is admitted holds a slot until leaving the `async with`.
The way of a call is told first, from `admit` to `leave`; below it stands what may be changed and asked meanwhile.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any

from beastmode.clock import Clock
from beastmode.safeguards.admission import MOST_TOKENS, Admission
from beastmode.safeguards.breaker import Breaker
from beastmode.safeguards.closure import Closure
from beastmode.safeguards.following import Level
from beastmode.safeguards.limit_store import Hold, LimitStore, Ticket
from beastmode.safeguards.limits import Limits
from beastmode.safeguards.patience import Bearing, Patience
from beastmode.safeguards.probing import Probe, Probing, fresh_s
from beastmode.safeguards.retrying import RetryTurns
from beastmode.safeguards.waiting import Waiting
from beastmode.settings import Rate, TokenRate

Notice = Callable[[str, dict[str, Any]], None]
"""Told of probes, of the breaker and of a limit that has found another level: the evidence of a run."""

_OWN_LIMITS = ("slot", "rate", "tokens")
"""Reasons that pass by themselves; waiting for them never holds a run back."""
UNKNOWN_TOKENS = 500
"""What a call counts for whose tokens nobody could guess: a list of models costs none, a compressed prompt many."""


class Guard:
    """Admits calls to one server: `async with guard.admit() as admitted`.

    concurrency: calls in flight at most, None for no limit, an Auto for as many as turn out to be borne.   level: what
    finds that out; None: how calls end.   rates: limits on starts.   tokens: limits on what
    calls cost, probes aside;   unknown_tokens: what one counts for of which that is not known.   probe: health
    evidence, paid out of the same slots and rate; None: none is asked for.   max_wait_s: a pause, an open breaker or
    an unhealthy server is waited for that long, then `HeldBackError`.   linger_s: how much longer a slot is held
    after a call that was cut off.   First come, first served.
    """

    def __init__(
        self,
        store: LimitStore,
        clock: Clock,
        *,
        concurrency: int | None,
        rates: Sequence[Rate],
        level: Level | None = None,
        tokens: Sequence[TokenRate] = (),
        unknown_tokens: int = UNKNOWN_TOKENS,
        probe: Probe | None = None,
        max_wait_s: float = math.inf,
        linger_s: float = 0.0,
        notice: Notice = lambda kind, data: None,
    ) -> None:
        self.unknown_tokens = unknown_tokens
        self.max_wait_s, self.linger_s = max_wait_s, linger_s
        self.on_limits: Callable[[], None] = lambda: None
        self._store, self._clock, self._notice = store, clock, notice
        self.limits = Limits(
            store, clock, concurrency, rates, tokens, level, record=self._record_level, applied=self._applied
        )
        self._probing = Probing(probe, clock, rates) if probe else None
        self.breaker = Breaker()
        self.health = self._probing.health if self._probing else None
        self._closure = Closure(clock, self.breaker, self.health)
        self._retries = RetryTurns(clock, lambda: self.limits.in_flight)
        self._turn = asyncio.Lock()
        self._waiting = Waiting(clock)

    def admit(
        self, *, retry: bool = False, patient: Patience = lambda wait_s: True, tokens: int = 0
    ) -> Admission:
        """A call that may leave once entered.   retry: count it against the budget of retries.   patient: may it wait
        so long for a pause, an open breaker or an unhealthy server? Asked whenever it would; else `ImpatientError`,
        whatever `max_wait_s` is.   tokens: at most so many, as far as can be guessed; 0: not known."""
        tokens = min(tokens, MOST_TOKENS) or self.unknown_tokens
        return Admission(self, self._clock, retry, patient, tokens)

    # ---- the way of a call, as its admission asks for it ----

    def enter_at_once(self, admission: Admission) -> bool:
        """Admit it, where it has to wait for nothing and nobody; as `Admission.enter_at_once` says."""
        self.limits.wake()
        if admission.retry or self._turn.locked() or self._closure.hold() is not None:
            return False
        now = self._clock.monotonic()
        if self.health is not None and not self.health.fresh(now):
            return False
        if self.limits.gap_s(now) > 0:
            return False
        taken = self._store.take(now, 1, admission.tokens)
        if isinstance(taken, Hold):
            return False
        self._admitted(admission, taken)
        return True

    async def enter(self, admission: Admission) -> None:
        """Return once it is admitted. Raises HeldBackError, ImpatientError, GuardStoppedError."""
        if admission.retry:
            await self._retries.take(admission.waited_s)
            admission.holds_retry = True
        async with self._turn:
            self.limits.wake()
            hold = self._closure.hold() or await self._take(admission)
            if hold is not None:
                await self._wait(hold, admission)

    async def _wait(self, hold: Hold | None, admission: Admission) -> None:
        """At the head of the line, until it is admitted."""
        bearing = Bearing(admission.patient, self.max_wait_s)
        while hold is not None:
            if hold.reason not in (*_OWN_LIMITS, self._closure.halted):
                bearing.bear(hold, self._clock.boottime())
            elif self.health is None or self.health.well:
                bearing.relieved()  # of an ill server, it is the next probe that waits for a place
            await self._waiting.out(hold, admission.waited_s)
            hold = self._closure.hold() or await self._take(admission)

    async def _take(self, admission: Admission) -> Hold | None:
        """Slot, tokens and rate, with a probe before it where there is no evidence; or why they cannot be had."""
        now = self._clock.monotonic()
        if (gap_s := self.limits.gap_s(now)) > 0:
            return Hold("slot", gap_s)
        if self._probing is None or self._probing.health.fresh(now):
            taken = self._store.take(now, 1, admission.tokens)
        else:
            taken = await self._take_with_probe(self._probing, admission, now)
        if isinstance(taken, Hold):
            return taken
        self._admitted(admission, taken)
        return None

    async def _take_with_probe(self, probing: Probing, admission: Admission, now: float) -> Ticket | Hold:
        """Probe within the slot of the call that asked for it. Its place and the call's are taken together: taken
        one by one, a slow rate would spend every place on probes and start nothing."""
        both = self._store.most_places() >= 2
        taken = self._store.take(now, 2 if both else 1, admission.tokens)
        if isinstance(taken, Hold):
            return taken
        before = self._changes
        try:
            self._notice("probed", await probing.ask(lambda: self._stamp(taken)))
            hold = None if probing.health.fresh(self._clock.monotonic()) else Hold("unhealthy", 0.0)
            if hold is None and not both:
                hold = await self._place_after_probe(taken, admission)
            if hold is None and before != self._changes:
                hold = Hold("slot", 0.0)  # it was taken under other limits, or before a halt
        except BaseException:
            self._give_back(taken, probing)
            raise
        if hold is not None:
            self._give_back(taken, probing)
        return hold or taken

    async def _place_after_probe(self, taken: Ticket, admission: Admission) -> Hold | None:
        """Wait for the call's own place, its probe has used the one there was. None: it is taken."""
        while (wait := self._store.take_places(taken, self._clock.monotonic())) is not None:
            await self._waiting.out(wait, admission.waited_s)
            if (closed := self._closure.hold()) is not None:
                return closed
        return None

    def _give_back(self, ticket: Ticket, probing: Probing) -> None:
        """What was taken for a call that may not leave after its probe."""
        linger_s = self.linger_s if probing.lingers else 0.0
        self._store.end(ticket, self._clock.monotonic(), linger_s, used_tokens=0)

    def _admitted(self, admission: Admission, ticket: Ticket) -> None:
        admission.ticket = ticket
        admission.trial = self.breaker.leaves()
        if admission.trial:
            self._notice("breaker", {"state": "half_open"})
        self.limits.begins()

    def left(self, admission: Admission) -> None:
        """It really goes out now."""
        assert admission.ticket is not None
        admission.left_at = self._stamp(admission.ticket)
        if self.limits.following is not None:
            admission.at_once = self.limits.in_use()[0]

    def _stamp(self, ticket: Ticket) -> float:
        """A place of the ticket leaves now; the time. Who waits for just that can be told now how long."""
        now = self._clock.monotonic()
        self._store.left(ticket, now)
        hold = self._waiting.hold
        if hold is not None and hold.wait_s == math.inf:
            self._waiting.changed()
        return now

    def heard(self) -> None:
        """Bytes of an answer have come."""
        if self.health is not None:
            self.health.succeeded(self._clock.monotonic(), probe=False)

    def leave(self, admission: Admission) -> None:
        """Nothing of it is in flight any more, or it was not admitted."""
        if admission.holds_retry:
            self._retries.give_back()
        if admission.ticket is None:
            return
        now = self._clock.monotonic()
        linger_s = self.linger_s if admission.cut_off and admission.left_at is not None else 0.0
        self._store.end(admission.ticket, now, linger_s, admission.spent())
        self.limits.ends()
        trips = self.breaker.trips
        self.breaker.record(now, admission.effect, trial=admission.trial)
        if self.health and admission.effect == "success":
            self.health.succeeded(now, probe=False)
        if self.breaker.trips != trips or admission.trial:
            self._notice("breaker", {"state": self.breaker.state})
        self.limits.learn(now, admission)
        self._waiting.changed()

    # ---- what may be changed meanwhile ----

    def set_limits(
        self, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] | None = None
    ) -> None:
        """Change the limits while calls are in flight. Lowered, they hold for every start from now on.

        concurrency: `limits.asked` for what it was; an Auto goes on with what it has found, a number is an end to that.
        tokens: None leaves those as they are.
        """
        self.limits.set(concurrency, rates, tokens)
        if self.health:
            self.health.fresh_s = fresh_s(rates)
        self._waiting.changed()

    def resume(self, *, killed: bool, ended_s_ago: float) -> None:
        """Another runner went before, `ended_s_ago`. Its starts are not known here: a window that may still hold
        some counts as full, and nothing leaves while one of its slots may still linger. Killed, it may have
        started something after its last word."""
        if killed:
            ended_s_ago = 0.0
        if ended_s_ago < self.limits.longest_s:
            self._store.fill(self._clock.monotonic() - ended_s_ago)
        if ended_s_ago < self.linger_s:
            self.pause(self.linger_s - ended_s_ago, "restart")

    def pause(self, for_s: float, reason: str) -> None:
        """Let nothing leave for `for_s` seconds: the server asked for it. A longer pause already set stays."""
        if self._closure.pause(for_s, reason):
            self._waiting.changed()

    def halt(self, reason: str) -> None:
        """Let nothing leave until `go_on`: a person asked for it. Nobody's patience is used up. Idempotent."""
        self._closure.halt(reason)

    def go_on(self) -> None:
        """Let go again what `halt` holds. Idempotent."""
        self._closure.go_on()
        self._waiting.changed()

    def stop(self) -> None:
        """Admit nobody any more; those who wait get GuardStoppedError. Calls in flight go on."""
        self._closure.stopped = True
        self._retries.stop()
        self._waiting.changed()

    def close(self) -> None:
        """Give up what is still held in a store that others share."""
        self.limits.close()
        self._store.close()

    def _record_level(self, limit: int, why: str) -> None:
        self._notice("limits", {"concurrency": limit, "reason": "auto", "why": why})

    def _applied(self) -> None:
        self._waiting.changed()
        self.on_limits()

    @property
    def _changes(self) -> int:
        """Other than before, where less is allowed: what was taken until then may not leave."""
        return self.limits.changes + self._closure.halts

    # ---- what may be asked meanwhile ----

    @property
    def hold(self) -> Hold | None:
        """Why the first of those that wait does; None: nobody waits."""
        return self._waiting.hold

    def trouble(self) -> str:
        """Why no limit can be kept now, so that all wait, and what to do, on a line of its own; "" where they can."""
        return self._store.trouble(self._clock.monotonic())

    def closed_s(self) -> float:
        """Seconds until something may leave, whatever the limits: 0 for now, infinite if unknown."""
        hold = self.closed()
        return 0.0 if hold is None else hold.wait_s

    def closed(self) -> Hold | None:
        """Why nothing may leave now, whatever the limits, and for how long; None where it may."""
        return None if self._closure.stopped else self._closure.hold()

    @property
    def learns(self) -> bool:
        """Does it find out how many at once are borne?"""
        return self.limits.following is not None
