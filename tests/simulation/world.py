"""A whole run on virtual time, made from a seed: roadmap, server, faults, cancellations, limits, restarts.

`simulate(seed)` plays it with the real schedule, guard, policy, graph, resume and fold, and checks the promises
at every step. The same seed gives the same trace.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from beastmode.events import ATTEMPT_STARTED, RESET, SESSION_ENDED, SESSION_STARTED
from beastmode.failures.failure import Failure
from beastmode.runner.execute import Job, Means
from beastmode.runner.graph import Graph, graph_of
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.policy import Tries
from beastmode.runner.progress import Progress
from beastmode.runner.rank import rank_of
from beastmode.runner.resume import Plan, Selection, opening_events, plan_session
from beastmode.runner.roadmap import Phase, Roadmap, Task
from beastmode.runner.schedule import Schedule
from beastmode.runner.states import FINAL
from beastmode.runner.touches import Touches, overlap, touches_of
from beastmode.runner.work import Command
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import LimitStore, MemoryStore
from beastmode.settings import Auto, Rate
from beastmode.testing import DeadlockError, MemoryJournal, VirtualLoop, attempt_of

LINGER_S = 0.5
LONGEST_S = 4 * 3600.0
"""Virtual time in which every run must have come to its end: liveness."""


class BrokenPromiseError(AssertionError):
    """A promise did not hold."""


@dataclass
class Parts:
    """What a simulation is built from, so that a test can plant a bug in one of them."""

    store: Callable[[int | None, tuple[Rate, ...]], LimitStore] = MemoryStore
    graph: Callable[[Roadmap], Graph] = graph_of
    plan: Callable[[Roadmap, Progress, Selection], Plan] = plan_session
    journal: type[MemoryJournal] = MemoryJournal
    guard: type[Guard] = Guard
    touches: Callable[[Sequence[Task]], Callable[[int], Touches] | None] = touches_of
    careful_after_restart: bool = True


@dataclass
class Server:
    """Counts what really arrives. `limits` are those in force, with the time from which they are."""

    limits: list[tuple[float, int | None, tuple[Rate, ...]]] = field(default_factory=list)
    departures: list[float] = field(default_factory=list)
    in_flight: int = 0

    def arrives(self, now: float, admitted: float) -> None:
        """A call leaves for the server: neither rate nor slots may be exceeded by it. A call that was admitted
        before a limit was lowered, if only in the same instant, may still leave under the one it was admitted by."""
        since = max(0, bisect_left([begin for begin, _, _ in self.limits], admitted) - 1)
        allowed = self.limits[since:]
        self.departures.append(now)
        self.in_flight += 1
        if not any(slots is None or self.in_flight <= slots for _, slots, _ in allowed):
            raise BrokenPromiseError(f"{self.in_flight} in flight at {now:.3f}, limits {allowed}")
        if not any(all(self._starts(now, rate) <= rate.starts for rate in rates) for _, _, rates in allowed):
            raise BrokenPromiseError(f"too many starts in a window at {now:.3f}, limits {allowed}")

    def _starts(self, now: float, rate: Rate) -> int:
        return len(self.departures) - bisect_right(self.departures, now - rate.span_s)


class World:
    """One seed's roadmap, server and fate."""

    def __init__(self, seed: int, parts: Parts) -> None:
        self.rng = random.Random(seed)
        self.parts = parts
        self.loop = VirtualLoop(start_s=1000.0)
        self.clock = self.loop.clock()
        self.trace: list[str] = []
        self.retries = self.rng.randrange(3)
        self.roadmap = self._roadmap()
        self.ids = [task.id for task in self.roadmap.tasks()]
        self.graph = graph_of(self.roadmap)
        self.asked = self._limits()
        self.server = Server()
        self.journal = parts.journal(self.clock, self.rng.choice((0.0, 0.001, 0.03)))
        self.done: set[str] = set()
        self.at_work: dict[str, Touches] = {}
        self.kills = self.rng.choice((0, 0, 1, 2))
        self.fault: BrokenPromiseError | None = None

    def note(self, what: str) -> None:
        self.trace.append(f"{self.loop.time():.6f} {what}")

    def play(self) -> str:
        """Play to the end; returns the hash of the trace. Raises BrokenPromiseError or DeadlockError."""
        try:
            self.loop.run_until_complete(self._play())
        finally:
            self._end_loop()
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    def _end_loop(self) -> None:
        """Leave nothing behind, also where a promise broke half-way."""
        for _ in range(100):
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            if not left:
                break
            with contextlib.suppress(DeadlockError):
                self.loop.run_until_complete(asyncio.wait(left, timeout=1.0))
        self.loop.close()

    async def _play(self) -> None:
        while True:
            session = Session(self)
            async with asyncio.timeout(LONGEST_S):
                killed = await session.play()
            if self.fault is not None:
                raise self.fault
            if not killed and not session.stopped:
                break
        session.check_end()

    def _limits(self) -> tuple[int | None, tuple[Rate, ...]]:
        rng = self.rng
        rates: tuple[Rate, ...] = ()
        if rng.random() < 0.8:
            rates = (Rate(rng.randrange(1, 6), rng.choice((1.0, 1.0, 5.0))),)
        if rng.random() < 0.2:
            rates += (Rate(rng.randrange(3, 12), 10.0),)
        return rng.choice((1, 2, 3, 4, None, Auto(4), Auto(32))), rates

    def _roadmap(self) -> Roadmap:
        rng, children, before = self.rng, list[Phase | Task](), list[str]()
        touching = rng.random() < 0.5
        for number in range(rng.randrange(3, 12)):
            needs = tuple(task for task in before if rng.random() < 0.15)
            task = Task(f"t{number}", Command(("true",)), needs=needs, parallel=rng.random() < 0.3)
            touches = tuple(
                path for path in ("src", "src/*.py", "docs/**") if touching and rng.random() < 0.3
            )
            task.options = replace(task.options, priority=rng.randrange(3), touches=touches)
            before.append(task.id)
            if rng.random() < 0.3 or not children:
                children.append(Phase(f"p{number}", order=rng.choice(("needs", "sequence", "phases"))))
            phase = children[-1]
            assert isinstance(phase, Phase)
            phase.children.append(task)
        return Roadmap(children, order=rng.choice(("needs", "phases", "sequence")))


class Session:
    """One runner's turn: until all is done, or it is killed or stopped."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self.stopped, self.paused_at = False, 0.0
        parts = world.parts
        concurrency, rates = world.asked
        store = parts.store(concurrency, rates)
        events = world.journal.events
        self.progress = Progress(1).apply_all(events)
        self.plan = parts.plan(world.roadmap, self.progress, Selection())
        self.guard = parts.guard(
            store,
            world.clock,
            concurrency=concurrency,
            rates=rates,
            linger_s=LINGER_S,
            max_wait_s=LONGEST_S,
            notice=self._notice,
        )
        self._in_force()
        ended_s_ago = self.progress.ended_s_ago(world.clock.monotonic(), world.clock.unix(), "boot")
        if parts.careful_after_restart:
            self.guard.resume(killed=self.progress.unclean, ended_s_ago=ended_s_ago)
        self.means = Means(1, self.guard, world.journal, world.clock, world.rng, LONGEST_S)
        states = dict(self.plan.states)
        touches = parts.touches(self.plan.tasks)
        rank = rank_of(world.graph, self.plan.tasks)
        self.schedule = Schedule(
            parts.graph(world.roadmap), self.means, self._job, rank=rank, touches=touches, states=states
        )

    def _in_force(self) -> None:
        """What the guard holds from now on."""
        limits = self.guard.limits
        self.world.server.limits.append((self.world.loop.time(), limits.concurrency, limits.rates))

    def _notice(self, kind: str, data: dict[str, Any]) -> None:
        """A limit that looks for its level has found another one: it holds as it is told."""
        if kind == "limits":
            rates = self.guard.limits.rates
            self.world.server.limits.append((self.world.loop.time(), data["concurrency"], rates))
            self.world.note(f"found {data['concurrency']} {data['why']}")

    async def play(self) -> bool:
        """True if it was killed."""
        world = self.world
        world.journal.append(SESSION_STARTED, 1, data={"boot": "boot"})
        for kind, task, number, data in opening_events(self.plan, Selection()):
            world.journal.append(kind, 1, task, number, data)
        running = asyncio.ensure_future(self.schedule.run())
        fates = [asyncio.ensure_future(self._fate()) for _ in range(self.rng.randrange(3))]
        kill_after = self.rng.uniform(0.0, 8.0) if world.kills else None
        _, pending = await asyncio.wait((running,), timeout=kill_after)
        for fate in fates:
            fate.cancel()
        if pending:
            self._kill(running)
        await asyncio.gather(running, *fates, return_exceptions=True)
        if pending:
            return True
        running.result()
        await world.journal.append(SESSION_ENDED, 1, data={})
        return False

    def _kill(self, running: asyncio.Future[None]) -> None:
        """As kill -9: what is not safe yet is gone, and nobody says a last word."""
        world = self.world
        world.kills -= 1
        old = world.journal
        fold = Progress(1).apply_all(old.events)
        in_flight = sum(view.open_attempt > 0 for view in fold.tasks.values())
        world.note(f"killed with {in_flight} in flight")
        most = max((slots or 10**6 for _, slots, _ in world.server.limits))
        if in_flight > most:
            world.fault = BrokenPromiseError(f"{in_flight} attempts to repeat after a kill, limit {most}")
        old.crash()
        world.journal = world.parts.journal(world.clock, old.latency_s)
        world.journal.adopt(old)
        running.cancel()

    async def _fate(self) -> None:
        """Something happens from outside."""
        world, rng = self.world, self.rng
        await asyncio.sleep(rng.uniform(0.0, 6.0))
        what = rng.choice(("cancel", "limits", "stop", "pause", "person", "person"))
        if what == "person":
            await self._person()
        elif what == "cancel":
            task = rng.randrange(len(world.ids))
            if self.schedule.cancel(task):
                world.note(f"cancelled {world.ids[task]}")
        elif what == "limits":
            world.asked = world._limits()
            self.guard.set_limits(*world.asked)
            self._in_force()
            world.note(f"limits {world.asked}")
        elif what == "pause":
            self.guard.pause(rng.uniform(0.0, 5.0), "rate_limit")
        else:
            self.stopped = True
            self.schedule.stop("interrupted")
            world.note("stopped")

    async def _person(self) -> None:
        """Somebody pauses, resumes later, and asks again for what has ended without a result."""
        schedule, rng = self.schedule, self.rng
        task, whole = rng.randrange(len(self.world.ids)), rng.random() < 0.5
        self.world.note(f"paused {'all' if whole else task}")
        self.paused_at = self.world.loop.time()
        schedule.pause() if whole else schedule.pause_task(task)
        await asyncio.sleep(rng.uniform(0.0, 5.0))
        if not schedule.over:
            schedule.resume() if whole else schedule.resume_task(task)
            self._ask_again()

    def _ask_again(self) -> None:
        world, schedule = self.world, self.schedule
        ended = [at for at, state in schedule.states.items() if state in ("failed", "cancelled")]
        for at in [at for at in ended if at not in schedule.live][:2]:
            starts = [
                e.attempt
                for e in world.journal.events
                if (e.kind, e.task) == (ATTEMPT_STARTED, world.ids[at])
            ]
            self.plan.history[at] = max(starts, default=0), Tries()
            world.journal.append(RESET, 1, world.ids[at])
            schedule.again([at])
            world.note(f"again {world.ids[at]}")

    def _job(self, index: int) -> Job:
        task = self.plan.tasks[index]
        attempts, tries = self.plan.history.get(index, (0, Tries()))
        tries = replace(tries)
        return Job(
            task,
            self,
            lambda n, f: attempt_of(task, n),
            retries=self.world.retries,
            attempts=attempts,
            tries=tries,
        )

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """The work itself: leaves after a moment, takes a while, ends as the seed has it."""
        world, rng = self.world, self.rng
        try:
            admitted = self._check_start(attempt)
            self._check_pause(attempt.task.id, admitted)
            await asyncio.sleep(rng.choice((0.0, 0.0, 0.02, 0.3)))
            leaves()
            world.server.arrives(world.loop.time(), admitted)
        except BrokenPromiseError as fault:
            world.fault = world.fault or fault
            return Outcome()
        world.note(f"start {attempt.task.id}.{attempt.number}")
        self._check_touches(attempt.task)
        lingers = 0.0
        try:
            await asyncio.sleep(rng.choice((0.0, 0.1, 0.5, 2.0)))
            outcome = self._outcome()
            lingers = LINGER_S * 0.99 if outcome.failure and outcome.failure.class_ == "timeout" else 0.0
        except asyncio.CancelledError:
            lingers = LINGER_S * 0.99
            raise
        finally:
            world.at_work.pop(attempt.task.id, None)
            world.loop.call_later(lingers, self._leave_server)
        world.note(f"end {attempt.task.id}.{attempt.number} {outcome.failure and outcome.failure.class_}")
        return outcome

    def _check_pause(self, task: str, admitted: float) -> None:
        """Nothing is admitted while a person has paused it."""
        paused = self.schedule.paused or self.world.ids.index(task) in self.schedule.paused_tasks
        if paused and admitted > self.paused_at:
            raise BrokenPromiseError(f"{task} began at {admitted:.3f}, paused since {self.paused_at:.3f}")

    def _check_touches(self, task: Task) -> None:
        """Nothing at work overlaps it."""
        world, mine = self.world, task.options.touches
        others = [other for other, theirs in world.at_work.items() if overlap(mine, theirs)]
        if others:
            world.fault = world.fault or BrokenPromiseError(
                f"{task.id} at work beside {others}, which overlap"
            )
        world.at_work[task.id] = mine

    def _leave_server(self) -> None:
        self.world.server.in_flight -= 1

    def _outcome(self) -> Outcome:
        rng, dice = self.rng, self.rng.random()
        if dice < 0.70:
            return Outcome(None, "success")
        if dice < 0.80:
            return Outcome(Failure("exit_code", "1", True, ""), "ignored")
        if dice < 0.85:
            return Outcome(Failure("auth", "no", False, ""), "ignored")
        if dice < 0.90:
            return Outcome(Failure("timeout", "late", True, "", effect="dropped"), "dropped")
        hint = rng.choice((None, 0.5, 3.0))
        return Outcome(Failure("rate_limit", "slow", True, "", hint, throttle=True), "dropped")

    def _check_start(self, attempt: Attempt) -> float:
        """Needs and phases before it are done on record, and it has no result on record itself. Returns when it
        was admitted, on record too."""
        world, recorded, admitted = self.world, set[str](), None
        for event in world.journal.events:
            if event.kind == "attempt_started" and (event.task, event.attempt) == (
                attempt.task.id,
                attempt.number,
            ):
                admitted = event.mono_us / 1e6
            if event.kind == "attempt_ended" and event.data["end"] == "done":
                recorded.add(event.task)
        if attempt.task.id in recorded:
            raise BrokenPromiseError(f"{attempt.task.id} runs again after it was done")
        index = world.ids.index(attempt.task.id)
        for before in range(len(world.ids)):
            if index in world.graph.blocked_by(before) and world.ids[before] not in recorded:
                raise BrokenPromiseError(f"{attempt.task.id} started before {world.ids[before]} was done")
        if admitted is None:
            raise BrokenPromiseError(f"{attempt.task.id} started without a record")
        return admitted

    def check_end(self) -> None:
        """Every task has come to its end; what is recorded is what was meant; tries kept within the limit."""
        world = self.world
        fold = Progress(1).apply_all(world.journal.events)
        for index, task in enumerate(world.ids):
            state = self.schedule.states.get(index, "pending")
            if state not in FINAL:
                raise BrokenPromiseError(f"{task} never came to its end: {state}")
            recorded = fold.tasks[task].state
            if state != recorded and state != "blocked":
                raise BrokenPromiseError(f"{task} is {state}, recorded as {recorded}")
            if fold.tasks[task].counted > world.retries + 1:
                raise BrokenPromiseError(f"{task} took {fold.tasks[task].counted} tries")
        world.note(" ".join(f"{i}={self.schedule.states[i]}" for i in range(len(world.ids))))


def simulate(seed: int, parts: Parts | None = None) -> str:
    """Play one seed; the hash of its trace."""
    return World(seed, parts or Parts()).play()
