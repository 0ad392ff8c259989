"""How a run stands, for what people ask of it: as the runner at work has it, or as its journal does."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from beastmode.events import Event
from beastmode.runner.control import Control, Meaning, meaning
from beastmode.runner.gates import AT_GATE
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Gate
from beastmode.runner.states import ENDED, TaskState
from beastmode.runner.views import TaskView
from beastmode.store.journal.journal import JournalReader

if TYPE_CHECKING:
    from beastmode.compose.opening.run import Opened
    from beastmode.runner.schedule import Schedule


class LiveStanding:
    """How a run stands, as its runner has it.   approved: in this session, too."""

    def __init__(self, opened: Opened, schedule: Schedule, reader: JournalReader) -> None:
        self._opened, self._schedule, self._reader = opened, schedule, reader
        self.approved = set(opened.progress.people.approved)

    @cached_property
    def places(self) -> dict[str, int]:
        """Made when somebody asks for something: of a million tasks it is 100 MB."""
        return {task.id: place for place, task in enumerate(self._opened.plan.tasks)}

    @property
    def run(self) -> str:
        return self._opened.name

    @property
    def paused(self) -> bool:
        return self._schedule.paused

    def tasks(self) -> Iterable[str]:
        return self.places

    def state_of(self, task: str) -> TaskState | None:
        place = self.places.get(task)
        return None if place is None else self._schedule.state_of(place)

    def class_of(self, task: str) -> str:
        if self.gate_of(task):
            return AT_GATE
        view = self.view_of(task)
        return view.reason if view is not None else ""

    def is_paused(self, task: str) -> bool:
        return self.places[task] in self._schedule.paused_tasks

    def gate_of(self, task: str) -> Gate:
        place = self.places.get(task)
        return "" if place is None else self._schedule.gates.get(place, "")

    def was_approved(self, task: str) -> bool:
        return task in self.approved

    def view_of(self, task: str) -> TaskView | None:
        """What its attempts say, those of this session included; None where there was none."""
        attempts = self._reader.attempts(self._opened.run, task)
        return Progress(self._opened.run).apply_all(attempts).tasks.get(task)


class JournalStanding:
    """How a run stands, as its journal has it, and as it will once all is done that people have asked for."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._people = progress, progress.people
        self.paused = self._people.paused
        self._paused_tasks = set(self._people.paused_tasks)
        self._approved = set(self._people.approved)
        self._states: dict[str, TaskState] = {}
        self._asked = [control for event in self._people.unanswered if (control := _understood(event))]
        for control in self._asked:
            told = meaning(control, self)
            if told.acts:
                self._suppose(control, told)

    @property
    def run(self) -> str:
        return self._progress.name

    def tasks(self) -> Iterable[str]:
        return self._progress.tasks

    def state_of(self, task: str) -> TaskState | None:
        view = self._progress.tasks.get(task)
        return self._states.get(task, view.state) if view is not None else None

    def class_of(self, task: str) -> str:
        return self._progress.tasks[task].reason

    def is_paused(self, task: str) -> bool:
        return task in self._paused_tasks

    def gate_of(self, task: str) -> Gate:
        return "" if task in self._approved else self._people.gate_of(task)

    def was_approved(self, task: str) -> bool:
        return task in self._approved

    def because_asked(self, control: Control) -> str:
        """Said behind what is so only once a runner has done what was asked for before."""
        same = [(asked.action, asked.task) for asked in self._asked]
        if (control.action, control.task) in same:
            return "; that was asked for before, and takes effect when the run goes on"
        return ""

    def _suppose(self, control: Control, told: Meaning) -> None:
        """As if it were done."""
        task, action = control.task, control.action
        if action in ("pause", "resume") and not task:
            self.paused = action == "pause"
        elif action == "pause":
            self._paused_tasks.add(task)
        elif action == "resume":
            self._paused_tasks.discard(task)
        elif action == "cancel":
            for one in [task] if task else self.tasks():
                self._states[one] = self._cancelled(one)
        for one in told.tasks:
            self._states[one] = "pending"
        if action in ("approve", "answer") and self.gate_of(task):
            self._approved.add(task)

    def _cancelled(self, task: str) -> TaskState:
        state = self.state_of(task) or "pending"
        return state if state in ENDED else "cancelled"


def _understood(event: Event) -> Control | None:
    try:
        return Control.of(event)
    except ValueError:
        return None
