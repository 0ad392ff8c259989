"""Finding a run in a home: what `status`, `logs`, `report` and `runs` share."""

from __future__ import annotations

from pathlib import Path

from beastmode.errors import PreconditionError, SettingError
from beastmode.events import Event
from beastmode.runner.progress import Progress
from beastmode.store.journal import JournalReader


def journal_of(home: Path) -> Path:
    """The journal in a home. Raises PreconditionError where nothing has run yet."""
    path = home / "journal.db"
    if not path.exists():
        tip = "Start a run with `beast run FILE`, or name its home with --home."
        raise PreconditionError("nothing has run here yet", where=str(home), tip=tip)
    return path


def all_runs(home: Path) -> list[Event]:
    """The RUN_STARTED events of a home, oldest first."""
    reader = JournalReader(journal_of(home))
    try:
        return list(reader.runs())
    finally:
        reader.close()


def find_run(home: Path, name: str) -> Progress:
    """A run by its name, `r7` or `7`; "" for the latest. With its attempts."""
    numbers = [event.run for event in all_runs(home)]
    if not numbers:
        raise PreconditionError(
            "nothing has run here yet", where=str(home), tip="Start with `beast run FILE`."
        )
    wanted = name.removeprefix("r") if name else str(numbers[-1])
    if not wanted.isdigit() or int(wanted) not in numbers:
        raise SettingError(f"there is no run {name!r}", where=str(home), tip="`beast runs` lists them.")
    reader = JournalReader(journal_of(home))
    try:
        return Progress(int(wanted), keep_attempts=True).apply_all(reader.events(int(wanted)))
    finally:
        reader.close()
