"""Looks at runs that were told by hand, and journals that hold them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec

from beastmode.compose.ui.runs.folding import Fold
from beastmode.compose.ui.runs.look import Look
from beastmode.events import SESSION_STARTED, Event
from beastmode.runner.home import journal_path, prepare_home
from beastmode.store.journal.journal import Journal
from tests.runner.story import UNIX_S, Story


def by_needs(story: Story, order: str = "needs only") -> Story:
    """The same, of a list that has no order but its needs."""
    for event in story.events:
        if event.kind == SESSION_STARTED:
            event.data["order"] = order
    return story


def look_at(story: Story, by: str = "process 1", later_s: float = 0.0) -> Look:
    """As somebody sees it so long after its last event.   by: who is at work on it."""
    fold = Fold(1)
    fold.read_on(story.events)
    return Look(fold, by, UNIX_S + story.now + later_s)


def record(home: Path, *stories: Iterable[Event]) -> None:
    """Write events into the journal of a home, behind what is there; those of each story as a run of their own."""
    prepare_home(home)

    async def made() -> None:
        await Journal(journal_path(home), "process").close()

    asyncio.run(made())
    with closing(sqlite3.connect(journal_path(home))) as db:
        for number, story in enumerate(stories, 1):
            rows = [
                (
                    number,
                    one.kind,
                    one.task,
                    one.attempt,
                    one.unix_us,
                    one.mono_us,
                    msgspec.json.encode(one.data),
                )
                for one in story
            ]
            columns = "run, kind, task, attempt, unix_us, mono_us, data"
            db.executemany(f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        db.commit()
