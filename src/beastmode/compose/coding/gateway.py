"""The gateway of a run: it carries the model requests of all its attempts, and ends with it.

It serves on a thread of this process, with an event loop of its own: an agent's stream does not wait for the runner's
work, nor the other way round, and nothing is left of it after a kill -9, as a process of its own would be.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.coding.elsewhere import GatewayElsewhere
from beastmode.compose.coding.gateway_settings import serving_of
from beastmode.compose.coding.model_server import STAND_IN_KEY, dialects_of, is_near, look
from beastmode.compose.coding.server_thread import GoneError, ServerThread
from beastmode.compose.coding.starting import Starting, starts_by_cores
from beastmode.compose.opening.limits_said import server_with
from beastmode.compose.serve.alarms import Tell
from beastmode.compose.serve.application import Inside
from beastmode.compose.serve.caching import stack_for
from beastmode.compose.serve.seen import Seen
from beastmode.compose.serve.server import server_for
from beastmode.compose.serve.settings.told import chosen_for
from beastmode.compose.serve.upstreams import Limited, not_asked
from beastmode.failures.failure import Failure
from beastmode.gateway.backend import Backend
from beastmode.gateway.call import Call
from beastmode.gateway.doors.budget_words import BudgetWords
from beastmode.gateway.doors.run import BudgetOf, Guest, RunDoor, Spent
from beastmode.gateway.doors.tally import Tally
from beastmode.gateway.path_token import PathToken, token_of
from beastmode.gateway.quarantine import Quarantine
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.model_access import Access, Usage
from beastmode.runner.work import Coding
from beastmode.safeguards.breaker import OPEN_S
from beastmode.settings import Rate, TokenRate
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.use import used_in_run

Told = TypeVar("Told")

CLOSE_S = 10.0
"""How long the requests of an attempt that has ended may take to end: its agent is dead, and the gateway sees that
within a second."""

PATIENCE_S = 10.0
"""How long the cache's file is waited for: with sixteen agents starting on two cores a read took more than the 100 ms
that a server gives it, and what is not found is paid for again."""

ONE_TRIAL_S = OPEN_S + 5.0
"""A server that mostly fails is waited for so long at least, whatever `--max-wait` says: it is tried once more."""

_ENDED, _START_AGAIN = "the gateway of the run has ended", "Give the same command again; it resumes."
_UNPRICED = (
    "the price of {} is not known: its requests are counted, but no budget holds for them. "
    "Watch what it costs where you pay for it; a model of one's own is free."
)


class RunGateway:
    """Gives attempts their way to the model through a gateway of the run's own. To be used from one event loop.

    home: of the run; ledger and cache are kept there.   run: as the ledger names it, `r7`.   max_wait_s: for a model
    server that asks to wait or is not well.   on_budget: told once of each budget that is used up.   tell: told what
    needs a person, in one line.   limited: how many requests at once its upstreams bear, where that is found out.
    """

    def __init__(
        self,
        server: ModelServer,
        settings: CodingSettings,
        home: Path,
        run: str,
        max_wait_s: float,
        on_budget: Callable[[Spent], None] = lambda spent: None,
        *,
        tell: Tell = lambda words: None,
        limited: Limited = not_asked,
    ) -> None:
        self._settings, self._run, self._on_budget, self._tell = settings, run, on_budget, tell
        self._server = server
        self._needs_no_key = bool(server.key_env) or (bool(server.upstream) and is_near(server.upstream))
        self._serving = serving_of(server, home, max_wait_s)
        self._max_wait_s = max(max_wait_s, ONE_TRIAL_S)
        self._limited = limited
        self._told: set[str] = set()
        self._backends: Sequence[Backend] = ()
        self._open: dict[tuple[str, int], Guest] = {}
        self._unjudged: dict[str, Attempt] = {}
        self._starting = Starting(starts_by_cores())
        self.thread = ServerThread(self._make, self._crashed)

    async def start(self) -> None:
        """Listen. Raises BeastError where that cannot be."""
        self._home_loop = asyncio.get_running_loop()
        await self.thread.start()

    async def stop(self) -> None:
        """End it; what is still in flight is cut. Idempotent, also where it has never begun."""
        await self.thread.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.thread.port}"

    async def refusal(self) -> Failure | None:
        """Why the model server would not take the key of this run, asked for nothing that costs; None where it does, or
        where that cannot be seen: there is no list of models, it is down, or agents bring their own login."""
        if not self._server.upstream:
            return None
        said = PathToken(_secret(), self._run)
        guest = await self.thread.call(self._admit, said, None)
        looked = await look(self._way(said), self._server.upstream)
        await self.thread.run(self._door.dismiss(guest, CLOSE_S))
        if not self._server.key_env:
            self._needs_no_key = self._needs_no_key and looked.taken is not False
            return None
        return looked.failure if looked.taken is False else None

    def _way(self, said: PathToken) -> str:
        return f"{self.url}/t/{token_of(said)}"

    def comes(self, task: str) -> None:
        """Its turn has come: until it is done, its requests go before those of all whose turn comes later."""
        self._starting.place_of(task)

    async def open(self, attempt: Attempt) -> Access:
        """A URL of its own, which is good until it is closed; once it is its turn to start.

        Where the attempt before was never judged though its model was there, it led nowhere: its agent gave up or
        changed nothing. The same answers would lead this one there, too."""
        if (before := self._unjudged.pop(attempt.task.id, None)) is not None:
            await self.judged(before, False)
        place = self._starting.place_of(attempt.task.id)
        await self._starting.turn(attempt.task.id, attempt.number)
        said = PathToken(_secret(), attempt.run, attempt.task.id, attempt.number, attempt.rounds)
        guest = Guest(said)
        with suppress(GoneError):  # told already; close says so of each attempt
            guest = await self.thread.call(self._admit, said, self._budget_of_task(attempt), place)
        self._open[attempt.task.id, attempt.number] = guest
        key = STAND_IN_KEY if self._needs_no_key else ""
        return Access(self._way(said), key, dialects_of(self._server.upstream))

    async def close(self, attempt: Attempt) -> Usage:
        """What it has used; its URL is good no more."""
        guest = self._open.pop((attempt.task.id, attempt.number))
        self._starting.ended(attempt.task.id, attempt.number)
        try:
            await self.thread.run(self._door.dismiss(guest, CLOSE_S))
        except GoneError:
            return replace(usage_of(guest.tally), failure=_gone(self.thread.crashed))
        if guest.tally.failure is None:
            self._unjudged[attempt.task.id] = attempt
        return usage_of(guest.tally)

    async def line(self) -> tuple[int, int] | None:
        """Requests that wait in line for their upstream, and those at work there; None where it has ended."""
        with suppress(GoneError):
            return await self.thread.call(self._look)
        return None

    async def judged(self, attempt: Attempt, ok: bool) -> None:
        """After verification. Where it failed, nobody is given the same answers again."""
        self._unjudged.pop(attempt.task.id, None)
        with suppress(GoneError):
            await self.thread.call(self._judge, (attempt.task.id, attempt.number), ok)

    async def set_limits(self, limits: Mapping[str, Any]) -> None:
        """What the model server bears from now on, as the journal has it; what is not named stays."""
        self._server = server_with(self._server, limits)
        server = self._server
        with suppress(GoneError):  # told already
            await self.thread.call(self._set_limits, server.concurrency, server.rates, server.tokens)

    # ---- on the thread of the gateway ----

    def _set_limits(
        self, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate]
    ) -> None:
        for backend in self._backends:
            backend.set_limits(concurrency, rates, tokens)

    def _know(self, backends: Sequence[Backend]) -> None:
        self._backends = backends

    def _make(self, started: Callable[[int], None]) -> uvicorn.Server:
        stack = stack_for(self._serving, PATIENCE_S)
        assert stack is not None
        self._quarantine = Quarantine(stack.remove)
        self._door = RunDoor(
            SYSTEM_CLOCK,
            run_budget=self._budget_of_run(),
            used=used_in_run(ledger_path(self._serving.home), self._run),
            on_spent=self._at_home(self._spent),
            on_unpriced=self._at_home(self._unpriced),
            on_asks=self._at_home(self._asks),
        )
        inside = Inside(self._door, stack, self._finished, self._max_wait_s, self._know, self._limited_there)
        seen = Seen(self._run, chosen_for(self._serving, self._run))
        return server_for(self._serving, started, self._at_home(self._alarmed), inside, seen)

    def _limited_there(self, upstream: str, data: dict[str, Any]) -> None:
        def told(data: dict[str, Any]) -> None:
            self._limited(upstream, data)

        self._at_home(told)(data)

    def _look(self) -> tuple[int, int]:
        return sum(one.waiting for one in self._backends), sum(one.in_flight for one in self._backends)

    def _admit(self, said: PathToken, budget: BudgetOf | None, place: int = 0) -> Guest:
        return self._door.admit(said, budget, place)

    def _judge(self, attempt: tuple[str, int], ok: bool) -> int:
        return self._quarantine.judged(attempt, ok=ok)

    def _finished(self, call: Call) -> None:
        if call.caller is not None and call.answer_key:
            said = call.caller.said
            self._quarantine.given((said.task, said.attempt), call.answer_key)
        self._door.finished(call)

    # ---- on the loop of the run ----

    def _at_home(self, tell: Callable[[Told], None]) -> Callable[[Told], None]:
        """The same, to be called from the gateway's thread."""

        def told(what: Told) -> None:
            with suppress(RuntimeError):  # the run has ended before its gateway
                self._home_loop.call_soon_threadsafe(tell, what)

        return told

    def _crashed(self, why: str) -> None:
        self._tell(f"{_ENDED}: {why}. {_START_AGAIN}")

    def _alarmed(self, words: str) -> None:
        self._tell(" ".join(words.removeprefix("beast: ").split()))

    def _asks(self, said: PathToken) -> None:
        self._starting.asks(said.task, said.attempt or 0)

    def _unpriced(self, model: str) -> None:
        if model not in self._told:
            self._told.add(model)
            self._tell(_UNPRICED.format(model))

    def _spent(self, spent: Spent) -> None:
        if spent.words not in self._told:
            self._told.add(spent.words)
            self._on_budget(spent)

    # ---- budgets ----

    def _budget_of_run(self) -> BudgetOf | None:
        usd = self._settings.budget_usd
        return None if usd is None else BudgetOf(usd, BudgetWords(f"run {self._run}", "--budget {}usd"))

    def _budget_of_task(self, attempt: Attempt) -> BudgetOf | None:
        task, work = attempt.task, attempt.task.work
        own = work.budget_usd if isinstance(work, Coding) else None
        usd = self._settings.task_budget_usd if own is None else own
        raise_it = "--task-budget {}usd" if own is None else "`budget: {}usd` in the list"
        return None if usd is None else BudgetOf(usd, BudgetWords(f"task {task.id}", raise_it))


def _secret() -> str:
    """The key of a token, that nobody can guess."""
    return secrets.token_urlsafe(12)


def usage_of(tally: Tally) -> Usage:
    """A tally in the words of the runner."""
    return Usage(
        requests=tally.requests,
        refused=tally.refused,
        hits=tally.hits,
        tokens_in=tally.tokens_in,
        tokens_out=tally.tokens_out,
        cost_usd=tally.cost_usd,
        unpriced=tally.unpriced,
        failure=tally.failure,
        known=True,
    )


def _gone(why: str) -> Failure:
    return Failure("worker_lost", f"{_ENDED}: {why}", False, _START_AGAIN)


def way_to_model(
    server: ModelServer,
    settings: CodingSettings,
    home: Path,
    run: str,
    max_wait_s: float,
    on_budget: Callable[[Spent], None] = lambda spent: None,
    *,
    tell: Tell = lambda words: None,
    limited: Limited = not_asked,
) -> RunGateway | GatewayElsewhere:
    """The gateway of a run, or the one that runs already and that it names. As RunGateway takes them. Raises
    SettingError."""
    if server.gateway:
        return GatewayElsewhere(server, run)
    return RunGateway(server, settings, home, run, max_wait_s, on_budget, tell=tell, limited=limited)
