"""The summary that a run ends with: what `beast run --json` prints and `beastmode.run` returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from beastmode.errors import EXIT_FAILED
from beastmode.runner import measures
from beastmode.runner.gates import AT_GATE
from beastmode.runner.progress import Progress
from beastmode.runner.views import CodeView, TaskView

_OF_SOME = ("upstream", "by_task", "gates")
TASK_COUNTS = ("total", "done", "failed", "blocked", "waiting", "needs_person", "skipped", "cancelled")


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run stands at the end of a session.

    run_id: as `beast status` and `beast report` take it.   state: done, failed, held, interrupted, cancelled or error;
    of a run that has not ended: running, paused (a runner is at work and begins nothing) or killed.
    tasks: a count for each of TASK_COUNTS; `waiting` counts all that is neither ended nor blocked.
    success_rate: done over all that was not skipped, 0 to 1; 1 where all was skipped.   attempts: of all sessions.
    makespan_s: first admission to last end, without the time between sessions.   lower_bound_s: no schedule under
    the same limits could have been faster.   report: folder of the report; "" where none was written.
    reason: why it stopped early, "" where it did not.   until_unix: when a held run may go on, where that is
    known.   exit_code: of `beast run`.   upstream: of a run that writes code, what it has used of its model server, see
    `model_access.Usage`.   by_task: of its tasks that have begun: id, state, attempts, branch, commit ("" where there
    is none), what each has used, how much each left elsewhere, if anything.   gates: tasks that wait for `beast
    approve`, where there are any.
    """

    run_id: str
    state: str
    tasks: dict[str, int]
    success_rate: float
    attempts: int
    makespan_s: float
    lower_bound_s: float
    most_in_flight: int
    most_starts_in_window: int
    report: str
    exit_code: int
    reason: str = ""
    until_unix: float | None = None
    upstream: dict[str, float] | None = None
    by_task: list[dict[str, Any]] | None = None
    gates: list[str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values; those of code and of gates only where there are some."""
        return {
            name: value for name, value in asdict(self).items() if value is not None or name not in _OF_SOME
        }


def summarise(progress: Progress, report: str = "", *, alive: bool = True) -> Summary:
    """The summary of a run as its journal has it.   progress: with its attempts kept.   alive: whether a runner is
    at work on it, where its last session has not ended; the journal alone cannot tell.
    """
    counts = dict.fromkeys(TASK_COUNTS, 0) | {"total": len(progress.tasks)}
    for view in progress.tasks.values():
        counts[view.state if view.state in counts else "waiting"] += 1
    asked = counts["total"] - counts["skipped"]
    end = end_of(progress, alive=alive)
    seen = measures.evidence(progress, progress.rates)
    return Summary(
        run_id=progress.name,
        state=end["state"],
        tasks=counts,
        success_rate=round(counts["done"] / asked, 4) if asked else 1.0,
        attempts=len(progress.attempts),
        makespan_s=round(measures.makespan_s(progress), 3),
        lower_bound_s=round(measures.lower_bound_s(progress), 3),
        most_in_flight=seen.most_in_flight,
        most_starts_in_window=seen.most_starts_in_window,
        report=report,
        exit_code=end["exit_code"],
        reason=end.get("reason", ""),
        until_unix=end.get("until_unix"),
        upstream=_upstream(progress),
        by_task=_by_task(progress),
        gates=[view.id for view in progress.tasks.values() if at_gate(view)] or None,
    )


def _upstream(progress: Progress) -> dict[str, float] | None:
    """Sums over all tasks; None where nobody counted."""
    total: dict[str, float] = {}
    for view in progress.tasks.values():
        for name, amount in view.code.usage.items() if view.code else ():
            total[name] = total.get(name, 0) + amount
    return total or None


def _by_task(progress: Progress) -> list[dict[str, Any]] | None:
    coded = [view for view in progress.tasks.values() if view.code is not None]
    return [_coded(view, view.code) for view in coded if view.code] or None


def _coded(view: TaskView, code: CodeView) -> dict[str, Any]:
    told = {"id": view.id, "state": view.state, "attempts": view.attempts}
    told |= {"branch": code.branch, "commit": code.commit, "merged": code.merged, "usage": code.usage}
    return told | ({"elsewhere": len(code.elsewhere)} if code.elsewhere else {})


def at_gate(view: TaskView) -> bool:
    """Whether a task waits for a person's word that its list asks for."""
    return view.state == "needs_person" and view.reason == AT_GATE


def end_of(progress: Progress, *, alive: bool) -> dict[str, Any]:
    """How the last session ended, or how it stands: `state`, `exit_code`, and what belongs to them."""
    ended = progress.sessions[-1].ended if progress.sessions else None
    if ended is not None:
        return ended.data
    running = "paused" if progress.people.paused else "running"
    return {"state": running if alive else "killed", "exit_code": EXIT_FAILED}
