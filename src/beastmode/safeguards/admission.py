"""Admission: one call on its way through a guard, and what it has to say when it ends."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from beastmode.clock import Clock
from beastmode.failures.failure import Effect
from beastmode.safeguards.limit_store import Ticket
from beastmode.safeguards.patience import Patience
from beastmode.safeguards.slowness import Measure

MOST_TOKENS = 10**12
"""Of one call: a server may say that it has used any number, and sums have to fit into 64 bits."""


class Admits(Protocol):
    """Who lets a call through, as the call knows it: `guard.Guard`."""

    @property
    def learns(self) -> bool:
        """Does anybody want to know how long calls take?"""
        ...

    async def enter(self, admission: Admission) -> None: ...

    def enter_at_once(self, admission: Admission) -> bool: ...

    def left(self, admission: Admission) -> None: ...

    def heard(self) -> None: ...

    def leave(self, admission: Admission) -> None: ...


class Admission:
    """One call through the guard. Enter it to be admitted; leave it when nothing of the call is in flight.

    waited_s: seconds waited, by reason.   left_at: monotonic time of the real start.   Set before leaving:
    effect: what the call says about the server;   cut_off: it was ended from here, the server may still work;
    used_tokens: what it has cost in the end, None where that is not known: then the guess stands;   took: how long it
    took, where it ended well.   at_once: in flight as it left, other processes' included, itself too; 0 where nobody
    asks.
    """

    __slots__ = (
        "_clock",
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

    def __init__(self, guard: Admits, clock: Clock, retry: bool, patient: Patience, tokens: int) -> None:
        self._guard, self._clock = guard, clock
        self.patient, self.tokens = patient, tokens
        self.retry, self.holds_retry, self.trial = retry, False, False
        self.ticket: Ticket | None = None
        self.waited_s: dict[str, float] = {}
        self.left_at: float | None = None
        self.effect: Effect = "ignored"
        self.cut_off = False
        self.used_tokens: int | None = None
        self.took: Measure | None = None
        self.at_once = 0

    def enter_at_once(self) -> bool:
        """Be admitted now, where nothing has to be waited for and nobody asked; then it is to be left as if it had been
        entered. False: nothing has happened, and it may be entered. Raises GuardStoppedError."""
        return self._guard.enter_at_once(self)

    async def __aenter__(self) -> Admission:
        try:
            await self._guard.enter(self)
        except BaseException:
            self._guard.leave(self)
            raise
        return self

    def leaves(self) -> None:
        """The call really goes out now. Only the first word counts."""
        if self.left_at is None:
            self._guard.left(self)

    def heard(self) -> None:
        """Bytes of an answer have come: that the server is well needs no probe. Cheap enough for every piece."""
        self._guard.heard()

    def ended_well(self, kind: str, work: float = 1.0, took_s: float | None = None) -> None:
        """How long it took, where it has left; as `Measure`.   took_s: None: until now."""
        if self.left_at is not None and self._guard.learns:
            until_now_s = self._clock.monotonic() - self.left_at
            self.took = Measure(kind, until_now_s if took_s is None else took_s, work)

    def spent(self) -> int | None:
        """Tokens that it counts for from its end on: none where it never left; None: as many as guessed."""
        if self.left_at is None:
            return 0
        return None if self.used_tokens is None else max(0, min(self.used_tokens, MOST_TOKENS))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_off = self.cut_off or error is not None
        self._guard.leave(self)
