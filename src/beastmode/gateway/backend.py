"""Backend: one upstream and what stands in front of it: the line of those that wait, then the guard."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import TracebackType

from beastmode.clock import Clock
from beastmode.failures.failure import Failure
from beastmode.gateway import rejections
from beastmode.gateway.asking import priority_of
from beastmode.gateway.call import Call
from beastmode.gateway.line import Line, LineFullError
from beastmode.gateway.rejected import RejectedError
from beastmode.gateway.upstream import Upstream
from beastmode.safeguards.admission import Admission
from beastmode.safeguards.closure import GuardStoppedError
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import Hold
from beastmode.safeguards.patience import HeldBackError, ImpatientError, Patience
from beastmode.settings import Rate, TokenRate

Changed = tuple[int | None, Sequence[Rate], Sequence[TokenRate]]
MOST_LANES = 250
"""Credentials at once with limits of their own; of more, those that nobody uses are forgotten first."""


class ClosedError(Exception):
    """Nothing leaves for this upstream now, and the caller would rather go elsewhere."""


class Lane:
    """A guard, and the two lines in front of it. A try again waits in a line of its own: one that waits for the budget
    of retries keeps no first try waiting."""

    def __init__(self, guard: Guard, most_waiting: int) -> None:
        self.guard = guard
        self.first, self.again = Line(most_waiting), Line(most_waiting)

    def line(self, *, again: bool) -> Line:
        return self.again if again else self.first

    @property
    def idle(self) -> bool:
        """Nobody uses it, and nothing is lost with it: a pause that the upstream asked for would be."""
        in_use = self.guard.limits.in_flight or len(self.first) or len(self.again)
        return not in_use and self.guard.closed_s() == 0


class Backend:
    """One upstream with its limits.

    guard_for: makes the guard of a scope: "" for the upstream as a whole, or the tenant where each has limits of its
    own (`by_tenant`).   most_waiting: in one line at once.   last_failure: that
    says something of the server.
    """

    def __init__(
        self,
        upstream: Upstream,
        guard_for: Callable[[str], Guard],
        clock: Clock,
        *,
        most_waiting: int,
        name: str = "",
        by_tenant: bool = False,
    ) -> None:
        self.upstream, self.name = upstream, name
        self._guard_for, self._clock, self._most_waiting = guard_for, clock, most_waiting
        self._by_tenant = by_tenant
        self.last_failure: Failure | None = None
        self._stopped = False
        self._changed: Changed | None = None
        self._lanes: OrderedDict[str, Lane] = OrderedDict()
        if not by_tenant:
            self._lane("")  # what is wrong with the limits is told before the first request

    def lane_of(self, call: Call) -> Lane:
        """What stands between this call and the upstream."""
        if not self._by_tenant:
            return self._lanes[""]
        return self._lane(self.upstream.tenant_of(call.incoming).hex())

    def _lane(self, scope: str) -> Lane:
        lane = self._lanes.get(scope)
        if lane is None:
            lane = self._lanes[scope] = Lane(self._guard_for(scope), self._most_waiting)
            if self._changed is not None:
                lane.guard.set_limits(*self._changed)
            if self._stopped:
                lane.guard.stop()
            self._forget_idle()
        else:
            self._lanes.move_to_end(scope)
        return lane

    def admitted(self, call: Call, *, patient: Patience = lambda wait_s: True) -> Admitted:
        """`async with backend.admitted(call) as admission`: in line for the guard, then through it.

        patient: may it wait so long (s, infinite if unknown) for an upstream that is paused, whose breaker is open or
        that is ill? Else ClosedError; asked again while it waits.   Raises RejectedError where it waited too long, or
        the line is full.
        """
        return Admitted(self, call, patient)

    async def _enter(self, call: Call, patient: Patience) -> Admission:
        lane, again = self.lane_of(call), self in call.tried
        admission = lane.guard.admit(retry=again, patient=patient, tokens=call.most_tokens)
        line, before = lane.line(again=again), self._clock.monotonic()
        try:
            if not line.empty or not admission.enter_at_once():
                place = call.caller.place if call.caller else 0
                turn = line.turn(call.entry.key, priority_of(call.incoming), place)
                async with asyncio.timeout(call.deadline - before), turn:
                    await admission.__aenter__()
        except ImpatientError:
            raise ClosedError from None
        except (LineFullError, TimeoutError, HeldBackError) as error:
            raise self._refused(call, lane.guard, admission, error) from None
        except GuardStoppedError:
            raise rejections.shutting_down() from None
        finally:
            call.entry.queue_s = (call.entry.queue_s or 0.0) + self._clock.monotonic() - before
        return admission

    def _refused(self, call: Call, guard: Guard, admission: Admission, error: Exception) -> RejectedError:
        """What one is told that may not leave in time."""
        why = self.why_closed(call)
        if trouble := guard.trouble():
            return rejections.limits_in_trouble(trouble)
        if isinstance(error, LineFullError):
            return rejections.too_many(error.waiting, self.closed(call), why)
        if isinstance(error, HeldBackError):
            return rejections.asked_to_wait(error.reason, error.until - self._clock.boottime(), why)
        waited_s = call.deadline - call.received
        return rejections.waited_too_long(waited_s, admission.waited_s, guard.closed_s(), why)

    @property
    def lanes(self) -> Sequence[Lane]:
        """What stands between requests and the upstream: one, or one for each credential that was used lately."""
        return list(self._lanes.values())

    @property
    def waiting(self) -> int:
        """Requests in its lines, and in front of its guard."""
        return sum(len(lane.first) + len(lane.again) for lane in self._lanes.values())

    @property
    def in_flight(self) -> int:
        """Requests that have been let through and are not over."""
        return sum(lane.guard.limits.in_flight for lane in self._lanes.values())

    def trouble(self) -> str:
        """Why its limits cannot be kept now, as `Guard.trouble`."""
        return next(filter(None, (lane.guard.trouble() for lane in self._lanes.values())), "")

    def closed_s(self, call: Call) -> float:
        """Seconds until this call could leave for it, whatever the limits; 0 where it is well, infinite if unknown or
        where its line is full."""
        lane = self.lane_of(call)
        return math.inf if lane.line(again=self in call.tried).full else lane.guard.closed_s()

    def closed(self, call: Call) -> Hold | None:
        """Why this call could not leave for it now, whatever the limits, and for how long; None where it could."""
        return self.lane_of(call).guard.closed()

    def why_closed(self, call: Call) -> Failure | None:
        """How calls to it have failed last, where that is why none may leave."""
        return self.last_failure if self.lane_of(call).guard.breaker.state != "closed" else None

    def closed_by(self, call: Call) -> Failure | None:
        """Why this call could not leave for it now, as a failure."""
        hold, why = self.closed(call), self.why_closed(call)
        return None if hold is None else rejections.asked_to_wait(hold.reason, hold.wait_s, why).failure

    def pause(self, call: Call, failure: Failure) -> None:
        """Let nothing leave until the time that it stated."""
        if failure.retry_after_s is not None:
            self.lane_of(call).guard.pause(failure.retry_after_s, failure.class_)

    def set_limits(self, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate]) -> None:
        """Change the limits while calls are in flight. Lowered, they hold for every start from now on."""
        self._changed = concurrency, tuple(rates), tuple(tokens)
        for lane in self._lanes.values():
            lane.guard.set_limits(*self._changed)

    def stop(self) -> None:
        """Admit nobody any more."""
        self._stopped = True
        for lane in self._lanes.values():
            lane.guard.stop()

    async def close(self) -> None:
        await self.upstream.close()
        for lane in self._lanes.values():
            lane.guard.close()

    def _forget_idle(self) -> None:
        for scope in list(self._lanes)[:-1] if len(self._lanes) > MOST_LANES else ():
            if self._lanes[scope].idle:
                self._lanes.pop(scope).guard.close()
                return


def trouble_of(backends: Sequence[Backend]) -> str:
    """Why the limits of one of them cannot be kept now, as `Guard.trouble`."""
    return next(filter(None, (backend.trouble() for backend in backends)), "")


class Admitted:
    """One call that has been let through, from entering to leaving it."""

    __slots__ = ("_admission", "_backend", "_call", "_patient")

    def __init__(self, backend: Backend, call: Call, patient: Patience) -> None:
        self._backend, self._call, self._patient = backend, call, patient

    async def __aenter__(self) -> Admission:
        self._admission = await self._backend._enter(self._call, self._patient)
        return self._admission

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._admission.__aexit__(kind, error, trace)
