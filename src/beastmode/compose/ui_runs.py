"""Runs for the dashboard: the journal of a home, folded as it grows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from beastmode.dashboard.sources.runs import AttemptLine, RunLine, RunView, TaskLine, TaskView
from beastmode.runner.home import journal_path, log_path, run_folder
from beastmode.runner.lock import holder_on
from beastmode.runner.progress import AttemptView, Progress
from beastmode.runner.progress import TaskView as Known
from beastmode.runner.report.content import Report, report_of
from beastmode.runner.summary import Summary, summarise
from beastmode.store.journal import JournalReader
from beastmode.store.journal_file import Connection, connect

_MOST_FOLDS = 32
"""Runs that are kept folded; a run of a million tasks is some hundred megabytes of them."""
_LOG_BYTES = 64 * 1024


class JournalRuns:
    """A `RunReader` of the journal in `home`, which may not exist yet. Thread-safe.

    A run is read once, and then only what has been recorded since: a look at a live run costs what is new.
    """

    def __init__(self, home: Path) -> None:
        self._home, self._path = home, journal_path(home)
        self._lock = threading.Lock()
        self._reader: JournalReader | None = None
        self._watch: Connection | None = None
        self._folds: OrderedDict[int, Progress] = OrderedDict()

    def version(self) -> str:
        if self._watch is None:
            if not self._path.exists():
                return "none"
            self._watch = connect(self._path, write=False)
        (version,) = self._watch.execute("PRAGMA data_version").fetchone()
        return str(version)

    def latest(self, most: int, before: int = 0) -> Sequence[RunLine]:
        with self._lock:
            numbers = [number for number in self._numbers() if not before or number < before]
            return [self._line(self._fold(number)) for number in numbers[::-1][:most]]

    def run(self, name: str) -> RunView | None:
        with self._lock:
            progress = self._named(name)
            return None if progress is None else self._view(progress)

    def task(self, run: str, task: str) -> TaskView | None:
        with self._lock:
            progress = self._named(run)
            known = progress.tasks.get(task) if progress else None
            return None if progress is None or known is None else self._task(progress, known)

    def progress_of(self, name: str) -> Progress | None:
        """The run as it stands; None where there is none of that name."""
        with self._lock:
            return self._named(name)

    def _open(self) -> JournalReader | None:
        if self._reader is None and self._path.exists():
            self._reader = JournalReader(self._path)
        return self._reader

    def _numbers(self) -> list[int]:
        reader = self._open()
        return [event.run for event in reader.runs()] if reader else []

    def _named(self, name: str) -> Progress | None:
        number = name.removeprefix("r")
        known = number.isascii() and number.isdecimal() and int(number) in self._numbers()
        return self._fold(int(number)) if known else None

    def _fold(self, number: int) -> Progress:
        progress = self._folds.pop(number, None) or Progress(number, keep_attempts=True)
        self._folds[number] = progress
        if len(self._folds) > _MOST_FOLDS:
            self._folds.popitem(last=False)
        reader = self._open()
        return progress.apply_all(reader.events(number, progress.last_seq)) if reader else progress

    def _summary(self, progress: Progress) -> Summary:
        key = str(progress.started.data.get("roadmap", "")) if progress.started else ""
        return summarise(progress, alive=bool(holder_on(self._home, key, progress.name)))

    def _line(self, progress: Progress) -> RunLine:
        return _line(progress, self._summary(progress))

    def _view(self, progress: Progress) -> RunView:
        summary = self._summary(progress)
        report = report_of(progress, summary, self._path)
        return RunView(
            line=_line(progress, summary),
            headline=report.headline,
            phases=report.phases,
            tasks=_tasks(progress, report),
            left_out=report.tasks_left_out,
            timeline=report.timeline,
            safety=report.safety,
            failures=report.failures,
            next_steps=report.next_steps,
        )

    def _task(self, progress: Progress, known: Known) -> TaskView:
        mine = [attempt for attempt in progress.attempts if attempt.task == known.id]
        path = log_path(run_folder(self._home, progress.run), known.id, known.attempts)
        log, left_out = _end_of(path) if known.attempts else ("", 0)
        return TaskView(
            run=self._line(progress),
            line=TaskLine(known.id, known.title, " / ".join(known.phases), known.state, known.attempts),
            needs=known.needs,
            attempts=[_attempt(attempt) for attempt in mine],
            failure=known.failure,
            log=log,
            log_left_out=left_out,
        )


def _line(progress: Progress, summary: Summary) -> RunLine:
    data = progress.started.data if progress.started else {}
    first, last = (progress.sessions[0], progress.sessions[-1]) if progress.sessions else (None, None)
    return RunLine(
        progress.name,
        str(data.get("title", "")),
        str(data.get("roadmap", "")),
        summary.state,
        summary.tasks,
        first.started.unix_us / 1e6 if first else None,
        last.ended.unix_us / 1e6 if last and last.ended else None,
    )


def _tasks(progress: Progress, report: Report) -> list[TaskLine]:
    lines = []
    for row in report.tasks:
        known = progress.tasks[row["task"]]
        failure = known.failure if known.state in ("failed", "needs_person") else None
        why = f"{failure['class']}: {failure['cause']}" if failure else known.reason
        lines.append(
            TaskLine(
                known.id,
                known.title,
                row["phase"],
                known.state,
                known.attempts,
                row["took_s"],
                why,
                known.until_unix if known.state == "waiting" else None,
            )
        )
    return lines


def _attempt(attempt: AttemptView) -> AttemptLine:
    begun = attempt.admitted_us if attempt.left_us is None else attempt.left_us
    took_s = None if attempt.ended_us is None else max(0.0, (attempt.ended_us - begun) / 1e6)
    return AttemptLine(
        attempt.number,
        attempt.started_unix_us / 1e6,
        took_s,
        attempt.end,
        attempt.waited_s,
        attempt.failure,
    )


def _end_of(path: Path) -> tuple[str, int]:
    """The last of a log, and how many bytes stand before it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            before = max(0, size - _LOG_BYTES)
            file.seek(before)
            return file.read(_LOG_BYTES).decode("utf-8", "replace"), before
    except OSError:
        return "", 0
