"""The loop: start what is ready, by priority and critical path; block what cannot come; drain; stop. And what a person
may say meanwhile: wait, go on, end, once more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

from beastmode.events import CANCELLED, GATE
from beastmode.runner.execute import OUT_OF_BUDGET, Job, Means, execute, plain
from beastmode.runner.gates import failure_at
from beastmode.runner.graph import Graph
from beastmode.runner.roadmap import Gate
from beastmode.runner.states import ENDED, NOT_COMING, TaskState
from beastmode.runner.touches import Touches
from beastmode.runner.turns import Turns

StopReason = Literal["", "interrupted", "held", "journal", "budget", "spent", "time", "cancelled"]
"""`budget`: of attempts; `spent`: of money; `cancelled`: a person ended the run for good."""
PAUSED = "paused"
"""What the guard calls the wait of a run that a person has paused."""

MOST_LIVE = 10_000
"""Tasks that may wait for their next attempt at once; the rest stays a number each, not a coroutine."""
UNLIMITED_AT_ONCE = 1_000
"""Tasks at once where no limit is set: sockets and processes are not endless."""


class Watcher(Protocol):
    """Told of every task's state as it changes.   job: None where it was never started."""

    def __call__(self, task: int, state: TaskState, job: Job | None) -> None: ...


class Schedule:
    """Runs the tasks of a graph through `execute`, as many at once as the guard admits.

    job_of: makes the job of a task when its turn has come.   rank: place of each task in the line, lowest
    first; None: the order of the file.   touches: paths that each task changes: those that overlap are not run at once;
    None: no task says.   states: what each task is at the start; those final are not run.   held: of those that are
    skipped, what needs them is blocked.   gates: of tasks that want a person's word first.   Use once.

    paused: the whole run; nothing starts.   over: `run` has come to its end; nothing more may be said. What a person
    says may also be said before it, once it is settled.
    """

    def __init__(
        self,
        graph: Graph,
        means: Means,
        job_of: Callable[[int], Job],
        *,
        rank: Sequence[int] | None = None,
        touches: Callable[[int], Touches] | None = None,
        states: dict[int, TaskState] | None = None,
        held: Collection[int] = (),
        gates: Mapping[int, Gate] | None = None,
        watch: Watcher = lambda task, state, job: None,
        trouble: Callable[[], bool] = lambda: False,
    ) -> None:
        self.states: dict[int, TaskState] = dict(states or {})
        self.stop_reason: StopReason = ""
        self.live: dict[int, Job] = {}
        self.paused = self.over = False
        self.gates: dict[int, Gate] = dict(gates or {})
        self._put_back: set[int] = set()
        self._kept: dict[int, Job] = {}
        self._settled = self._begun = False
        self._running: dict[int, asyncio.Task[TaskState]] = {}
        self._graph, self._means, self._job_of, self._watch = graph, means, job_of, watch
        self._turns, self._trouble, self._held = Turns(rank, touches), trouble, held
        self._ended = asyncio.Event()
        self._fault: BaseException | None = None

    async def run(self) -> None:
        """Return once every task that can come to its end has, or the run was stopped and has drained."""
        self._means.on_sleep = self._fill
        self._means.guard.on_limits = self._fill
        self.settle()
        self._begun = True
        self._fill()
        try:
            while not self._is_over():
                self._ended.clear()
                await self._ended.wait()
        finally:
            self.over = True
            self._end_all()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._fault is not None:
            raise self._fault

    def stop(self, reason: StopReason) -> None:
        """Start nothing more; what runs goes on to its end, what waits for another attempt stays as it is."""
        self.stop_reason = self.stop_reason or reason
        self._means.stopping.set()
        self._means.guard.stop()
        self._fill()

    def kill(self) -> None:
        """End what runs, too. Returns at once; `run` returns when all has ended."""
        self.stop("interrupted")
        self._end_all()

    def pause(self) -> None:
        """Let no attempt begin until `resume`; those at work go on to their end."""
        self.paused = True
        self._means.guard.halt(PAUSED)

    def resume(self) -> None:
        """Go on where `pause` has stopped."""
        self.paused = False
        self._means.guard.go_on()
        self._fill()

    def pause_task(self, task: int) -> None:
        """Let no attempt of this task begin; one at work goes on to its end."""
        self._turns.paused.add(task)
        job = self.live.get(task)
        if job is not None:
            job.paused = True
            if job.step in ("admission", "backoff"):
                self._put_back.add(task)
                self._running[task].cancel()

    def resume_task(self, task: int) -> None:
        """Its turn comes as that of any other."""
        if task in self.live:
            self.live[task].paused = False
        self._turns.resume(task)
        self._fill()

    def cancel(self, task: int) -> bool:
        """End one task for good; what needs it is blocked. False where it has ended already. One whose attempt is just
        being recorded as done stays so."""
        job = self.live.get(task)
        if job is not None:
            return self._cancel_live(task, job)
        if self.state_of(task) in ENDED:
            return False
        job = self._kept.pop(task, None) or self._job_of(task)
        self._means.journal.append(CANCELLED, self._means.run, job.task.id)
        if self.state_of(task) in ("pending", "ready") and self._graph.free(task):
            self._turns.leave(task)
        self._final(task, "cancelled", job)
        self._fill()
        return True

    def cancel_all(self) -> None:
        """End the run for good: all that has not come to a result is cancelled, and what runs is ended."""
        self._means.journal.append(CANCELLED, self._means.run)
        self.stop("cancelled")
        for task in range(self._graph.size):
            if task not in self.live and self.state_of(task) not in ENDED:
                self._change(task, "cancelled")
        for task, job in list(self.live.items()):
            self._cancel_live(task, job)

    def again(self, tasks: Sequence[int]) -> None:
        """What has ended without a result stands in line again, and what it blocked may come."""
        for task in tasks:
            self.states[task] = "pending"
        still = set(self._graph.blocked_by(*self._not_coming()))
        for task in (*tasks, *self._graph.blocked_by(*tasks)):
            if self.state_of(task) in ("pending", "blocked"):
                self._change(task, "blocked" if task in still else "pending")
        ready = [task for task in tasks if self.states[task] == "pending" and self._graph.free(task)]
        self._turns.come_back(ready)
        self._fill()

    def approve(self, task: int) -> None:
        """The task may pass its gate, now or when its turn comes. One that had nothing else to do is done."""
        self.gates.pop(task, None)
        if self.state_of(task) == "needs_person":
            self.again([task])

    def look_again(self) -> None:
        """Limits have changed: as many as may run now do."""
        self._fill()

    def state_of(self, task: int) -> TaskState:
        """Its state; of one that nothing has happened to, `pending`."""
        return self.states.get(task, "pending")

    def settle(self) -> None:
        """Take in what is known at the start. Idempotent."""
        if not self._settled:
            self._settled = True
            self._settle_known()

    @property
    def ready(self) -> int:
        """Tasks that could start now."""
        return self._turns.ready

    @property
    def paused_tasks(self) -> set[int]:
        """Those that a person has paused one by one."""
        return self._turns.paused

    def _settle_known(self) -> None:
        """Pass what has ended in an earlier session or is not selected, in the order of the graph."""
        known = dict(self.states)
        self._push(self._graph.start(), known)
        for task, state in known.items():
            if state in NOT_COMING or task in self._held:
                self._block_after(task)

    def _not_coming(self) -> Iterator[int]:
        """What blocks all that needs it."""
        yield from (task for task, state in self.states.items() if state in NOT_COMING or task in self._held)

    def _push(self, ready: Iterable[int], known: dict[int, TaskState]) -> None:
        self._turns.join(self._still_to_run(ready, known))

    def _still_to_run(self, ready: Iterable[int], known: dict[int, TaskState]) -> Iterator[int]:
        """The tasks that are ready; instead of one that has ended already, those that waited for it."""
        passed: list[int] = []
        while True:
            for task in ready:
                state = known.get(task, "pending")
                if state in ("pending", "ready", "waiting"):
                    yield task
                elif state in ("done", "skipped") and task not in self._held:
                    passed.append(task)
            if not passed:
                return
            ready = self._graph.done(passed.pop())

    def _fill(self) -> None:
        """Start as many as may run, then see whether all is over."""
        if not self._begun or self.over:
            return
        if self._trouble() and not self.stop_reason:
            self.stop("journal")
        room = self._means.guard.limits.concurrency or UNLIMITED_AT_ONCE
        while self._may_start() and self._at_once() < room and len(self.live) < MOST_LIVE and self._turns:
            self._start(self._turns.pop())
        if self._is_over():
            self._ended.set()

    def _may_start(self) -> bool:
        return not self.stop_reason and not self.paused

    def _is_over(self) -> bool:
        return not self.live and bool(self.stop_reason or not len(self._turns))

    def _at_once(self) -> int:
        return len(self.live) - self._means.sleeping

    def _start(self, task: int) -> None:
        if self.state_of(task) in ("cancelled", "blocked"):
            self._turns.over(task)
        elif task in self._turns.paused:
            self._turns.put_aside(task)
        elif task in self.gates:
            self._turns.over(task)
            self._stop_at_gate(task)
        else:
            self._begin(task)

    def _begin(self, task: int) -> None:
        job = self._kept.pop(task, None) or self._job_of(task)
        if job.task.options.gate == "only":
            self._turns.over(task)
            self._means.journal.append(GATE, self._means.run, job.task.id, data={"passed": True})
            self._final(task, "done", job)
            return
        self.live[task] = job
        running = asyncio.get_running_loop().create_task(execute(job, self._means))
        self._running[task] = running
        self._change(task, "running", job)
        running.add_done_callback(lambda ended: self._end(task, ended))

    def _end(self, task: int, ended: asyncio.Task[TaskState]) -> None:
        job = self.live.pop(task)
        del self._running[task]
        self._turns.over(task)
        fault = None if ended.cancelled() else ended.exception()
        state = "pending" if ended.cancelled() or fault is not None else ended.result()
        if fault is not None:
            self._fault = self._fault or fault
            self.stop("journal")
        elif job.cancelled and state != "done":
            self._final(task, "cancelled", job)
        elif state == "pending" and self._comes_back(task, job):
            self._set_aside(task, job)
        else:
            self._final(task, state, job)
            if state == "waiting" and job.reason != OUT_OF_BUDGET:
                self.stop("budget" if self._means.held_until is None else "held")
        self._fill()

    def _comes_back(self, task: int, job: Job) -> bool:
        """Whether it is only a pause that has ended it for now."""
        asked = task in self._put_back or job.paused
        self._put_back.discard(task)
        return asked and not self.stop_reason

    def _set_aside(self, task: int, job: Job) -> None:
        """It goes on with what it has used up, once its turn comes again."""
        job.paused = False
        self._kept[task] = job
        self._change(task, "pending", job)
        self._turns.join([task])

    def _stop_at_gate(self, task: int) -> None:
        job = self._job_of(task)
        failure = job.failure = failure_at(job.task.id, self._means.run)
        data = {"passed": False, "failure": plain(failure)}
        self._means.journal.append(GATE, self._means.run, job.task.id, data=data)
        self._final(task, "needs_person", job)

    def _cancel_live(self, task: int, job: Job) -> bool:
        if job.cancelled:
            return False
        self._means.journal.append(CANCELLED, self._means.run, job.task.id)
        job.cancelled = True
        self._end_one(task)
        return True

    def _end_all(self) -> None:
        for task in list(self.live):
            self._end_one(task)

    def _end_one(self, task: int) -> None:
        """End a live task, but never between a decision and its record: it ends by itself there."""
        if self.live[task].step != "recording":
            self._running[task].cancel()

    def _final(self, task: int, state: TaskState, job: Job | None = None) -> None:
        self._change(task, state, job)
        if state == "done":
            if ready := self._graph.done(task):
                self._push(ready, self.states)
        elif state in NOT_COMING:
            self._block_after(task)

    def _block_after(self, task: int) -> None:
        for blocked in self._graph.blocked_by(task):
            if self.states.get(blocked, "pending") in ("pending", "ready"):
                self._change(blocked, "blocked")

    def _change(self, task: int, state: TaskState, job: Job | None = None) -> None:
        self.states[task] = state
        self._watch(task, state, job)
