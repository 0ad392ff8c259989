"""What tasks that wrote code have taken in earlier runs of a home: what an estimate is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from beastmode.events import SESSION_STARTED, Event
from beastmode.runner.estimate import Taken
from beastmode.runner.home import journal_path
from beastmode.runner.progress import Progress
from beastmode.store.journal import JournalReader

_RUNS = 5
"""The latest ones: models and their prices change."""


def taken_in(home: Path) -> list[Taken]:
    """By each task that is done in the latest runs that wrote code; empty where there was none. Raises JournalError."""
    path = journal_path(home)
    if not path.exists():
        return []
    reader = JournalReader(path)
    try:
        runs = [event.run for event in reader.runs()][-_RUNS:]
        return [one for run in runs for one in _taken(run, reader.events(run))]
    finally:
        reader.close()


def spent_in(home: Path, run: int) -> float:
    """What the requests of earlier sessions of a run have cost, USD; 0 for a new run. Raises BeastError."""
    if not run:
        return 0.0
    from beastmode.store.ledger_file import ledger_path  # SQLAlchemy, which most runs do without
    from beastmode.store.ledger_use import used_in_run

    return sum(use.usd for use in used_in_run(ledger_path(home), f"r{run}").values())


def used_before(home: Path, run: int) -> dict[tuple[str, int], dict[str, float]]:
    """What each attempt of a run has used so far, by task and number: a runner that was killed could not say it.
    Raises BeastError."""
    from beastmode.store.ledger_file import ledger_path  # SQLAlchemy, which most runs do without
    from beastmode.store.ledger_use import used_by_attempts

    return used_by_attempts(ledger_path(home), f"r{run}")


def taken_of(home: Path, list_: Path, task: str) -> list[Taken]:
    """What one task has taken in the latest run of its list; nothing where it is not done.   Raises JournalError."""
    reader = JournalReader(journal_path(home))
    try:
        runs = [event.run for event in reader.runs() if event.data.get("roadmap") == str(list_.resolve())]
        progress = Progress(runs[-1], keep_attempts=True).apply_all(reader.events(runs[-1]))
    finally:
        reader.close()
    return [taken for name, taken in _by_task(progress) if name == task]


def _taken(run: int, events: Iterator[Event]) -> Iterator[Taken]:
    """Nothing of a run that wrote no code, which may be very long: its first session says so."""
    head = []
    for event in events:
        head.append(event)
        if event.kind == SESSION_STARTED:
            break
    if not head or not head[-1].data.get("code"):
        return
    yield from (
        taken for _, taken in _by_task(Progress(run, keep_attempts=True).apply_all(chain(head, events)))
    )


def _by_task(progress: Progress) -> Iterator[tuple[str, Taken]]:
    """The tasks that are done, and what all attempts of each have taken.   progress: with its attempts kept."""
    spent_us: dict[str, int] = {}
    for attempt in progress.attempts:
        if attempt.ended_us is not None:
            spent_us[attempt.task] = spent_us.get(attempt.task, 0) + attempt.ended_us - attempt.admitted_us
    for view in progress.tasks.values():
        if view.state == "done":
            usage = view.code.usage if view.code is not None else {}
            yield view.id, Taken(spent_us.get(view.id, 0) / 1e6, _usd(usage))


def _usd(usage: Mapping[str, Any]) -> float | None:
    """What it would have cost had nothing been answered from memory; None where nobody can tell."""
    asked = usage.get("requests", 0) - usage.get("hits", 0)
    if asked <= 0 or usage.get("unpriced") or usage.get("cost_usd") is None:
        return None
    return float(usage["cost_usd"] * usage["requests"] / asked)
