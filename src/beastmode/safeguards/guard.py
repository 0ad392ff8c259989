"""Guard: every safeguard in front of one server, in one order: pause, breaker, health, slot, then rate last.

Rate is last so that its stamp is the real start. Whoever is admitted holds a slot until leaving the `async with`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any

from beastmode.clock import LOOK_AGAIN_S, Clock
from beastmode.failures.failure import Effect, Failure
from beastmode.safeguards.adaptive import Adaptive
from beastmode.safeguards.backoff import retries_allowed
from beastmode.safeguards.breaker import Breaker
from beastmode.safeguards.following import IDLE_S, Following, Level
from beastmode.safeguards.health import Health
from beastmode.safeguards.limit_store import Hold, LimitStore, Ticket
from beastmode.safeguards.slowness import Measure
from beastmode.settings import Auto, Rate, TokenRate

Probe = Callable[[Callable[[], None]], Awaitable[Failure | None]]
"""Asks the server whether it is well; calls its argument at the instant the question leaves."""
Patience = Callable[[float], bool]
"""Would a call wait so many seconds (infinite: unknown) for a server that is paused or not well?"""
Notice = Callable[[str, dict[str, Any]], None]
"""Told of probes, of the breaker and of a limit that has found another level: the evidence of a run."""

_OWN_LIMITS = ("slot", "rate", "tokens", "retries")
"""Reasons that pass by themselves; waiting for them never holds a run back."""
UNKNOWN_TOKENS = 500
"""What a call counts for whose tokens nobody could guess: a list of models costs none, a compressed prompt many."""
_MOST_TOKENS = 10**12
"""Of one call: a server may say that it has used any number, and sums have to fit into 64 bits."""


class HeldBackError(Exception):
    """The server cannot be called for longer than anyone wants to wait.   until: boottime; inf if unknown."""

    def __init__(self, reason: str, until: float) -> None:
        super().__init__(reason)
        self.reason, self.until = reason, until


class ImpatientError(HeldBackError):
    """The server cannot be called for longer than this call wants to wait."""


class GuardStoppedError(Exception):
    """Nothing is admitted any more: the run is ending."""


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
        self.rates, self.tokens = tuple(rates), tuple(tokens)
        self.unknown_tokens = unknown_tokens
        self.max_wait_s, self.linger_s = max_wait_s, linger_s
        self.breaker = Breaker()
        self.health = self._health_for(rates) if probe else None
        self.hold: Hold | None = None
        self.in_flight = 0
        self._store, self._clock, self._probe, self._notice = store, clock, probe, notice
        self._paused_until, self._pause_reason = -math.inf, ""
        self._stopped = False
        self._turn = asyncio.Lock()
        self._nudge: asyncio.Future[None] | None = None
        self._retrying = 0
        self._retry_ended = asyncio.Event()
        self._probe_lingers = False
        self._changes, self._halted = 0, ""
        self.on_limits: Callable[[], None] = lambda: None
        self._following: Following | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._ended_at = -math.inf
        self._follow(concurrency, level)

    def admit(
        self, *, retry: bool = False, patient: Patience = lambda wait_s: True, tokens: int = 0
    ) -> Admission:
        """A call that may leave once entered.   retry: count it against the budget of retries.   patient: may it wait
        so long for a pause, an open breaker or an unhealthy server? Asked whenever it would; else `ImpatientError`,
        whatever `max_wait_s` is.   tokens: at most so many, as far as can be guessed; 0: not known."""
        return Admission(self, retry, patient, min(tokens, _MOST_TOKENS) or self.unknown_tokens)

    def closed_s(self) -> float:
        """Seconds until something may leave, whatever the limits: 0 for now, infinite if unknown."""
        hold = self.closed()
        return 0.0 if hold is None else hold.wait_s

    def closed(self) -> Hold | None:
        """Why nothing may leave now, whatever the limits, and for how long; None where it may."""
        return None if self._stopped else self._closed()

    def set_limits(
        self, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] | None = None
    ) -> None:
        """Change the limits while calls are in flight. Lowered, they hold for every start from now on.

        concurrency: `asked` for what it was; an Auto goes on with what it has found, a number is an end to that.
        tokens: None leaves those as they are.
        """
        self.rates, self._changes = tuple(rates), self._changes + 1
        self._follow(concurrency, None)
        self.tokens = self.tokens if tokens is None else tuple(tokens)
        if self.health:
            self.health.fresh_s = self._health_for(rates).fresh_s
        self._limit_store(self.concurrency)
        self._changed()

    def look_at_level(self) -> None:
        """Take over what the level says by now, where it has found that out by itself."""
        if self._following is not None:
            self._following.look(self._clock.monotonic())

    def resume(self, *, killed: bool, ended_s_ago: float) -> None:
        """Another runner went before, `ended_s_ago`. Its starts are not known here: a window that may still hold
        some counts as full, and nothing leaves while one of its slots may still linger. Killed, it may have
        started something after its last word."""
        if killed:
            ended_s_ago = 0.0
        spans_s = [rate.padded_span_s for rate in self.rates] + [rate.padded_span_s for rate in self.tokens]
        if ended_s_ago < max(spans_s, default=0.0):
            self._store.fill(self._clock.monotonic() - ended_s_ago)
        if ended_s_ago < self.linger_s:
            self.pause(self.linger_s - ended_s_ago, "restart")

    def pause(self, for_s: float, reason: str) -> None:
        """Let nothing leave for `for_s` seconds: the server asked for it. A longer pause already set stays."""
        until = self._clock.boottime() + for_s
        if until > self._paused_until:
            self._paused_until, self._pause_reason = until, reason
            self._changed()

    def halt(self, reason: str) -> None:
        """Let nothing leave until `go_on`: a person asked for it. Nobody's patience is used up. Idempotent."""
        self._halted, self._changes = reason, self._changes + 1

    def go_on(self) -> None:
        """Let go again what `halt` holds. Idempotent."""
        self._halted = ""
        self._changed()

    def stop(self) -> None:
        """Admit nobody any more; those who wait get GuardStoppedError. Calls in flight go on."""
        self._stopped = True
        self._retry_ended.set()
        self._changed()

    def in_use(self, rate: Rate | None = None) -> tuple[int, int]:
        """Slots in use and starts that count in the window now, those of other processes included.   rate: whose
        window; None: that of the first."""
        return self._store.in_use(self._clock.monotonic(), rate.padded_span_s if rate else None)

    def tokens_in_use(self, rate: TokenRate | None = None) -> int:
        """Tokens that count in the window now, those of other processes included; 0 where none are limited.   rate: as
        of `in_use`."""
        return self._store.tokens_in_use(self._clock.monotonic(), rate.padded_span_s if rate else None)

    def close(self) -> None:
        """Give up what is still held in a store that others share."""
        if self._following is not None:
            self._following.close()
        if self._resting is not None:
            self._resting.cancel()
        self._store.close()

    # ---- `auto` ----

    def _follow(self, concurrency: int | None, level: Level | None) -> None:
        """Hold the limit that was asked for, or look for it."""
        before = self._following
        if not isinstance(concurrency, Auto):
            self._following = None
            self.concurrency = concurrency
        elif before is None or before.level.ceiling != concurrency:
            self._following = Following(level or Adaptive(concurrency), self._apply)
            self.concurrency = self._following.limit
        self.asked = concurrency
        if before is not None and before is not self._following:
            before.close()

    def _apply(self, limit: int, why: str) -> None:
        """A raised limit is recorded before it holds, a lowered one holds before it is recorded: at any time no more
        are at work than the record allows."""
        self._changes += limit < (self.concurrency or limit)
        self._notice("limits", {"concurrency": limit, "reason": "auto", "why": why})
        self.concurrency = limit
        self._limit_store(limit)
        self._changed()
        self.on_limits()

    def _limit_store(self, limit: int | None) -> None:
        """In a store that others share, a process without calls of its own holds back nobody."""
        idle = self._following is not None and self._following.idle
        at_once = self._following.level.ceiling if self._following and idle else limit
        self._store.set_limits(self._clock.monotonic(), at_once, self.rates, self.tokens)

    def _wake(self) -> None:
        """A call wants to leave."""
        if self._following is not None and self._following.idle:
            self._following.idle = False
            self._following.level.others_use(self.in_use()[0])
            self._limit_store(self.concurrency)
            self.look_at_level()

    def _rest(self) -> None:
        """Nothing is in flight any more; perhaps for longer."""
        if self._following is not None and self._resting is None:
            self._resting = asyncio.get_running_loop().call_later(IDLE_S, self._rested)

    def _rested(self) -> None:
        self._resting = None
        idle_s = self._clock.monotonic() - self._ended_at
        if self._following is None or self.in_flight:
            return
        if idle_s < IDLE_S:
            self._rest()
        else:
            self._following.idle = True
            self._limit_store(self.concurrency)

    @staticmethod
    def _health_for(rates: Sequence[Rate]) -> Health:
        # At one start per window a probe and the start it allows cannot both be within a second.
        singles = [rate.padded_span_s for rate in rates if rate.starts == 1]
        return Health(max([1.0, *(span_s + 1.0 for span_s in singles)]))

    def _enter_at_once(self, admission: Admission) -> bool:
        if self._following is not None:
            self._wake()
        if admission.retry or self._turn.locked() or self._closed() is not None:
            return False
        now = self._clock.monotonic()
        if self.health is not None and not self.health.fresh(now):
            return False
        if self._following is not None and self._gap_s(now) > 0:
            return False
        taken = self._store.take(now, 1, admission.tokens)
        if isinstance(taken, Hold):
            return False
        self._admitted(admission, taken)
        return True

    async def _enter(self, admission: Admission) -> None:
        if admission.retry:
            await self._retry_turn(admission)
        async with self._turn:
            self._wake()
            blocked_since: float | None = None
            while (hold := self._closed() or await self._take(admission)) is not None:
                now = self._clock.boottime()
                if hold.reason not in (*_OWN_LIMITS, self._halted):
                    blocked_since = now if blocked_since is None else blocked_since
                    self._check_patience(hold, now, blocked_since, admission.patient)
                elif self.health is None or self.health.well:
                    blocked_since = None  # of an ill server, it is the next probe that waits for a place
                await self._wait(hold, admission)

    def _closed(self) -> Hold | None:
        """Why nothing may leave now, whatever the limits."""
        if self._stopped:
            raise GuardStoppedError
        if self._halted:
            return Hold(self._halted, math.inf)
        if self._paused_until > -math.inf and (paused_s := self._paused_until - self._clock.boottime()) > 0:
            return Hold(self._pause_reason, paused_s)
        now = self._clock.monotonic()
        wait_s = self.breaker.wait_s(now)
        if wait_s > 0:
            return Hold("breaker", wait_s)
        if self.health and not self.health.fresh(now):
            wait_s = self.health.probe_wait_s(now)
            if wait_s > 0:
                return Hold("unhealthy", wait_s)
        return None

    async def _take(self, admission: Admission) -> Hold | None:
        now = self._clock.monotonic()
        if (gap_s := self._gap_s(now)) > 0:
            return Hold("slot", gap_s)
        if self.health is None or self.health.fresh(now):
            taken = self._store.take(now, 1, admission.tokens)
        else:
            taken = await self._take_with_probe(self.health, admission, now)
        if isinstance(taken, Hold):
            return taken
        self._admitted(admission, taken)
        return None

    def _admitted(self, admission: Admission, ticket: Ticket) -> None:
        admission.ticket = ticket
        admission.trial = self.breaker.leaves()
        if admission.trial:
            self._notice("breaker", {"state": "half_open"})
        self.in_flight += 1
        if self._following is not None:
            self._following.starts(self._clock.monotonic())

    def _gap_s(self, now: float) -> float:
        """Seconds for which a limit that looks for its level lets nothing start."""
        return 0.0 if self._following is None else self._following.wait_s(now)

    async def _take_with_probe(self, health: Health, admission: Admission, now: float) -> Ticket | Hold:
        """Probe within the slot of the call that asked for it. Its place and the call's are taken together: taken
        one by one, a slow rate would spend every place on probes and start nothing."""
        both = self._store.most_places() >= 2
        taken = self._store.take(now, 2 if both else 1, admission.tokens)
        if isinstance(taken, Hold):
            return taken
        self._probe_lingers, changes = False, self._changes
        try:
            await self._run_probe(taken, health)
            hold = None if health.fresh(self._clock.monotonic()) else Hold("unhealthy", 0.0)
            if hold is None and not both:
                hold = await self._place_after_probe(taken, admission)
            if hold is None and changes != self._changes:
                hold = Hold("slot", 0.0)  # it was taken under other limits, or before a halt
        except BaseException:
            self._end_probe(taken)
            raise
        if hold is not None:
            self._end_probe(taken)
        return hold or taken

    async def _place_after_probe(self, taken: Ticket, admission: Admission) -> Hold | None:
        """Wait for the call's own place, its probe has used the one there was. None: it is taken."""
        while (wait := self._store.take_places(taken, self._clock.monotonic())) is not None:
            await self._wait(wait, admission)
            if (closed := self._closed()) is not None:
                return closed
        return None

    def _end_probe(self, ticket: Ticket) -> None:
        linger_s = self.linger_s if self._probe_lingers else 0.0
        self._store.end(ticket, self._clock.monotonic(), linger_s, used_tokens=0)

    async def _run_probe(self, ticket: Ticket, health: Health) -> None:
        assert self._probe is not None
        left: list[float] = []

        def leaves() -> None:
            if not left:
                left.append(self._left(ticket))
                self._probe_lingers = True  # unless it is answered: the server may still be at work on it

        failure = await self._probe(leaves)
        leaves()
        self._probe_lingers = failure is not None and failure.class_ == "timeout"
        ended = self._clock.monotonic()
        if failure is None:
            health.succeeded(ended, probe=True)
        else:
            health.failed(ended)
        data: dict[str, Any] = {"left_us": round(left[0] * 1e6), "ok": failure is None}
        if failure is not None:
            data |= {"class": failure.class_, "cause": failure.cause}
        self._notice("probed", data)

    def _check_patience(self, hold: Hold, now: float, blocked_since: float, patient: Patience) -> None:
        wait_s = 0.0 if hold.wait_s == math.inf else hold.wait_s
        if not patient(hold.wait_s):
            raise ImpatientError(hold.reason, now + wait_s)
        if now - blocked_since + wait_s > self.max_wait_s:
            raise HeldBackError(hold.reason, now + wait_s)

    async def _wait(self, hold: Hold, admission: Admission) -> None:
        """Until the hold has passed or something has changed, whichever is first."""
        self.hold, before = hold, self._clock.monotonic()
        loop = asyncio.get_running_loop()
        self._nudge = loop.create_future()
        timer = loop.call_later(min(hold.wait_s, LOOK_AGAIN_S), self._changed)
        try:
            await self._nudge
        finally:
            timer.cancel()
            self._nudge, self.hold = None, None
            waited_s = self._clock.monotonic() - before
            admission.waited_s[hold.reason] = admission.waited_s.get(hold.reason, 0.0) + waited_s

    async def _retry_turn(self, admission: Admission) -> None:
        before = self._clock.monotonic()
        while self._retrying >= retries_allowed(self.in_flight) and not self._stopped:
            self._retry_ended.clear()
            await self._retry_ended.wait()
            admission.waited_s["retries"] = self._clock.monotonic() - before
        self._retrying += 1
        admission.holds_retry = True

    def _left(self, ticket: Ticket) -> float:
        """A place of the ticket leaves now; the time. Who waits for just that can be told now how long."""
        now = self._clock.monotonic()
        self._store.left(ticket, now)
        if self.hold is not None and self.hold.wait_s == math.inf:
            self._changed()
        return now

    def _changed(self) -> None:
        if self._nudge is not None and not self._nudge.done():
            self._nudge.set_result(None)

    def _leave(self, admission: Admission) -> None:
        if admission.holds_retry:
            self._retrying -= 1
            self._retry_ended.set()
        if admission.ticket is None:
            return
        now = self._clock.monotonic()
        linger_s = self.linger_s if admission.cut_off and admission.left_at is not None else 0.0
        self._store.end(admission.ticket, now, linger_s, admission.spent())
        self.in_flight -= 1
        trips = self.breaker.trips
        self.breaker.record(now, admission.effect, trial=admission.trial)
        if self.health and admission.effect == "success":
            self.health.succeeded(now, probe=False)
        if self.breaker.trips != trips or admission.trial:
            self._notice("breaker", {"state": self.breaker.state})
        self._ended(admission, now)
        self._changed()

    def _ended(self, admission: Admission, now: float) -> None:
        """What the limit has to learn from a call, where it learns."""
        following, left_at = self._following, admission.left_at
        if following is None:
            return
        if left_at is not None:
            following.ended(now, admission.effect, left_at, admission.at_once, admission.took)
        self._ended_at = now
        if not self.in_flight:
            self._rest()


class Admission:
    """One call through the guard. Enter it to be admitted; leave it when nothing of the call is in flight.

    waited_s: seconds waited, by reason.   left_at: monotonic time of the real start.   Set before leaving:
    effect: what the call says about the server;   cut_off: it was ended from here, the server may still work;
    used_tokens: what it has cost in the end, None where that is not known: then the guess stands;   took: how long it
    took, where it ended well.   at_once: in flight as it left, other processes' included, itself too; 0 where nobody
    asks.
    """

    __slots__ = (
        "_guard",
        "at_once",
        "cut_off",
        "effect",
        "holds_retry",
        "left_at",
        "patient",
        "retry",
        "ticket",
        "tokens",
        "took",
        "trial",
        "used_tokens",
        "waited_s",
    )

    def __init__(self, guard: Guard, retry: bool, patient: Patience, tokens: int) -> None:
        self._guard, self.patient, self.tokens = guard, patient, tokens
        self.retry, self.holds_retry, self.trial = retry, False, False
        self.ticket: Ticket | None = None
        self.waited_s: dict[str, float] = {}
        self.left_at: float | None = None
        self.effect: Effect = "ignored"
        self.cut_off = False
        self.used_tokens: int | None = None
        self.took: Measure | None = None
        self.at_once = 0

    def leaves(self) -> None:
        """The call really goes out now. Only the first word counts."""
        if self.left_at is None:
            assert self.ticket is not None
            self.left_at = self._guard._left(self.ticket)
            if self._guard._following is not None:
                self.at_once = self._guard.in_use()[0]

    def ended_well(self, kind: str, work: float = 1.0, took_s: float | None = None) -> None:
        """How long it took, where it has left; as `Measure`.   took_s: None: until now."""
        if self.left_at is not None and self._guard._following is not None:
            until_now_s = self._guard._clock.monotonic() - self.left_at
            self.took = Measure(kind, until_now_s if took_s is None else took_s, work)

    def heard(self) -> None:
        """Bytes of an answer have come: that the server is well needs no probe. Cheap enough for every piece."""
        if self._guard.health is not None:
            self._guard.health.succeeded(self._guard._clock.monotonic(), probe=False)

    def spent(self) -> int | None:
        """Tokens that it counts for from its end on: none where it never left; None: as many as guessed."""
        if self.left_at is None:
            return 0
        return None if self.used_tokens is None else max(0, min(self.used_tokens, _MOST_TOKENS))

    def enter_at_once(self) -> bool:
        """Be admitted now, where nothing has to be waited for and nobody asked; then it is to be left as if it had been
        entered. False: nothing has happened, and it may be entered. Raises GuardStoppedError."""
        return self._guard._enter_at_once(self)

    async def __aenter__(self) -> Admission:
        try:
            await self._guard._enter(self)
        except BaseException:
            self._guard._leave(self)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_off = self.cut_off or error is not None
        self._guard._leave(self)
