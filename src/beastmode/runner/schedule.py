"""The loop: start what is ready, by priority and critical path; block what cannot come; drain; stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal, Protocol

from beastmode.events import CANCELLED
from beastmode.runner.execute import OUT_OF_BUDGET, Job, Means, execute
from beastmode.runner.graph import Graph
from beastmode.runner.line import Line
from beastmode.runner.states import TaskState
from beastmode.runner.touches import Touches, TurnLine

StopReason = Literal["", "interrupted", "held", "journal", "budget", "spent", "time"]
"""`budget`: of attempts; `spent`: of money."""

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
    skipped, what needs them is blocked.   Use once.
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
        watch: Watcher = lambda task, state, job: None,
        trouble: Callable[[], bool] = lambda: False,
    ) -> None:
        self.states: dict[int, TaskState] = dict(states or {})
        self.stop_reason: StopReason = ""
        self.live: dict[int, Job] = {}
        self._running: dict[int, asyncio.Task[TaskState]] = {}
        self._graph, self._means, self._job_of, self._watch = graph, means, job_of, watch
        self._rank, self._trouble, self._held = rank, trouble, held
        self._by_rank = _inverse(rank) if rank is not None else None
        self._line = Line() if touches is None else TurnLine(lambda number: touches(self._task_at(number)))
        self._ended = asyncio.Event()
        self._fault: BaseException | None = None

    async def run(self) -> None:
        """Return once every task that can come to its end has, or the run was stopped and has drained."""
        self._means.on_sleep = self._fill
        self._means.guard.on_limits = self._fill
        self._settle_known()
        self._fill()
        try:
            await self._ended.wait()
        finally:
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

    def cancel(self, task: int) -> bool:
        """End one task for good; what needs it is blocked. False where it has ended already. One whose attempt
        is just being recorded keeps that result, if it is final."""
        job = self.live.get(task)
        if job is not None:
            job.cancelled = True
            self._end_one(task)
        elif self.states.get(task, "pending") in ("pending", "ready", "waiting"):
            self._cancelled(task, self._job_of(task))
            self._fill()
        else:
            return False
        return True

    def _cancelled(self, task: int, job: Job) -> None:
        self._means.journal.append(CANCELLED, self._means.run, job.task.id)
        self._final(task, "cancelled", job)

    @property
    def ready(self) -> int:
        """Tasks that could start now."""
        return len(self._line)

    def _settle_known(self) -> None:
        """Pass what has ended in an earlier session or is not selected, in the order of the graph."""
        known = dict(self.states)
        self._push(self._graph.start(), known)
        for task, state in known.items():
            if state in ("failed", "cancelled", "needs_person") or task in self._held:
                self._block_after(task)

    def _push(self, ready: Iterable[int], known: dict[int, TaskState]) -> None:
        rank = self._rank
        self._line.join(task if rank is None else rank[task] for task in self._still_to_run(ready, known))

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
        if self._trouble() and not self.stop_reason:
            self.stop("journal")
        room = self._means.guard.concurrency or UNLIMITED_AT_ONCE
        while not self.stop_reason and self._at_once() < room and len(self.live) < MOST_LIVE and self._line:
            self._start(self._task_at(self._line.pop()))
        if not self.live and (self.stop_reason or not len(self._line)):
            self._ended.set()

    def _task_at(self, place: int) -> int:
        return place if self._by_rank is None else self._by_rank[place]

    def _over(self, task: int) -> None:
        self._line.over(task if self._rank is None else self._rank[task])

    def _at_once(self) -> int:
        return len(self.live) - self._means.sleeping

    def _start(self, task: int) -> None:
        if self.states.get(task) in ("cancelled", "blocked"):
            self._over(task)
            return
        job = self.live[task] = self._job_of(task)
        running = asyncio.get_running_loop().create_task(execute(job, self._means))
        self._running[task] = running
        self._change(task, "running", job)
        running.add_done_callback(lambda ended: self._end(task, ended))

    def _end(self, task: int, ended: asyncio.Task[TaskState]) -> None:
        job = self.live.pop(task)
        del self._running[task]
        self._over(task)
        if job.cancelled and (
            ended.cancelled() or (ended.exception() is None and ended.result() == "cancelled")
        ):
            self._cancelled(task, job)
        elif ended.cancelled():
            self._final(task, "pending", job)
        elif (fault := ended.exception()) is not None:
            self._fault = self._fault or fault
            self.stop("journal")
        else:
            self._final(task, ended.result(), job)
            if ended.result() == "waiting" and job.reason != OUT_OF_BUDGET:
                self.stop("budget" if self._means.held_until is None else "held")
        self._fill()

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
        elif state in ("failed", "cancelled", "needs_person"):
            self._block_after(task)

    def _block_after(self, task: int) -> None:
        for blocked in self._graph.blocked_by(task):
            if self.states.get(blocked, "pending") in ("pending", "ready"):
                self._change(blocked, "blocked")

    def _change(self, task: int, state: TaskState, job: Job | None = None) -> None:
        self.states[task] = state
        self._watch(task, state, job)


def _inverse(rank: Sequence[int]) -> list[int]:
    tasks = [0] * len(rank)
    for task, place in enumerate(rank):
        tasks[place] = task
    return tasks
