"""Progress: what the journal's events say about a run, task by task. The fold that resume, status and report read."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from beastmode import events
from beastmode.events import Event
from beastmode.runner.gates import AT_GATE
from beastmode.runner.people import SERVER, People, merged_limits
from beastmode.runner.plain_limits import rates_in
from beastmode.runner.policy import NOT_MERGED
from beastmode.runner.states import AT_WORK, ENDED, STATE_AFTER
from beastmode.runner.views import NO_WAITS, AttemptView, SessionView, TaskView
from beastmode.settings import Rate


@dataclass(slots=True)
class Progress:
    """The state of one run after the events applied so far.

    changed: limits that are other than those its last session began with.   people: what they asked for, and what holds
    because of it.   green: commit and check, where the check of a run that writes code has succeeded last before any
    task began.
    attempts: kept only where `keep_attempts` is set, in the order of their starts.   evidence: probes, pauses,
    breaker and limit events as they stand.
    """

    run: int
    keep_attempts: bool = False
    started: Event | None = None
    tasks: dict[str, TaskView] = field(default_factory=dict)
    sessions: list[SessionView] = field(default_factory=list)
    attempts: list[AttemptView] = field(default_factory=list)
    evidence: list[Event] = field(default_factory=list)
    last_seq: int = 0
    green: tuple[str, str] = ("", "")
    changed: dict[str, Any] = field(default_factory=dict)
    people: People = field(default_factory=People)
    _open: dict[tuple[str, int], AttemptView] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call the run, like `r7`."""
        return f"r{self.run}"

    def apply_all(self, stream: Iterable[Event]) -> Progress:
        """Apply events in their order; returns itself."""
        for event in stream:
            self.apply(event)
        return self

    def apply(self, event: Event) -> None:
        """Apply one event. Kinds that an older version does not know are kept as evidence."""
        self.last_seq = event.seq
        handler = _HANDLERS.get(event.kind)
        if handler is None:
            self.evidence.append(event)
        else:
            handler(self, event)
        if self.sessions and not event.between_sessions:
            self.sessions[-1].last_us, self.sessions[-1].last_unix_us = event.mono_us, event.unix_us

    @property
    def unclean(self) -> bool:
        """The last session was killed, not ended."""
        return bool(self.sessions) and self.sessions[-1].ended is None

    def session_of(self, event: Event) -> int:
        """The number of the session that recorded an event; 0 where none had begun."""
        return bisect_left(self.sessions, event.seq, key=lambda session: session.started.seq)

    def ended_s_ago(self, now_mono_s: float, now_unix_s: float, boot: str) -> float:
        """Seconds since the last word of the last session; inf where there was none. By the monotonic clock
        within one boot; across boots by the wall clock, which is all there is."""
        if not self.sessions:
            return math.inf
        last = self.sessions[-1]
        if boot and last.started.data.get("boot") == boot:
            return max(0.0, now_mono_s - last.last_us / 1e6)
        return max(0.0, now_unix_s - last.last_unix_us / 1e6)

    def _run_started(self, event: Event) -> None:
        self.started = event

    def _session_started(self, event: Event) -> None:
        self.sessions.append(SessionView(len(self.sessions) + 1, event))
        self.changed, self.people.limits = {}, dict(event.data.get("persons", {}))
        for view in self.tasks.values():
            if view.state in ("blocked", "skipped", "waiting", *AT_WORK):
                view.state = "pending"

    def _estimated(self, event: Event) -> None:
        if self.sessions:
            self.sessions[-1].estimate = event.data

    def _session_ended(self, event: Event) -> None:
        self.sessions[-1].ended = event
        for task, cause in event.data.get("blocked", {}).items():
            self._task(task).state, self._task(task).reason = "blocked", cause

    def _selected(self, event: Event) -> None:
        for task in event.data.get("skipped", ()):
            self._task(task).state = "skipped"

    def _planned(self, event: Event) -> None:
        """Tasks as the list has them now.   same: what stands in each of their records.   gone: those it has no
        longer."""
        same = event.data.get("same", {})
        for record in event.data.get("tasks", ()):
            facts = {**same, **record} if same else record
            view = self._task(record["id"])
            view.title, view.phases = facts.get("title", ""), tuple(facts.get("phases", ()))
            view.category, view.kind = facts.get("category", ""), facts.get("kind", "")
            view.needs, view.line = tuple(facts.get("needs", ())), facts.get("line", 0)
            view.fingerprint = facts.get("fingerprint", "")
            self.people.planned(view.id, facts.get("gate", ""))
            if facts.get("state", "pending") != "pending" and view.state != "done":
                view.state = "skipped"
        for gone in event.data.get("gone", ()):
            self.tasks.pop(gone, None)

    def _limits(self, event: Event) -> None:
        self.evidence.append(event)
        self.changed = merged_limits(self.changed, event.data)
        self.people.changed(event)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the last session as they are now, with the limits that were changed."""
        own = {name: value for name, value in self.changed.items() if name != SERVER}
        return {**self.sessions[-1].started.data["settings"], **own} if self.sessions else {}

    @property
    def server_limits(self) -> dict[str, Any]:
        """What the model server bears now, of a run whose own gateway paces it; empty for any other."""
        code = self.sessions[-1].started.data.get("code", {}) if self.sessions else {}
        limits = code.get("limits")
        return {**limits, **self.changed.get(SERVER, {})} if limits else {}

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The limits on starts as they are now."""
        return rates_in(self.settings.get("rates", ()))

    def _reset(self, event: Event) -> None:
        self._task(event.task).forget()
        self.people.notes.pop(event.task, None)

    def _cancelled(self, event: Event) -> None:
        if event.task:
            self._task(event.task).state = "cancelled"
            return
        for view in self.tasks.values():
            if view.state not in ENDED:
                view.state = "cancelled"

    def _control(self, event: Event) -> None:
        self.people.asked(event)

    def _controlled(self, event: Event) -> None:
        self.people.done(event)

    def _gate(self, event: Event) -> None:
        view, failure = self._task(event.task), event.data.get("failure")
        view.state = "done" if event.data["passed"] else "needs_person"
        view.failure, view.reason = failure, (failure or {}).get("class", "")

    def _approved(self, event: Event) -> None:
        self.people.approved.add(event.task)
        view = self._task(event.task)
        if view.state == "needs_person" and view.reason == AT_GATE:
            view.state, view.failure, view.reason = "pending", None, ""

    def _answered(self, event: Event) -> None:
        self.people.notes[event.task] = event.data["note"]

    def _base_green(self, event: Event) -> None:
        self.green = event.data["commit"], event.data["check"]

    def _merging(self, event: Event) -> None:
        self._task(event.task).written().merging = (event.attempt, event.data["commit"])

    def _accepted(self, event: Event) -> None:
        view, data = self._task(event.task), event.data
        view.state, view.failure, view.reason = "done", None, ""
        code = view.written()
        code.merged, code.merging, code.reviewed = True, None, True
        code.commit, code.branch = data.get("commit", code.commit), data.get("branch", code.branch)

    def _rejected(self, event: Event) -> None:
        self._task(event.task).state = "cancelled"

    def _redo(self, event: Event) -> None:
        view = self._task(event.task)
        view.forget()
        self.people.notes.pop(event.task, None)
        view.written().note = event.data.get("note", "")

    def _attempt_started(self, event: Event) -> None:
        view = self._task(event.task)
        view.attempts = max(view.attempts, event.attempt)
        view.open_attempt = event.attempt
        if view.state != "cancelled":
            view.state, view.until_unix, view.reason = "running", None, ""
        if self.keep_attempts:
            waited = event.data.get("waited_s", NO_WAITS)
            number = len(self.sessions)
            attempt = AttemptView(event.task, event.attempt, number, event.mono_us, event.unix_us, waited)
            self._open[(event.task, event.attempt)] = attempt
            self.attempts.append(attempt)

    def _step(self, event: Event) -> None:
        view = self._task(event.task)
        if view.state in AT_WORK:
            view.state = event.data["step"]
        if (attempt := self._open.get((event.task, event.attempt))) is not None:
            attempt.steps = (*attempt.steps, (event.data["step"], event.mono_us))

    def _attempt_ended(self, event: Event) -> None:
        view, data = self._task(event.task), event.data
        view.open_attempt = 0
        if view.state != "cancelled" or data["end"] == "done":
            view.state = STATE_AFTER[data["end"]]
        view.failure, view.until_unix = data.get("failure"), data.get("until_unix")
        view.reason = (data.get("failure") or {}).get("class", "")
        if view.reason in NOT_MERGED:
            view.written().sent_back += 1
        else:
            view.counted += data["end"] in ("retry", "failed")
        if view.code is not None or "branch" in data or "usage" in data:
            view.written().attempt_ended(event.attempt, data)
        attempt = self._open.pop((event.task, event.attempt), None)
        if attempt is not None:
            attempt.killed = attempt.session != len(self.sessions)
            last_us = self.sessions[attempt.session - 1].last_us
            attempt.ends(last_us if attempt.killed else event.mono_us, data)

    def _task(self, task: str) -> TaskView:
        view = self.tasks.get(task)
        if view is None:
            view = self.tasks[task] = TaskView(task)
        return view


_HANDLERS = {
    events.RUN_STARTED: Progress._run_started,
    events.SESSION_STARTED: Progress._session_started,
    events.ESTIMATED: Progress._estimated,
    events.SESSION_ENDED: Progress._session_ended,
    events.PLANNED: Progress._planned,
    events.SELECTED: Progress._selected,
    events.RESET: Progress._reset,
    events.CANCELLED: Progress._cancelled,
    events.CONTROL: Progress._control,
    events.CONTROLLED: Progress._controlled,
    events.GATE: Progress._gate,
    events.APPROVED: Progress._approved,
    events.ANSWERED: Progress._answered,
    events.LIMITS: Progress._limits,
    events.BASE_GREEN: Progress._base_green,
    events.MERGING: Progress._merging,
    events.ACCEPTED: Progress._accepted,
    events.REJECTED: Progress._rejected,
    events.REDO: Progress._redo,
    events.ATTEMPT_STARTED: Progress._attempt_started,
    events.STEP: Progress._step,
    events.ATTEMPT_ENDED: Progress._attempt_ended,
}
