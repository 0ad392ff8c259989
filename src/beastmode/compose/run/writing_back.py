"""Writing back: what is done is ticked in the person's own list while the run goes on, by this one coordinator.

The journal stays the truth: a tick that could not be made is told, is tried again with the next one and by the next
session, and never holds up a task nor fails a run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from beastmode.compose.opening.run import Opened
from beastmode.compose.run.session import Live, View
from beastmode.runner.execute import Job
from beastmode.runner.formats.asked import Asked
from beastmode.runner.formats.proving import Ticked
from beastmode.runner.formats.replacing import sweep
from beastmode.runner.formats.ticking import tick
from beastmode.runner.printable import some
from beastmode.runner.resume import Plan, fingerprint
from beastmode.runner.states import TaskState

EVERY_S = 1.0
"""At most this often, so that a thousand short tasks are a few writes."""
_SHARE = 10
"""A long list is read and written for a tenth of the time at most."""

Tick = Callable[[Path, Mapping[str, str], Asked], Ticked]


@contextmanager
def written_back(opened: Opened, view: View) -> Iterator[View]:
    """A view that looks on as another one does, and has what is done ticked in the list of the run; all of it by the
    end. What could not be ticked is among the warnings of the other."""
    path = opened.request.list_file
    assert path is not None  # `open_run` refuses to write back what is no file
    writing = WritingBack(path, opened.request.asked, opened.plan)
    writing.begin()
    try:
        yield WritingView(view, writing)
    finally:
        writing.end()
        if warnings := writing.warnings():
            view.warned(warnings)


class WritingBack:
    """Ticks tasks of one list as they are done, in a thread of its own: first those that earlier sessions have done and
    could not tick."""

    def __init__(self, path: Path, asked: Asked, plan: Plan, tick: Tick = tick) -> None:
        self._path, self._asked, self._plan, self._tick = path, asked, plan, tick
        self._done = [
            task
            for task, state in plan.states.items()
            if state == "done" and plan.tasks[task].state == "pending"
        ]
        self._waiting: dict[str, str] = {}
        self._why: dict[str, str] = {}
        self._news, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="ticks")

    def begin(self) -> None:
        self._news.set()
        self._thread.start()

    def done(self, task: int) -> None:
        """A task is done. Returns at once."""
        self._done.append(task)
        self._news.set()

    def end(self) -> None:
        """Return once all has been tried."""
        self._over.set()
        self._news.set()
        self._thread.join()

    def warnings(self) -> list[str]:
        """What is done and not ticked, with the reasons; after the end."""
        by_reason: dict[str, list[str]] = {}
        for name in self._waiting:
            by_reason.setdefault(self._why[name], []).append(name)
        return [f"{self._path}: not ticked: {some(names)}: {why}" for why, names in by_reason.items()]

    def _work(self) -> None:
        """Tick what is done until the end, and then all of it once more: an editor that had loaded the list before a
        tick has saved it without."""
        sweep(self._path)
        seen, last = 0, False
        while not last:
            self._news.wait()
            self._news.clear()
            last, began = self._over.is_set(), time.monotonic()
            some = list(self._done) if last else self._done[seen:]
            seen += len(some)
            self._waiting |= {task.id: fingerprint(task) for task in map(self._plan.tasks.__getitem__, some)}
            if self._waiting:
                self._write()
            self._over.wait(max(EVERY_S, _SHARE * (time.monotonic() - began)))

    def _write(self) -> None:
        try:
            result = self._tick(self._path, self._waiting, self._asked)
        except Exception as error:  # whatever is wrong with a list, its tasks are done all the same
            result = Ticked(left=[(name, f"{type(error).__name__}: {error}") for name in self._waiting])
        self._why = dict(result.left)
        self._waiting = {name: self._waiting[name] for name in self._why}


class WritingView(View):
    """Tells what is done to whom ticks it; shows all to the view behind it."""

    def __init__(self, behind: View, writing: WritingBack) -> None:
        self._behind, self._writing = behind, writing

    def begin(self, live: Live) -> None:
        self._behind.begin(live)

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        if state == "done":
            self._writing.done(task)
        self._behind.changed(task, state, job)

    def end(self) -> None:
        self._behind.end()

    def warned(self, warnings: Sequence[str]) -> None:
        self._behind.warned(warnings)
