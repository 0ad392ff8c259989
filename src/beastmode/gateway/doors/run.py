"""Run door: who may ask inside a run. An attempt that has been given a token, until that is taken back, and nobody
else; its requests are paid out of the budgets of its task and of its run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from beastmode.clock import Clock
from beastmode.gateway import rejections
from beastmode.gateway.asking import name_of
from beastmode.gateway.call import Call
from beastmode.gateway.caller import Caller, Toll
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.dialects.protocol import Asked
from beastmode.gateway.doors.budget_words import BudgetWords
from beastmode.gateway.doors.tally import Tally
from beastmode.gateway.doors.tolls import guess_of, spent_by
from beastmode.gateway.path_token import PathToken, read_token
from beastmode.gateway.rejected import RejectedError
from beastmode.gateway.turnstile import Turnstile
from beastmode.store.allowance import NO_USE, Allowance, Use
from beastmode.store.keys.key import Key, KeyLimits, Right
from beastmode.store.ledger.entry import Entry

_NAMES = b"beast run"
"""Keys the short names in the record. No secret: what a token says of who asks is none, and its key lives as long as an
attempt."""


@dataclass(frozen=True, slots=True)
class BudgetOf:
    """What a run, or a task of it, may cost.   usd: more than 0.   words: how it says no."""

    usd: float
    words: BudgetWords


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget that is used up.   task: whose it is; "" for that of the run.   words: which, and what raises it."""

    task: str
    words: str


@dataclass(slots=True, eq=False)
class Guest:
    """One attempt that may ask.   said: its token.   place: of its requests in line, before all of a higher one.
    payers: of its requests.   tally: of them.   open: it may still ask.   asks: it has begun to.   in_flight: its
    requests; idle: set while there are none."""

    said: PathToken
    place: int = 0
    payers: tuple[Turnstile, ...] = ()
    tally: Tally = field(default_factory=Tally)
    open: bool = True
    asks: bool = False
    in_flight: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)


class RunDoor:
    """Lets in those that `admit` names. To be used from one event loop.

    run_budget: None for none.   used: what each task has used in earlier sessions of the run.   on_spent: told of a
    budget that is used up, whenever a request was refused for it.   on_unpriced: told of a model whose
    price is not known, though there is a budget.   on_asks: told of an attempt that asks for the first time.
    most_waiting: for one budget at once.
    """

    alarm = ""

    def __init__(
        self,
        clock: Clock,
        *,
        run_budget: BudgetOf | None = None,
        used: Mapping[str, Use] | None = None,
        on_spent: Callable[[Spent], None] = lambda spent: None,
        on_unpriced: Callable[[str], None] = lambda model: None,
        on_asks: Callable[[PathToken], None] = lambda said: None,
        most_waiting: int = 1000,
    ) -> None:
        self._on_unpriced, self._on_asks = on_unpriced, on_asks
        self._clock, self._on_spent, self._most_waiting = clock, on_spent, most_waiting
        self._used = dict(used or {})
        self._guests: dict[str, Guest] = {}
        self._by_task: dict[str, Turnstile] = {}
        self._whose: dict[Turnstile, str] = {}
        everything = NO_USE
        for use in self._used.values():
            everything = everything.plus(use)
        self._of_run = self._turnstile("run", run_budget, everything) if run_budget else None

    # ---- the run: who may ask ----

    def admit(self, said: PathToken, budget: BudgetOf | None, place: int = 0) -> Guest:
        """Let in who shows that token's key from now on.   budget: of its task; None for none.   place: in line."""
        payers = [self._of_task(said.task, budget)] if budget else []
        payers += [self._of_run] if self._of_run else []
        guest = self._guests[said.key] = Guest(said, place, tuple(payers))
        guest.idle.set()
        return guest

    async def dismiss(self, guest: Guest, patience_s: float) -> bool:
        """Let it in no more, and wait until all that it has asked has ended; False where that takes longer."""
        guest.open = False
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await guest.idle.wait()
        if guest.in_flight == 0:
            self._guests.pop(guest.said.key, None)
        return guest.in_flight == 0

    def finished(self, call: Call) -> None:
        """A request has ended: for `Proxy.finishing`."""
        guest = self._guest_of(call)
        if guest is None:
            return
        guest.tally.ended(call.entry, call.failure)
        guest.in_flight -= 1
        if guest.in_flight == 0:
            guest.idle.set()
            if not guest.open:
                self._guests.pop(guest.said.key, None)

    def _guest_of(self, call: Call) -> Guest | None:
        return None if call.caller is None else self._guests.get(call.caller.said.key)

    # ---- the proxy: see `door.Door` ----

    def receive(self, incoming: Incoming, entry: Entry) -> Caller:
        said = read_token(incoming.token)
        guest = self._guests.get(said.key)
        name = name_of(incoming, _NAMES)
        caller = Caller(name, said) if guest is None else Caller(name, guest.said, place=guest.place)
        caller.sign(entry)
        if guest is None or not guest.open:
            raise rejections.no_guest()
        guest.in_flight += 1
        guest.idle.clear()
        if not guest.asks:
            guest.asks = True
            self._on_asks(guest.said)
        return caller

    def payers(self) -> Iterable[tuple[str, Turnstile]]:
        open_now = [payer for guest in self._guests.values() for payer in guest.payers]
        of_run = [self._of_run] if self._of_run else []
        return [(self._whose[payer], payer) for payer in dict.fromkeys([*of_run, *open_now])]

    def allow(self, caller: Caller, method: str, asked: Asked) -> None:
        """Any model may be asked."""

    def refusal(self, incoming: Incoming, right: Right) -> RejectedError | None:
        return None

    async def enter(self, call: Call, upstream: str) -> Toll | None:
        guest = self._guest_of(call)
        if guest is None or not guest.payers or call.asked is None:
            return None
        before, unix = self._clock.monotonic(), self._clock.unix()
        guess = guess_of(call.asked, call.body, upstream, unix)
        if guess.unpriced:
            self._on_unpriced(call.model)
        call.at_door = True
        try:
            await self._pay(guest, guess, call.deadline)
        finally:
            call.at_door = False
            call.entry.queue_s = (call.entry.queue_s or 0.0) + self._clock.monotonic() - before
        return Toll(guest.payers, guess)

    def settle(self, toll: Toll, entry: Entry) -> None:
        spent = spent_by(entry, toll.guess)
        for payer in toll.turnstiles:
            payer.leave(toll.guess, spent)

    def watch(self) -> None:
        """Nothing changes but by `admit` and `dismiss`."""

    def stop(self) -> None:
        for payer in (*self._by_task.values(), *([self._of_run] if self._of_run else [])):
            payer.stop()

    async def close(self) -> None:
        """What was used stands in the ledger."""

    # ---- budgets ----

    async def _pay(self, guest: Guest, guess: Use, deadline: float) -> None:
        """Set it aside at each, always in the same order: so none waits for one that waits for it."""
        paid: list[Turnstile] = []
        try:
            for payer in guest.payers:
                await payer.enter(guess, deadline)
                paid.append(payer)
        except BaseException as error:
            for payer in paid:
                payer.leave(guess, NO_USE)
            if isinstance(error, RejectedError) and error.failure.class_ == "out_of_budget":
                task = "" if guest.payers[len(paid)] is self._of_run else guest.said.task
                self._on_spent(Spent(task, f"{error.failure.cause}. {error.failure.tip}"))
            raise

    def _of_task(self, task: str, budget: BudgetOf) -> Turnstile:
        """One for all attempts of a task: they share its budget."""
        if task not in self._by_task:
            self._by_task[task] = self._turnstile(task, budget, self._used.get(task, NO_USE))
        return self._by_task[task]

    def _turnstile(self, name: str, budget: BudgetOf, used: Use) -> Turnstile:
        limits = KeyLimits(allowances=(Allowance(budget.usd, "usd", "run"),))
        turnstile = Turnstile(Key(name, name, limits, 0.0), self._clock, self._most_waiting, budget.words)
        turnstile.purse.know({"run": used})
        self._whose[turnstile] = budget.words.whose
        return turnstile
