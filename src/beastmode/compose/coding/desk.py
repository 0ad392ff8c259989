"""Desk: a run that a person says something of, while no runner is at work on it: its lock is held meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beastmode.runner.code.whereabouts import folder_of
from beastmode.runner.home import journal_path
from beastmode.runner.lock import RunLock
from beastmode.runner.progress import Progress
from beastmode.runner.views import TaskView
from beastmode.store.journal.journal import Journal, JournalReader


@dataclass(slots=True)
class Desk:
    """A run that a person says something of.   progress: as it is now that nobody else is at work."""

    home: Path
    journal: Journal
    progress: Progress

    @property
    def run(self) -> str:
        """Its name."""
        return self.progress.name

    @property
    def roadmap(self) -> str:
        """What its list is known by: a file, or a program and a title."""
        return _roadmap_of(self.progress)

    @property
    def check(self) -> str:
        """The shell line that had to be green in the last session that wrote code; "" for none."""
        written = (session.started.data.get("code") for session in reversed(self.progress.sessions))
        return str(next((code["check"] for code in written if code), ""))

    @property
    def folder(self) -> Path:
        """Where its runner was started; the current folder where nothing says, or nothing is there."""
        return folder_of(self.progress)

    def view(self, task: str) -> TaskView:
        """A task as it stands."""
        return self.progress.tasks[task]

    async def record(self, kind: str, task: str, data: dict[str, Any]) -> None:
        """On disk when it returns."""
        await self.journal.append(kind, self.progress.run, task, 0, data)


@asynccontextmanager
async def desk_of(home: Path, run: int) -> AsyncIterator[Desk]:
    """A run while no runner is at work on it. Raises RunLockedError where one is."""
    lock = RunLock(home, _roadmap_of(_read(home, run)))
    try:
        journal = Journal(journal_path(home))
        try:
            yield Desk(home, journal, _read(home, run))
        finally:
            await journal.close()
    finally:
        lock.release()


def _roadmap_of(progress: Progress) -> str:
    return str(progress.started.data.get("roadmap", "")) if progress.started else ""


def _read(home: Path, run: int) -> Progress:
    reader = JournalReader(journal_path(home))
    try:
        return Progress(run).apply_all(reader.events(run))
    finally:
        reader.close()
