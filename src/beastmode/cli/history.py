"""Finding a run in a home: what `status`, `logs`, `report` and `runs` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.home import journal_path
from beastmode.runner.lock import holder_on
from beastmode.runner.progress import Progress
from beastmode.runner.summary import Summary, summarise
from beastmode.runner.views import TaskView
from beastmode.store.journal.journal import JournalReader


def journal_of(home: Path) -> Path:
    """The journal in a home. Raises PreconditionError where nothing has run yet."""
    path = journal_path(home)
    if not path.exists():
        raise _nothing(home)
    return path


def _nothing(home: Path) -> PreconditionError:
    tip = "Start a run with `beast run FILE`, or name its home with --home."
    return PreconditionError("nothing has run here yet", where=str(home), tip=tip)


@contextmanager
def reading(home: Path) -> Iterator[JournalReader]:
    """The journal in a home, open for reading. Raises PreconditionError where nothing has run yet."""
    reader = JournalReader(journal_of(home))
    try:
        yield reader
    finally:
        reader.close()


def each_run(home: Path) -> Iterator[Progress]:
    """Every run of a home, oldest first, with its attempts: read one by one, for a home may have thousands."""
    with reading(home) as reader:
        for started in list(reader.runs()):
            yield _progress(reader, started.run)


def _progress(reader: JournalReader, run: int) -> Progress:
    return Progress(run, keep_attempts=True).apply_all(reader.events(run))


def find_run(home: Path, name: str) -> Progress:
    """A run by its name, `r7` or `7`; "" for the latest. With its attempts."""
    with reading(home) as reader:
        numbers = [event.run for event in reader.runs()]
        if not numbers:
            raise _nothing(home)
        wanted = name.removeprefix("r") if name else str(numbers[-1])
        if not wanted.isdecimal() or int(wanted) not in numbers:
            known = f"r{numbers[0]}" if len(numbers) == 1 else f"r{numbers[0]} to r{numbers[-1]}"
            tip = "`beast runs` lists them."
            raise SettingError(f"there is no run {name!r}, only {known}", where=str(home), tip=tip)
        return _progress(reader, int(wanted))


def find_task(progress: Progress, task: str) -> TaskView:
    """A task of a run by its id. Raises SettingError for one that is not there."""
    view = progress.tasks.get(task)
    if view is None:
        near = get_close_matches(task, progress.tasks, n=1)
        tip = f"Did you mean {near[0]!r}? " if near else ""
        raise SettingError(
            f"there is no task {task!r} in r{progress.run}", tip=f"{tip}`beast status --json` lists them."
        )
    return view


def runner_of(home: Path, progress: Progress) -> str:
    """Who is at work on a run now, as it named itself; "" where nobody is."""
    key = str(progress.started.data.get("roadmap", "")) if progress.started else ""
    return holder_on(home, key, progress.name)


def summary_of(home: Path, progress: Progress, report: str = "") -> Summary:
    """How a run stands; one without an end is running where a runner holds it, and else was killed."""
    ended = bool(progress.sessions) and progress.sessions[-1].ended is not None
    return summarise(progress, report, alive=not ended and bool(runner_of(home, progress)))
