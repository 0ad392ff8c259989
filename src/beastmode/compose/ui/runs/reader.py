"""Runs for the dashboard: the journal of a home, folded as it grows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.compose.ui.files.journal import SENSELESS, HomeJournal, senseless
from beastmode.compose.ui.files.watch import PATIENCE_S, Watch
from beastmode.compose.ui.runs.diff import Diffs
from beastmode.compose.ui.runs.figures import KeptFigures
from beastmode.compose.ui.runs.folding import Fold
from beastmode.compose.ui.runs.graph import graph_of
from beastmode.compose.ui.runs.logs import WatchedLogs, parts_of, pieces, tails
from beastmode.compose.ui.runs.look import MOST_PHASES, Look
from beastmode.compose.ui.runs.said import Lists
from beastmode.compose.ui.runs.task import task_of
from beastmode.compose.ui.runs.timeline import timeline_of
from beastmode.compose.ui.runs.waits import MOST_PERSONS, persons_of, ready_of, waits_of
from beastmode.dashboard.sources.faults import BeingReadError, Fault, fault_of
from beastmode.dashboard.sources.runs import (
    DiffView,
    LogPart,
    RunLine,
    RunView,
    TaskPage,
    TaskView,
)
from beastmode.dashboard.words import number_in
from beastmode.errors import BeastError
from beastmode.events import Event
from beastmode.failures.advice import spoken
from beastmode.runner.code.whereabouts import top_of
from beastmode.runner.foreseeing.remaining import left_of
from beastmode.runner.home import journal_path
from beastmode.runner.lock import holder_on
from beastmode.runner.progress import Progress
from beastmode.store.journal.file import connect
from beastmode.store.journal.journal import JournalReader

_MOST_KEPT = 2_000_000
"""Tasks and attempts, of all runs that are kept folded: about 1.2 GB. The run looked at last is kept in any case."""
_LONG = 100_000
"""Events of a run that is read in the background: more take more than two seconds."""


@dataclass(slots=True)
class _Kept:
    """reading: in the background, for the first time.   fault: why that came to nothing."""

    fold: Fold
    figures: KeptFigures
    reading: bool = False
    fault: BeastError | None = None


class JournalRuns:
    """A `RunReader` of the journal in `home`, which may not exist yet. Thread-safe.

    A run is read once, and then only what has been recorded since: a look at a live run costs what is new. Of runs
    that are not kept any more, the line is.
    """

    def __init__(self, home: Path, clock: Clock = SYSTEM_CLOCK) -> None:
        self._home, self._path, self._clock = home, journal_path(home), clock
        self._lock = threading.Lock()
        self._journal = HomeJournal(self._path, self._begun_anew)
        self._watch = Watch(self._path, partial(connect, write=False, busy_s=0.0))
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._lines: dict[int, tuple[int, RunLine]] = {}
        self._logs, self._lists, self._diffs = WatchedLogs(), Lists(), Diffs(home)
        self._diffing = threading.Lock()
        self._pool = ThreadPoolExecutor(2, "dashboard")
        self._made_ready = 0

    # ---- versions ----------------------------------------------------------------------------------

    def version(self) -> str:
        return f"{self._watch.version()}.{self._made_ready}"

    def logs_version(self) -> str:
        return self._logs.version()

    def _told(self) -> None:
        """Something that was read or computed in the background is there: pages are to be made anew."""
        self._made_ready += 1

    # ---- pages -------------------------------------------------------------------------------------

    def latest(self, most: int, before: int = 0) -> Sequence[RunLine]:
        with self._reading() as reader:
            began = list(reader.runs()) if reader else []
        older = [event for event in began if not before or event.run < before]
        return [self._line(event) for event in older[::-1][:most]]

    def run(self, name: str) -> RunView | None:
        with self._looking(name) as found:
            return self._view(*found) if found else None

    def tasks(self, run: str, state: str, phase: str, after: int, most: int) -> TaskPage | None:
        with self._looking(run) as found:
            return found[0].page(state, phase, after, most) if found else None

    def task(self, run: str, task: str) -> TaskView | None:
        with self._looking(run) as found:
            known = found[0].progress.tasks.get(task) if found else None
            if found is None or known is None:
                return None
            with self._reading() as reader:
                recorded = list(reader.attempts(found[0].progress.run, task)) if reader else []
            return task_of(found[0], known, recorded)

    def logs(self, run: str, task: str, attempt: int) -> Sequence[LogPart]:
        with self._looking(run) as found:
            known = found[0].progress.tasks.get(task) if found else None
            if found is None or known is None:
                return []
            parts = parts_of(self._home, found[0].progress.run, task, attempt)
            paths = [path for _, path in parts]
            if found[0].by and known.open_attempt == attempt:
                self._logs.watch(paths)
            else:
                self._logs.leave(paths)
        return tails(parts)

    def raw(self, run: str, task: str, attempt: int, part: str) -> Iterator[bytes] | None:
        with self._looking(run) as found:
            if found is None or task not in found[0].progress.tasks:
                return None
            paths = dict(parts_of(self._home, found[0].progress.run, task, attempt))
        return pieces(paths[part]) if part in paths else None

    def diff(self, run: str, task: str) -> DiffView:
        with self._looking(run) as found:
            known = found[0].progress.tasks.get(task) if found else None
        if found is None or known is None:
            return DiffView([], "", False, False, "There is no such task.")
        with self._diffing:
            return self._diffs.of(found[0].progress, known)

    def said(self, run: str, task: str) -> str:
        with self._looking(run) as found:
            started = found[0].progress.started if found else None
        return self._lists.said(str(started.data.get("roadmap", "")), task) if started else ""

    def progress_of(self, name: str) -> Progress | None:
        """The run as it stands; None where there is none of that name."""
        with self._looking(name) as found:
            return found[0].progress if found else None

    def counts_of(self, name: str) -> Mapping[str, int]:
        """Its tasks by state, as recorded; none where there is none of that name."""
        with self._looking(name) as found:
            return dict(found[0].fold.counts) if found else {}

    # ---- folding -----------------------------------------------------------------------------------

    @contextmanager
    def _looking(self, name: str) -> Iterator[tuple[Look, KeptFigures] | None]:
        """A run as it stands, and nobody reads on meanwhile; None where there is none of that name."""
        number = _number(name)
        last = self._last_seq(number) if number else 0
        if not last:
            yield None
            return
        kept = self._folding(number)
        if kept.fault is not None:
            fault, kept.fault = kept.fault, None
            raise fault
        if kept.reading or (not kept.fold.progress.last_seq and self._is_long(number, last)):
            self._read_apart(kept)
            raise BeingReadError(f"{name} is long: it is being read", tip="It is there in a moment.")
        with kept.fold.lock:
            try:
                self._read_on(kept.fold)
                self._forget()
                yield self._look(kept.fold), kept.figures
            except SENSELESS as error:
                with self._lock:
                    self._kept.pop(number, None)  # what was read so far may be wrong as well
                raise senseless(self._path, error) from error

    def _is_long(self, number: int, last: int) -> bool:
        """By what was recorded from its first event on, that of other runs included."""
        with self._reading() as reader:
            first = reader.first(number, 1) if reader else []
        return bool(first) and last - first[0].seq > _LONG

    def _read_apart(self, kept: _Kept) -> None:
        with self._lock:
            if kept.reading:
                return
            kept.reading = True
        self._pool.submit(self._read_first, kept)

    def _read_first(self, kept: _Kept) -> None:
        try:
            with kept.fold.lock:
                self._read_on(kept.fold)
                kept.fold.tied()  # the first page wants it, and it takes a second
        except BeastError as error:
            kept.fault = error  # told to whoever looks next
        except SENSELESS as error:
            kept.fault, kept.fold = senseless(self._path, error), Fold(kept.fold.progress.run)
        finally:
            kept.reading = False
            self._told()

    def _look(self, fold: Fold) -> Look:
        return Look(fold, self._by(fold.progress), self._clock.unix())

    def _by(self, progress: Progress) -> str:
        """Who is at work on a run now; "" for nobody."""
        if not progress.sessions or progress.unclean:
            key = str(progress.started.data.get("roadmap", "")) if progress.started else ""
            return holder_on(self._home, key, progress.name)
        return ""

    def _folding(self, number: int) -> _Kept:
        with self._lock:
            kept = self._kept.pop(number, None)
            if kept is None:
                figures = KeptFigures(self._path, self._clock, self._pool, self._told)
                kept = _Kept(Fold(number), figures)
            self._kept[number] = kept
            return kept

    def _read_on(self, fold: Fold) -> None:
        run, last = fold.progress.run, fold.progress.last_seq
        if not last:  # by itself: it may take long, and others must not see an old journal meanwhile
            reader = JournalReader(self._path, PATIENCE_S)
            try:
                fold.read_on(reader.events(run))
            finally:
                reader.close()
            return
        with self._reading() as shared:
            news = list(shared.events(run, last)) if shared else []
        fold.read_on(news)

    def _forget(self) -> None:
        """Those looked at longest ago, where all together are too much."""
        with self._lock:
            weight = sum(kept.fold.weight for kept in self._kept.values())
            while weight > _MOST_KEPT and len(self._kept) > 1:
                weight -= self._kept.popitem(last=False)[1].fold.weight

    def _line(self, began: Event) -> RunLine:
        """A line is kept for as long as nothing more is recorded of its run; who is at work can end without a word."""
        number = began.run
        try:
            last = self._last_seq(number)
            kept = self._lines.get(number)
            if kept is not None and kept[0] == last and kept[1].state not in ("running", "paused"):
                return kept[1]
            with self._looking(f"r{number}") as found:
                if found is None:  # its first event was read another way than the others are
                    raise senseless(self._path, LookupError(f"r{number} has none"))
                line = found[0].run_line()
                self._lines[number] = (found[0].progress.last_seq, line)
                return line
        except BeingReadError:
            return _unread(began, "being_read")
        except BeastError as error:  # the others may well be read
            return _unread(began, "unreadable", fault_of(error))

    def _last_seq(self, number: int) -> int:
        """0 where there is no such run."""
        with self._reading() as reader:
            last = reader.last(number, 1) if reader else []
        return last[0].seq if last else 0

    @contextmanager
    def _reading(self) -> Iterator[JournalReader | None]:
        with self._lock, self._journal.reading() as reader:
            yield reader

    def _begun_anew(self) -> None:
        self._kept.clear()
        self._lines.clear()

    # ---- one run -----------------------------------------------------------------------------------

    def _view(self, look: Look, figures: KeptFigures) -> RunView:
        persons = persons_of(look)
        return RunView(
            line=look.run_line(),
            by=look.by,
            left=_left(look),
            budget_usd=_budget(look.progress),
            phases=look.phases(),
            phases_left_out=max(0, len(look.fold.phases) - MOST_PHASES),
            ready=ready_of(look),
            waits=waits_of(look),
            persons=persons,
            persons_left_out=max(0, look.fold.counts["needs_person"] - MOST_PERSONS),
            timeline=timeline_of(look),
            graph=graph_of(look),
            figures=figures.of(look),
            repository=str(top_of(look.progress) or ""),
        )


def _number(name: str) -> int:
    """Of a run; 0 for what is no name of one."""
    return number_in(name.removeprefix("r"))


def _unread(began: Event, state: str, fault: Fault | None = None) -> RunLine:
    """What its first event says."""
    title, roadmap = str(began.data.get("title", "")), str(began.data.get("roadmap", ""))
    return RunLine(f"r{began.run}", title, roadmap, state, {}, None, None, fault=fault)


def _left(look: Look) -> str:
    """How long it will still take, in words; "" where nothing says."""
    sessions = look.progress.sessions
    left = left_of(sessions[-1], len(look.fold.ended_now), look.now_unix) if sessions and look.by else None
    return left.told(spoken) if left else ""


def _budget(progress: Progress) -> float | None:
    """Of a run that writes code."""
    code = progress.sessions[-1].started.data.get("code", {}) if progress.sessions else {}
    budget: float | None = code.get("budget_usd")
    return budget
