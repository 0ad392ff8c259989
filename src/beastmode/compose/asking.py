"""Asking: a command asks something of a run, whether a runner is at work on it or not."""

from __future__ import annotations

import asyncio
import getpass
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beastmode.errors import PreconditionError
from beastmode.events import CONTROL, CONTROLLED, Event
from beastmode.runner.control import Control, Meaning, meaning
from beastmode.runner.home import journal_path
from beastmode.runner.lock import holder_of
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Gate
from beastmode.runner.states import TaskState
from beastmode.store.journal import Journal, JournalReader

WAIT_S = 2.0
"""For the effect, where a runner is at work: it looks several times a second."""
_LOOK_S = 0.05

When = Literal["now", "nothing", "soon", "next"]
"""It has had its effect; there was nothing to do; the runner at work has not said yet; the next session does it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What has come of it.   words: the effect, or what is to come.   control: its row in the journal; 0 for none."""

    run: str
    task: str
    action: str
    when: When
    words: str
    control: int = 0


def ask(home: Path, progress: Progress, control: Control) -> Asked:
    """Ask it, and say what has come of it. Asked for twice, the second finds nothing to do. Raises PreconditionError
    where it cannot be done, with what to do instead."""
    now = JournalStanding(progress)
    told = meaning(control, now)
    if told.tip:
        raise PreconditionError(f"{control.task or progress.name} {told.words}", tip=told.tip)
    about = progress.name, control.task, control.action
    if not told.acts:
        return Asked(*about, "nothing", told.words + now.because_asked(control))
    event = _written(home, progress.run, control)
    if not _runner(home, progress):
        return Asked(*about, "next", told.words, event.seq)
    effect = _effect(home, progress, event)
    if effect is None:
        when: When = "soon" if _runner(home, progress) else "next"
        return Asked(*about, when, told.words, event.seq)
    return Asked(*about, "now" if effect.data["acts"] else "nothing", effect.data["effect"], event.seq)


def _written(home: Path, run: int, control: Control) -> Event:
    """The row as it stands in the journal. Whoever is at work on the run writes there, too: SQLite keeps them apart."""
    token = uuid.uuid4().hex
    data = {**control.said, "action": control.action, "by": _who(), "token": token}

    async def write() -> None:
        journal = Journal(journal_path(home))
        try:
            await journal.append(CONTROL, run, control.task, data=data)
        finally:
            await journal.close()

    asyncio.run(write())
    reader = JournalReader(journal_path(home))
    try:
        return next(event for event in reversed(reader.controls(run)) if event.data.get("token") == token)
    finally:
        reader.close()


def _effect(home: Path, progress: Progress, asked: Event) -> Event | None:
    """What a runner says has come of it; None where it has said nothing in time, or has ended."""
    deadline, after = time.monotonic() + WAIT_S, asked.seq
    reader = JournalReader(journal_path(home))
    try:
        while time.monotonic() < deadline:
            alive = _runner(home, progress)
            for event in reader.events(progress.run, after):
                after = event.seq
                if event.kind == CONTROLLED and event.data["control"] == asked.seq:
                    return event
            if not alive:
                return None
            time.sleep(_LOOK_S)
        return None
    finally:
        reader.close()


def _runner(home: Path, progress: Progress) -> bool:
    """Whether one is at work on this run."""
    key = str(progress.started.data.get("roadmap", "")) if progress.started else ""
    holder = holder_of(home, key)
    return bool(holder) and not (holder.startswith("run ") and not holder.startswith(f"run {progress.name},"))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for this user
        return ""


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
        return state if state in ("done", "failed", "skipped") else "cancelled"


def _understood(event: Event) -> Control | None:
    try:
        return Control.of(event)
    except ValueError:
        return None
