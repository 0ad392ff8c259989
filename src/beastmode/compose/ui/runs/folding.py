"""A run as folded so far, with what pages need of it at once, however many tasks it has."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from beastmode import events
from beastmode.events import Event
from beastmode.runner.progress import Progress
from beastmode.runner.states import FINAL
from beastmode.runner.views import TaskView

_OF_MANY = (events.PLANNED, events.SELECTED, events.SESSION_STARTED, events.SESSION_ENDED)
_PLAIN_STATES = ("pending", "done", "skipped")
"""Most tasks are in one of these, and nothing more is to be said of them."""


class Fold:
    """The progress of a run, and its sums, kept as events come: a look costs what is new.

    counts: tasks by state.   phases: the same for each phase, in the order of the list.   notable: tasks in any other
    state than most are in, by state.
    cost_usd: None where nobody counted; without `unpriced` requests.   begun: tasks that have.   ended_now: tasks that
    the session at work has brought to their end.   lock: held by whoever reads on or looks.
    """

    def __init__(self, run: int) -> None:
        self.lock = threading.Lock()
        self.progress = Progress(run, keep_attempts=True)
        self.counts: Counter[str] = Counter()
        self.phases: dict[str, Counter[str]] = {}
        self.notable: dict[str, dict[str, None]] = {}
        self.cost_usd: float | None = None
        self.ended_now: set[str] = set()
        self.unpriced = 0
        self.begun = 0
        self._needs: tuple[dict[str, list[str]], dict[str, int]] | None = None

    def read_on(self, stream: Iterable[Event]) -> None:
        """Apply events in their order."""
        stale = False
        try:
            for event in stream:
                stale = self._apply(event, stale)
        finally:  # also where the journal could not be read to its end
            if stale:
                self._count_anew()

    @property
    def weight(self) -> int:
        """How much it keeps, in tasks and attempts."""
        return len(self.progress.tasks) + len(self.progress.attempts)

    @property
    def by_needs(self) -> bool:
        """Whether tasks wait for what they need and for nothing else: then it can be told whose turn has come."""
        sessions = self.progress.sessions
        return bool(sessions) and sessions[-1].started.data.get("order") in ("needs only", "--order needs")

    def needed_by(self) -> dict[str, list[str]]:
        """The tasks that need a task, of each that is needed."""
        return self._tied()[0]

    def tied(self) -> dict[str, int]:
        """Tasks that need another, or are needed, with their place in the list, in its order."""
        return self._tied()[1]

    def _tied(self) -> tuple[dict[str, list[str]], dict[str, int]]:
        if self._needs is None:
            needed_by: dict[str, list[str]] = {}
            tasks = self.progress.tasks
            for view in tasks.values():
                for need in view.needs:
                    needed_by.setdefault(need, []).append(view.id)
            placed = (
                (id_, place)
                for place, (id_, view) in enumerate(tasks.items())
                if view.needs or id_ in needed_by
            )
            self._needs = needed_by, dict(placed)
        return self._needs

    def is_ready(self, view: TaskView) -> bool:
        """Whether a task's turn has come; only to be asked where `by_needs`."""
        tasks = self.progress.tasks
        met = (tasks[need].state in ("done", "skipped") for need in view.needs if need in tasks)
        return view.state == "pending" and all(met)

    def _apply(self, event: Event, stale: bool) -> bool:
        """stale: the sums are to be made anew. Whether they are, now."""
        known = self.progress.tasks.get(event.task) if event.task else None
        before = known.state if known else ""
        self.progress.apply(event)
        if event.kind == events.ATTEMPT_ENDED:
            self._learn(event)
        elif event.kind == events.ATTEMPT_STARTED:
            self.begun += event.attempt == 1
        elif event.kind == events.SESSION_STARTED:
            self.ended_now.clear()
        elif event.kind == events.PLANNED:
            self._needs = None
        if stale or event.kind in _OF_MANY or (event.kind == events.CANCELLED and not event.task):
            return True
        if known is None:
            return event.task in self.progress.tasks  # one that no list has named
        if known.state != before:
            self._add(known, before, -1)
            self._add(known, known.state, 1)
        return False

    def _learn(self, event: Event) -> None:
        data, view = event.data, self.progress.tasks.get(event.task)
        if view is not None and view.state in FINAL:
            self.ended_now.add(event.task)
        else:
            self.ended_now.discard(event.task)
        if "usage" in data:
            self.cost_usd = (self.cost_usd or 0.0) + data["usage"].get("cost_usd", 0.0)
            self.unpriced += int(data["usage"].get("unpriced", 0))

    def _count_anew(self) -> None:
        self.counts, self.phases, self.notable = Counter(), {}, {}
        for view in self.progress.tasks.values():
            self._add(view, view.state, 1)

    def _add(self, view: TaskView, state: str, by: int) -> None:
        self.counts[state] += by
        phase = phase_of(view)
        if phase not in self.phases:
            self.phases[phase] = Counter()
        self.phases[phase][state] += by
        if state in _PLAIN_STATES:
            return
        some = self.notable.setdefault(state, {})
        if by > 0:
            some[view.id] = None
        else:
            some.pop(view.id, None)


def phase_of(view: TaskView) -> str:
    """Where a task stands in its list, in words."""
    return " / ".join(view.phases)
