"""The time of the tasks of a run, stretch by stretch, for the dashboard: of the latest attempts, so that a run of a
million costs what one of a thousand does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from beastmode.compose.ui.runs.look import Look, some_of
from beastmode.dashboard.sources.runs import Step, Stretch, Timeline, TimelineRow
from beastmode.runner.report.timeline import Axis
from beastmode.runner.views import AttemptView, TaskView

MOST_ROWS = 60
_LOOKED_AT = 4_000
"""Of the latest attempts: what was before them is in the report."""
_MOST_ATTEMPTS = 30
"""That are drawn of one task: its last ones."""
_LEAST_S = 0.001
_STEPS: dict[str, Step] = {"verifying": "verify", "merging": "merge"}


def timeline_of(look: Look) -> Timeline:
    """Of the tasks that took part."""
    of_task: dict[str, list[AttemptView]] = {}
    for attempt in look.progress.attempts[-_LOOKED_AT:]:
        of_task.setdefault(attempt.task, []).append(attempt)
    drawing = _Drawing(look, of_task)
    chosen = _chosen(look, of_task)
    rows = [drawing.row(task, of_task[task]) for task in of_task if task in chosen]
    begin_s = min((row.stretches[0].from_s for row in rows if row.stretches), default=0.0)
    end_s = drawing.end_s
    return Timeline(
        rows,
        begin_s if begin_s > 0.1 * end_s else 0.0,
        end_s,
        drawing.end_s if look.by else None,
        [begin_us / 1e6 for begin_us in drawing.axis.begins_us[1:]],
        max(look.fold.begun, len(of_task)) - len(rows),
        look.fold.by_needs,
    )


def _chosen(look: Look, of_task: Mapping[str, Sequence[AttemptView]]) -> set[str]:
    wrong = {view.id for view in some_of(look.fold, ("failed", "needs_person"), MOST_ROWS // 2)}

    def weight(task: str) -> tuple[bool, bool, int]:
        last = of_task[task][-1]
        return last.ended_us is None, task in wrong, last.started_unix_us

    return set(sorted(of_task, key=weight)[-MOST_ROWS:])


class _Drawing:
    """Places the parts of attempts on one axis of time with a runner at work."""

    def __init__(self, look: Look, of_task: Mapping[str, Sequence[AttemptView]]) -> None:
        self.axis = Axis(look.progress)
        self._look, self._of_task = look, of_task
        sessions = look.progress.sessions
        silent_s = max(0.0, look.now_unix - sessions[-1].last_unix_us / 1e6) if sessions and look.by else 0.0
        self.end_s = self.axis.length_us / 1e6 + silent_s
        self._now_in = len(sessions) if look.by else 0

    def row(self, task: str, attempts: Sequence[AttemptView]) -> TimelineRow:
        view = self._look.progress.tasks.get(task) or TaskView(task)
        stretches = list(self._before(view, attempts[0]))
        last: AttemptView | None = None
        for attempt in attempts[-_MOST_ATTEMPTS:]:
            if last is not None:
                stretches += self._between(last, attempt, stretches[-1].to_s)
            stretches += self._attempt(attempt, stretches[-1].to_s if last is not None else None)
            last = attempt
        return TimelineRow(task, view.title, self._look.state_of(view), stretches)

    def _before(self, view: TaskView, first: AttemptView) -> Iterator[Stretch]:
        """From when all that it needs was done until it was held back, or began."""
        if not self._look.fold.by_needs or first.number != 1:
            return
        ready_s, begin_s = self._ready_s(view, first), self._waits_from(first)
        if ready_s is not None and begin_s - ready_s >= _LEAST_S:
            yield Stretch("ready", ready_s, begin_s, first.number)

    def _ready_s(self, view: TaskView, first: AttemptView) -> float | None:
        """None where that cannot be told: what it needs was done too long ago, or in another session."""
        ready_s = self._s(first.session, self._look.progress.sessions[first.session - 1].started.mono_us)
        for need in view.needs:
            ends = self._of_task.get(need)
            if not ends or ends[-1].ended_us is None or ends[-1].session != first.session:
                return None
            ready_s = max(ready_s, self._s(first.session, ends[-1].ended_us))
        return ready_s

    def _waits_from(self, attempt: AttemptView) -> float:
        return max(0.0, self._s(attempt.session, attempt.admitted_us) - sum(attempt.waited_s.values()))

    def _between(self, last: AttemptView, attempt: AttemptView, last_s: float) -> Iterator[Stretch]:
        """From the end of an attempt to the next: what the server asked for, or a backoff."""
        until_s = max(last_s, self._waits_from(attempt))
        if until_s - last_s >= _LEAST_S:
            reason = str((last.failure or {}).get("class", ""))
            yield Stretch(
                "wait" if last.end == "waiting" else "backoff", last_s, until_s, attempt.number, reason
            )

    def _attempt(self, attempt: AttemptView, last_s: float | None) -> Iterator[Stretch]:
        at_s = self._waits_from(attempt) if last_s is None else max(last_s, self._waits_from(attempt))
        admitted_s = self._s(attempt.session, attempt.admitted_us)
        for reason, seconds in attempt.waited_s.items():
            until_s = min(at_s + seconds, max(admitted_s, at_s))
            if until_s - at_s >= _LEAST_S:
                yield Stretch("wait", at_s, until_s, attempt.number, reason)
            at_s = until_s
        yield from self._work(attempt, max(at_s, admitted_s))

    def _work(self, attempt: AttemptView, begin_s: float) -> Iterator[Stretch]:
        """At work, proven, merged."""
        marks = [begin_s, *(self._s(attempt.session, came_us) for _, came_us in attempt.steps)]
        marks = list(accumulate([*marks, self._end_s(attempt)], max))
        steps: list[Step] = ["run", *(_STEPS[step] for step, _ in attempt.steps)]
        end = attempt.end or ("" if attempt.session == self._now_in else "interrupted")
        for step, (from_s, to_s) in zip(steps, pairwise(marks), strict=True):
            if step == "run" or to_s > from_s:
                yield Stretch(step, from_s, to_s, attempt.number, end)

    def _end_s(self, attempt: AttemptView) -> float:
        if attempt.ended_us is not None:
            return self._s(attempt.session, attempt.ended_us)
        if attempt.session == self._now_in:
            return self.end_s
        return self._s(attempt.session, self._look.progress.sessions[attempt.session - 1].last_us)

    def _s(self, session: int, mono_us: int) -> float:
        return self.axis.place(session, mono_us) / 1e6
