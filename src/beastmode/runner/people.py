"""People: what they asked of a run, and what holds because of it. A part of the fold in `progress.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beastmode.events import Event
from beastmode.runner.roadmap import Gate

SERVER = "server"
"""Below this, limits of the model server of a run; beside it, those of its tasks."""


@dataclass(slots=True)
class ControlView:
    """What a person asked for.   effect: None while no runner has done it."""

    asked: Event
    effect: Event | None = None


@dataclass(slots=True)
class People:
    """What people said of a run, and what holds because of that.

    paused, paused_tasks: by a person.   gates: of tasks whose list wants a person's word;   approved: those that may
    pass theirs.   notes: for the next attempts.   limits: those that a person has set and that hold over a restart, as
    LIMITS has them.   controls: all that was asked for, in order.
    """

    paused: bool = False
    paused_tasks: set[str] = field(default_factory=set)
    gates: dict[str, Gate] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    controls: list[ControlView] = field(default_factory=list)

    @property
    def unanswered(self) -> list[Event]:
        """What was asked for and no runner has done yet."""
        return [control.asked for control in self.controls if control.effect is None]

    def gate_of(self, task: str) -> Gate:
        """Of a task whose gate is closed yet; "" for any other."""
        return "" if task in self.approved else self.gates.get(task, "")

    def planned(self, task: str, gate: Gate) -> None:
        """What the list says of a task now."""
        if gate:
            self.gates[task] = gate
        elif self.gates:
            self.gates.pop(task, None)

    def asked(self, event: Event) -> None:
        self.controls.append(ControlView(event))

    def done(self, event: Event) -> None:
        """A runner says what has come of it."""
        data = event.data
        for control in reversed(self.controls):
            if control.asked.seq == data["control"]:
                control.effect = event
        if data["acts"] and data["action"] in ("pause", "resume"):
            self._pause(event.task, paused=data["action"] == "pause")

    def changed(self, event: Event) -> None:
        """Limits have been changed."""
        if event.data.get("reason") == "person":
            self.limits = merged_limits(self.limits, event.data | event.data.get("asked", {}))

    def _pause(self, task: str, *, paused: bool) -> None:
        if not task:
            self.paused = paused
        elif paused:
            self.paused_tasks.add(task)
        else:
            self.paused_tasks.discard(task)


def merged_limits(before: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """Limits of the run, and below `server` those of its model server; what is not named stays."""
    now = before | {name: changed[name] for name in ("concurrency", "rates") if name in changed}
    server = {**before.get(SERVER, {}), **changed.get(SERVER, {})}
    return {**now, SERVER: server} if server else now
