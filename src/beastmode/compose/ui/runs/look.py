"""One look at a run: the lines that the pages show of it and of its tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from beastmode.compose.ui.runs.folding import Fold, phase_of
from beastmode.dashboard.sources.runs import PhaseLine, RunLine, TaskLine, TaskPage
from beastmode.runner.progress import Progress
from beastmode.runner.report.words import reason_words
from beastmode.runner.states import AT_WORK, TaskState
from beastmode.runner.summary import end_of
from beastmode.runner.views import TaskView

MOST_PHASES = 100


@dataclass(frozen=True, slots=True)
class Look:
    """A run at one moment.   by: who is at work on it, "" for nobody.   now_unix: that moment."""

    fold: Fold
    by: str
    now_unix: float

    @property
    def progress(self) -> Progress:
        return self.fold.progress

    @property
    def state(self) -> str:
        """As of `Summary`."""
        return str(end_of(self.progress, alive=bool(self.by))["state"])

    def counts(self, counted: Mapping[str, int]) -> dict[str, int]:
        """Tasks by the state that is shown, and `total`."""
        shown: dict[str, int] = {"total": sum(counted.values())}
        for state, count in counted.items():
            if count:
                name = self._named(state)
                shown[name] = shown.get(name, 0) + count
        return shown

    def state_of(self, view: TaskView) -> str:
        """A task's state as it is shown: also what is not recorded while it is so."""
        ready = view.state == "pending" and self.by and self.fold.by_needs and self.fold.is_ready(view)
        return "ready" if ready else self._named(view.state)

    def _named(self, state: str) -> str:
        """What was at work when its runner was killed is not any more."""
        return "interrupted" if state in AT_WORK and not self.by else state

    def run_line(self) -> RunLine:
        """The run among others."""
        progress = self.progress
        data = progress.started.data if progress.started else {}
        first, last = (progress.sessions[0], progress.sessions[-1]) if progress.sessions else (None, None)
        return RunLine(
            progress.name,
            str(data.get("title", "")),
            str(data.get("roadmap", "")),
            self.state,
            self.counts(self.fold.counts),
            first.started.unix_us / 1e6 if first else None,
            last.ended.unix_us / 1e6 if last and last.ended else None,
            self._took_s(),
            self.fold.cost_usd,
            self.fold.unpriced,
        )

    def _took_s(self) -> float | None:
        sessions = self.progress.sessions
        if not sessions:
            return None
        took_s = sum(session.last_us - session.started.mono_us for session in sessions) / 1e6
        return took_s + (max(0.0, self.now_unix - sessions[-1].last_unix_us / 1e6) if self.by else 0.0)

    def phases(self) -> list[PhaseLine]:
        """In the order of the list, bounded."""
        some = islice(self.fold.phases.items(), MOST_PHASES)
        return [PhaseLine(phase, self.counts(counts)) for phase, counts in some]

    def line(self, view: TaskView, place: int = 0) -> TaskLine:
        """A task among others."""
        return TaskLine(
            view.id,
            view.title,
            phase_of(view),
            self.state_of(view),
            view.attempts,
            why_of(view),
            view.until_unix if view.state == "waiting" else None,
            place,
        )

    def page(self, state: str, phase: str, after: int, most: int) -> TaskPage:
        """Some tasks, in the order of the list; all are looked at where few fit."""
        views = islice(enumerate(self.progress.tasks.values()), max(0, after + 1), None)
        rows: list[TaskLine] = []
        for place, view in self._fitting(views, state, phase):
            if len(rows) == most:
                return TaskPage(rows, self._total(state, phase), rows[-1].place)
            rows.append(self.line(view, place))
        return TaskPage(rows, self._total(state, phase), None)

    def _fitting(
        self, views: Iterable[tuple[int, TaskView]], state: str, phase: str
    ) -> Iterable[tuple[int, TaskView]]:
        if state:
            known = self._states_named(state)
            views = (pair for pair in views if pair[1].state in known)
        return (pair for pair in views if phase_of(pair[1]) == phase) if phase else views

    def _states_named(self, state: str) -> tuple[str, ...]:
        """The recorded states that are shown as one."""
        return tuple(known for known in self.fold.counts if self._named(known) == state)

    def _total(self, state: str, phase: str) -> int:
        counts = self.fold.phases.get(phase, Counter[str]()) if phase else self.fold.counts
        return sum(counts.get(known, 0) for known in (self._states_named(state) if state else counts))


def why_of(view: TaskView) -> str:
    """What a task waits for, or what failed, in words."""
    failure = view.failure if view.state in ("failed", "needs_person") else None
    if failure:
        return f"{failure['class']}: {failure['cause']}"
    if view.state == "blocked" and view.reason:
        return f"needs {view.reason}"
    return reason_words(view.reason) if view.state == "waiting" else ""


def some_of(fold: Fold, states: Sequence[TaskState], most: int) -> list[TaskView]:
    """The first tasks that came into one of these states; not for those that most tasks are in."""
    tasks = fold.progress.tasks
    ids = (id_ for state in states for id_ in fold.notable.get(state, ()))
    return [tasks[id_] for id_ in islice(ids, most) if id_ in tasks]
