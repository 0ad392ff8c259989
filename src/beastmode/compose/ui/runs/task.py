"""One task of a run, for the dashboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from beastmode.compose.ui.runs.look import Look
from beastmode.dashboard.sources.runs import AttemptLine, Near, TaskView
from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, Event
from beastmode.runner.formats.asked import file_of
from beastmode.runner.views import CodeView
from beastmode.runner.views import TaskView as Known

MOST_NEAR, MOST_ATTEMPTS = 50, 100


def task_of(look: Look, known: Known, recorded: Iterable[Event]) -> TaskView:
    """recorded: the starts and ends of its attempts, in order."""
    attempts, code = _attempts(recorded), known.code or CodeView()
    people, needed_by = look.progress.people, look.fold.needed_by().get(known.id, [])
    return TaskView(
        run=look.run_line(),
        line=look.line(known),
        kind=known.kind,
        category=known.category,
        stands_in=_stands_in(look, known),
        needs=_near(look, known.needs),
        needs_left_out=max(0, len(known.needs) - MOST_NEAR),
        dependents=_near(look, needed_by),
        dependents_left_out=max(0, len(needed_by) - MOST_NEAR),
        attempts=attempts[-MOST_ATTEMPTS:],
        attempts_left_out=max(0, len(attempts) - MOST_ATTEMPTS),
        at_work=known.open_attempt if look.by else 0,
        failure=known.failure,
        branch=code.branch,
        commit=code.commit,
        model=code.model,
        usage=dict(code.usage),
        gate=people.gate_of(known.id),
        paused=known.id in people.paused_tasks,
    )


def _near(look: Look, ids: Sequence[str]) -> list[Near]:
    tasks = look.progress.tasks
    return [Near(id_, look.state_of(tasks[id_]) if id_ in tasks else "") for id_ in islice(ids, MOST_NEAR)]


def _stands_in(look: Look, known: Known) -> str:
    key = str(look.progress.started.data.get("roadmap", "")) if look.progress.started else ""
    if not key.startswith("/"):
        return ""
    return f"{file_of(key)[0]}:{known.line}" if known.line else str(file_of(key)[0])


def _attempts(recorded: Iterable[Event]) -> list[AttemptLine]:
    started: dict[int, Event] = {}
    lines: dict[int, AttemptLine] = {}
    for event in recorded:
        if event.kind == ATTEMPT_STARTED:
            started[event.attempt] = event
            waited = event.data.get("waited_s", {})
            lines[event.attempt] = AttemptLine(event.attempt, event.unix_us / 1e6, "", waited)
        elif event.kind == ATTEMPT_ENDED and event.attempt in started:
            lines[event.attempt] = _ended(started[event.attempt], event)
    return list(lines.values())


def _ended(began: Event, end: Event) -> AttemptLine:
    """How it spent its time. An attempt that a kill cut off has an end by another clock: its time is not known."""
    verified_s, merged_s = _spent_s(end, "check"), _spent_s(end, "merge")
    all_s = max(0.0, (end.mono_us - end.data.get("left_us", began.mono_us)) / 1e6)
    ran_s = max(0.0, all_s - (verified_s or 0.0) - (merged_s or 0.0))
    return AttemptLine(
        began.attempt,
        began.unix_us / 1e6,
        str(end.data["end"]),
        began.data.get("waited_s", {}),
        None if end.data["end"] == "interrupted" else ran_s,
        verified_s,
        merged_s,
        end.data.get("failure"),
        end.data.get("elsewhere", ()),
    )


def _spent_s(end: Event, on: str) -> float | None:
    """Seconds of an attempt, waiting for it included; None where it did not come to that."""
    if f"{on}_s" not in end.data:
        return None
    return float(end.data[f"{on}_s"] + end.data.get(f"{on}_wait_s", 0.0))
