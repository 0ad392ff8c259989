"""What is left to do: the roadmap as it is now against what the journal has recorded. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import msgspec

from beastmode.errors import Problem, RoadmapError
from beastmode.events import APPROVED, ATTEMPT_ENDED, PLANNED, RESET, SELECTED
from beastmode.runner.code.landing import Landed
from beastmode.runner.foreseeing.history import kind_of, named_in, size_of
from beastmode.runner.formats.status_lines import without_marks, without_states
from beastmode.runner.gates import AT_GATE, gates_of
from beastmode.runner.policy import Tries
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Gate, Roadmap, Task
from beastmode.runner.states import TaskState
from beastmode.runner.views import TaskView
from beastmode.runner.work import Call, Coding, Work

_RECORDS_AN_EVENT = 1000
_OFTEN_SAME = ("fingerprint", "kind", "category", "phases", "agent", "model")
"""Of a task's record. A million tasks that call one function take 16 MB of the journal, not 64."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tasks a person asked for. Empty: all.   phase: a phase's title, or the words it begins with."""

    only: tuple[str, ...] = ()
    phase: str = ""
    failed: bool = False


@dataclass(slots=True)
class Plan:
    """What a session starts from.

    tasks, phases: in the order of the file.   states: of tasks that are not simply pending, by their place.
    history: attempts and tries of tasks that have some.   resets: results that no longer count, and why.
    interrupted: attempts that were in flight when the last runner was killed.   landed: tasks whose work was merged
    before it could be recorded.   notes: what a person said when asking for a task again, by its place.   gone: tasks
    the list has no longer.   left_out: tasks that were not selected.   held: tasks, by their place, that the list holds
    back: they are skipped, and what needs them is blocked.   gates: those for which the list asks a person who has not
    answered yet.   passed: tasks that pass theirs unasked.
    """

    tasks: list[Task]
    phases: list[tuple[str, ...]]
    states: dict[int, TaskState] = field(default_factory=dict)
    history: dict[int, tuple[int, Tries]] = field(default_factory=dict)
    resets: list[tuple[str, str]] = field(default_factory=list)
    interrupted: list[tuple[str, int]] = field(default_factory=list)
    landed: list[Landed] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    gates: dict[int, Gate] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)

    def pass_gates(self) -> None:
        """Ask nobody."""
        self.passed = [self.tasks[place].id for place in self.gates]
        self.gates = {}


def plan_session(
    roadmap: Roadmap, progress: Progress, selection: Selection, landed: Mapping[str, Landed] | None = None
) -> Plan:
    """Decide for every task whether it is still to be run. Raises RoadmapError for an impossible selection.

    landed: as `landing.landed_in` found them; git is not asked here.
    """
    plan = Plan([], [])
    for phases, task in roadmap.walk():
        plan.tasks.append(task)
        plan.phases.append(phases)
    known = progress.tasks
    merged = landed or {}
    if known:
        ids = {task.id for task in plan.tasks}
        plan.gone = [task for task in known if task not in ids]
        plan.landed = list(merged.values())
        plan.interrupted = [
            (view.id, view.open_attempt)
            for view in known.values()
            if view.open_attempt and view.id not in merged
        ]
        plan.resets = _resets(plan.tasks, known, selection)
    reset = {task for task, _ in plan.resets}
    for index, task in enumerate(plan.tasks):
        view = known.get(task.id)
        if view is not None:
            _remember(plan, index, view, reset=task.id in reset, landed=task.id in merged)
        if task.state != "pending" and plan.states.get(index) != "done":
            plan.states[index] = "skipped"
            if task.state == "held":
                plan.held.add(index)
    if selection.only or selection.phase:
        _select(plan, selection)
    gates = gates_of(plan.tasks, progress.people.approved)
    plan.gates = {place: gate for place, gate in gates.items() if place not in plan.states}
    if notes := progress.people.notes:
        plan.notes |= {at: notes[task.id] for at, task in enumerate(plan.tasks) if task.id in notes}
    return plan


def _remember(plan: Plan, index: int, view: TaskView, *, reset: bool, landed: bool) -> None:
    tries = Tries() if reset else Tries(counted=view.counted)
    if view.code:
        tries.sent_back, tries.rounds = 0 if reset else view.code.sent_back, view.code.rounds
    if view.attempts:
        plan.history[index] = (view.attempts, tries)
    if view.code and view.code.note and not reset:
        plan.notes[index] = view.code.note
    if view.state == "needs_person" and view.reason == AT_GATE:
        return  # its turn comes again, and the list may ask nobody any more
    if not reset and (landed or view.state in ("done", "failed", "cancelled", "needs_person")):
        plan.states[index] = "done" if landed else view.state


def _resets(tasks: Sequence[Task], known: dict[str, TaskView], selection: Selection) -> list[tuple[str, str]]:
    """Tasks that changed, what depends on them, and with `failed` those that failed."""
    resets: dict[str, str] = {}
    for task in tasks:
        view = known.get(task.id)
        if view is None:
            continue
        if view.fingerprint and view.attempts and view.fingerprint != fingerprint(task):
            resets[task.id] = "it was changed in the list"
        elif selection.failed and view.state == "failed":
            resets[task.id] = "asked for with --retry-failed"
    if resets:
        _spread(resets, tasks, known)
    return list(resets.items())


def _spread(resets: dict[str, str], tasks: Sequence[Task], known: Mapping[str, TaskView]) -> None:
    """Add what depends on them, each need looked at once: a chain may be written from its end."""
    dependents: dict[str, list[str]] = {}
    for task in tasks:
        for need in task.needs:
            dependents.setdefault(need, []).append(task.id)
    causes = deque(resets)
    while causes:
        cause = causes.popleft()
        for name in dependents.get(cause, ()):
            view = known.get(name)
            if view and name not in resets and view.state in ("done", "failed"):
                resets[name] = f"it needs {cause}, which runs again"
                causes.append(name)


def _select(plan: Plan, selection: Selection) -> None:
    ids = {task.id: index for index, task in enumerate(plan.tasks)}
    unknown = [wanted for wanted in selection.only if wanted not in ids]
    if unknown:
        raise RoadmapError("--only", [_no_task(wanted, ids) for wanted in unknown])
    selected = {ids[wanted] for wanted in selection.only} or set(range(len(plan.tasks)))
    if selection.phase:
        inside = {i for i, phases in enumerate(plan.phases) if any(names(selection.phase, p) for p in phases)}
        if not inside:
            raise RoadmapError("--phase", [_no_phase(selection.phase, plan)])
        selected &= inside
    _check_needs(plan, selected, ids, "--only" if selection.only else "--phase")
    for index in range(len(plan.tasks)):
        if index not in selected and plan.states.get(index) != "done":
            plan.states[index] = "skipped"
            plan.left_out.append(plan.tasks[index].id)


def _no_task(wanted: str, ids: Mapping[str, int]) -> Problem:
    near = get_close_matches(wanted, ids, n=1)
    tip = f"Did you mean {near[0]!r}?" if near else "See `beast plan FILE` for the ids."
    return Problem(0, f"there is no task {wanted!r}", tip)


def _no_phase(wanted: str, plan: Plan) -> Problem:
    titles = list(dict.fromkeys(title for phases in plan.phases for title in phases))
    near = get_close_matches(wanted, titles, n=3) or titles[:3]
    tip = (
        f"There is {', '.join(map(repr, near))}; `beast plan FILE` shows all."
        if near
        else "It has no phases."
    )
    return Problem(0, f"no phase is called {wanted!r}", tip)


def _check_needs(plan: Plan, selected: set[int], ids: dict[str, int], flag: str) -> None:
    problems = [
        Problem(
            0,
            f"{plan.tasks[i].id!r} needs {need!r}, which is neither done nor selected",
            f"Run it first, or name it too: --only {plan.tasks[i].id},{need}",
        )
        for i in sorted(selected)
        for need in plan.tasks[i].needs
        if ids[need] not in selected and plan.states.get(ids[need]) not in ("done", "skipped")
    ]
    if problems:
        raise RoadmapError(flag, problems)


def names(wanted: str, title: str) -> bool:
    """Does `wanted` name a phase of this title? Its words, or those it begins with: "Month 2", not "Month 20"."""
    asked, full = _words(wanted), _words(title)
    return bool(asked) and full[: len(asked)] == asked


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def fingerprint(task: Task) -> str:
    """Of what a task does: its work and its verification; its words where they are all there is. Not of how it
    is run (timeout, retries, priority, flags), nor of the state its list gives it."""
    words = (without_marks(task.title), without_states(task.details)) if _is_in_words(task) else ()
    plain = (_plain(task.work), _plain(task.options.verify), words)
    return hashlib.blake2b(msgspec.json.encode(plain, enc_hook=str), digest_size=8).hexdigest()


def _is_in_words(task: Task) -> bool:
    """Whether its words are part of what it does."""
    return task.work is None or isinstance(task.work, Coding)


def _plain(work: Work | None) -> Any:
    if isinstance(work, Coding):
        return ("Coding", work.prompt, work.cwd)  # not who writes it, with which model, for how much
    if isinstance(work, Call) and callable(work.function):
        function = work.function
        return ("python", f"{function.__module__}:{getattr(function, '__qualname__', function)}")
    return (type(work).__name__, work)


def opening_events(plan: Plan, selection: Selection) -> Iterator[tuple[str, str, int, dict[str, Any]]]:
    """The events (kind, task, attempt, data) that a session begins with: how the attempts of a killed runner
    ended, what had been merged by then, the list as it is now, which results no longer count, what was selected."""
    for task, number in plan.interrupted:
        yield ATTEMPT_ENDED, task, number, {"end": "interrupted"}
    for one in plan.landed:
        yield one.event()
    for batch in _records(plan):
        yield PLANNED, "", 0, batch
    for task in plan.passed:
        yield APPROVED, task, 0, {"by": "--gates pass"}
    for task, reason in plan.resets:
        yield RESET, task, 0, {"reason": reason}
    yield SELECTED, "", 0, {"only": selection.only, "phase": selection.phase, "skipped": plan.left_out}


def _records(plan: Plan) -> Iterator[dict[str, Any]]:
    """The tasks of the plan, a thousand to an event."""
    for first in range(0, len(plan.tasks), _RECORDS_AN_EVENT):
        some = slice(first, first + _RECORDS_AN_EVENT)
        prints: dict[tuple[int, int], str] = {}
        pairs = zip(plan.tasks[some], plan.phases[some], strict=True)
        yield _hoisted([_record(task, phases, prints) for task, phases in pairs])
    if plan.gone:
        yield {"tasks": [], "gone": plan.gone}


def _hoisted(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The records of an event; what is the same in all of them stands once, beside them."""
    first = records[0]
    same = {
        name: first[name]
        for name in _OFTEN_SAME
        if name in first and all(record.get(name) == first[name] for record in records)
    }
    for record in records:
        for name in same:
            del record[name]
    return {"tasks": records, "same": same}


def _record(task: Task, phases: tuple[str, ...], prints: dict[tuple[int, int], str]) -> dict[str, Any]:
    """Only what differs from the default: a million of these stay small. Work shared is fingerprinted once."""
    key = (id(task.work), id(task.options))
    print_ = fingerprint(task) if _is_in_words(task) else prints.get(key)
    if print_ is None:
        print_ = prints[key] = fingerprint(task)
    record: dict[str, Any] = {"id": task.id, "fingerprint": print_}
    if task.work is not None:
        record["kind"] = kind_of(task)
    record |= named_in(task)
    if _is_in_words(task) and (size := size_of(task)):
        record["size"] = size
    if task.title:
        record["title"] = task.title
    if phases:
        record["phases"] = phases
    if task.options.category:
        record["category"] = task.options.category
    if task.needs:
        record["needs"] = task.needs
    if task.line:
        record["line"] = task.line
    if task.options.retries is not None:
        record["retries"] = task.options.retries
    if task.state != "pending":
        record["state"] = task.state
    if task.options.gate:
        record["gate"] = task.options.gate
    return record
