"""Asking: a command asks something of a run, whether a runner is at work on it or not."""

from __future__ import annotations

import asyncio
import getpass
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from beastmode.compose.run.standing import JournalStanding
from beastmode.errors import PreconditionError
from beastmode.events import CONTROL, CONTROLLED, Event
from beastmode.runner.control import Control, meaning
from beastmode.runner.home import journal_path
from beastmode.runner.lock import holder_on
from beastmode.runner.progress import Progress
from beastmode.store.journal.journal import Journal, JournalReader

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
    if (later := _later(home, progress)) and told.acts:
        tip = f"Say it of that: beast {control.action} r{later}"
        raise PreconditionError(
            f"{progress.name} does not go on: r{later} is the run of its list now", tip=tip
        )
    if not told.acts:
        return Asked(*about, "nothing", told.words + now.because_asked(control))
    event = _written(home, progress.run, control)
    if not runner_at_work(home, progress):
        return Asked(*about, "next", told.words, event.seq)
    effect = _effect(home, progress, event)
    if effect is None:
        when: When = "soon" if runner_at_work(home, progress) else "next"
        return Asked(*about, when, told.words, event.seq)
    return Asked(*about, "now" if effect.data["acts"] else "nothing", effect.data["effect"], event.seq)


def _later(home: Path, progress: Progress) -> int:
    """The run of the same roadmap that has taken the place of this one; 0 where this is the last."""
    reader = JournalReader(journal_path(home))
    try:
        runs = [event.run for event in reader.runs() if event.data.get("roadmap") == _roadmap(progress)]
    finally:
        reader.close()
    return runs[-1] if runs and runs[-1] != progress.run else 0


def _roadmap(progress: Progress) -> str:
    return str(progress.started.data.get("roadmap", "")) if progress.started else ""


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
            alive = runner_at_work(home, progress)
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


def runner_at_work(home: Path, progress: Progress) -> bool:
    """Whether one is at work on this run."""
    return bool(holder_on(home, _roadmap(progress), progress.name))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for this user
        return ""
