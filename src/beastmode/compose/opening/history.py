"""What earlier runs of a home have taken, read from its journal and ledger: bounded, however long they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from beastmode.errors import BeastError
from beastmode.events import ATTEMPT_STARTED, SESSION_STARTED, Event
from beastmode.runner.foreseeing.history import Past, Reading
from beastmode.runner.home import journal_path
from beastmode.store.journal.journal import JournalReader

_LEDGER_ROWS = 50_000
_NONE: Mapping[tuple[str, int], tuple[float, float]] = {}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read: of the latest `runs` the last `events` each, and who their first tasks were."""

    runs: int
    events: int
    tasks: int


FULL, QUICK = Bounds(12, 4_000, 8_000), Bounds(5, 600, 2_000)
"""Before a plan, and before a run that is to start at once."""
_TASKS_AN_EVENT = 1_000


def pasts_in(home: Path, bounds: Bounds = FULL) -> list[Past]:
    """The attempts that have ended by themselves in the latest runs of a home, oldest first. Raises JournalError."""
    path = journal_path(home)
    if not path.exists():
        return []
    reader = JournalReader(path)
    try:
        runs = [event.run for event in reader.runs()][-bounds.runs :]
        return [past for run in runs for past in _pasts_of(reader, home, run, bounds)]
    finally:
        reader.close()


def _pasts_of(reader: JournalReader, home: Path, run: int, bounds: Bounds) -> list[Past]:
    """By the beginning of the run, where its tasks are named, and its end."""
    first = reader.first(run, 4 + bounds.tasks // _TASKS_AN_EVENT)
    named = list(takewhile(lambda event: event.kind != ATTEMPT_STARTED, first))
    seen = named[-1].seq if named else 0
    last = [event for event in reader.last(run, bounds.events) if event.seq > seen]
    reading = Reading(run, _spent(home, run, [*named, *last]))
    return [*reading.of(named), *reading.of(last)]


def _spent(home: Path, run: int, events: list[Event]) -> Mapping[tuple[str, int], tuple[float, float]]:
    """What attempts of code spent at their model server; nothing where that cannot be read, which is no fault here."""
    if not any(event.data.get("code") for event in events if event.kind == SESSION_STARTED):
        return _NONE
    from beastmode.store.ledger.file import ledger_path  # SQLAlchemy, which most runs do without
    from beastmode.store.ledger.reading.use import asked_by_attempts

    begun, ended = events[0].unix_us / 1e6, events[-1].unix_us / 1e6
    try:
        return asked_by_attempts(ledger_path(home), f"r{run}", begun - 1.0, ended + 1.0, _LEDGER_ROWS)
    except BeastError:
        return _NONE
