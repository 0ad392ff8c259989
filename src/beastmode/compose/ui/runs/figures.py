"""The figures of a run that take long where it is long: kept, and made anew in the background."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beastmode.amounts import counted
from beastmode.clock import Clock
from beastmode.compose.ui.runs.look import Look
from beastmode.dashboard.sources.runs import FailureLine, Figures, SafetyLine, Verdict
from beastmode.runner.gates import AT_GATE
from beastmode.runner.progress import Progress
from beastmode.runner.report.advice import failures_of, next_steps
from beastmode.runner.report.evidence import safety
from beastmode.runner.report.planned import plan_lines
from beastmode.runner.report.tables import dogfooding_table, dogfooding_words, plan_table, safety_rows
from beastmode.runner.report.tasks import dogfooding
from beastmode.runner.report.words import headline
from beastmode.runner.summary import summarise

_QUICK_S = 0.05
"""What takes no longer is made for each look."""
_REST = 20.0
"""What takes longer is made anew when this many times as long has passed: a twentieth of one core at most."""
_SHORT = 20_000
"""Tasks and attempts of a run whose figures may be waited for when it is first looked at: they take under a second."""
_MOST_CAUSES, _MOST_NAMED = 30, 5


@dataclass(slots=True)
class _Made:
    figures: Figures
    seq: int
    by: str
    at_s: float
    took_s: float


class KeptFigures:
    """Figures of one run.   told: called when those made in the background are there."""

    def __init__(
        self, journal: Path, clock: Clock, pool: ThreadPoolExecutor, told: Callable[[], None]
    ) -> None:
        self._journal, self._clock, self._pool, self._told = journal, clock, pool, told
        self._made: _Made | None = None
        self._making: Future[_Made] | None = None

    def of(self, look: Look) -> Figures | None:
        """The newest there are; of a long run they may be some time old, and at first there are none."""
        if self._making is not None and self._making.done():
            if self._making.exception() is None:  # else it was read while it changed: once more, later
                self._made = self._making.result()
            self._making = None
        made = self._made
        if made is not None and (made.seq, made.by) == (look.progress.last_seq, look.by):
            return made.figures
        if made.took_s < _QUICK_S if made else look.fold.weight < _SHORT:
            made = self._made = self._make(look)
        elif self._making is None and (made is None or self._has_rested(made)):
            self._making = self._pool.submit(self._make, _apart(look))
            self._making.add_done_callback(lambda _: self._told())
        return made.figures if made else None

    def _has_rested(self, made: _Made) -> bool:
        return self._clock.monotonic() - made.at_s >= _REST * made.took_s

    def _make(self, look: Look) -> _Made:
        begun = self._clock.monotonic()
        figures = figures_of(look, self._journal)
        now = self._clock.monotonic()
        return _Made(figures, look.progress.last_seq, look.by, now, now - begun)


def _apart(look: Look) -> Look:
    """With lists of its own, so that others can read on meanwhile."""
    fold = copy.copy(look.fold)
    fold.progress = own = copy.copy(look.progress)
    own.tasks, own.attempts = dict(own.tasks), list(own.attempts)
    own.sessions, own.evidence = list(own.sessions), list(own.evidence)
    return Look(fold, look.by, look.now_unix)


def figures_of(look: Look, journal: Path) -> Figures:
    """All of them, as they stand."""
    progress = look.progress
    summary = summarise(progress, alive=bool(look.by))
    failures = failures_of(progress, journal)
    wrong = [group for group in failures if group["class"] != AT_GATE]  # at a gate, nothing failed
    steps = next_steps(progress, summary, journal, failures)
    dogs = {"dogfooding": dogfooding(progress)}
    return Figures(
        of_unix=look.now_unix,
        headline=headline(summary, progress.rates[0].span_s if progress.rates else None),
        plan=plan_table({"plan": plan_lines(progress)})[1],
        safety=list(_safety(progress)),
        dogfooding=dogfooding_words(dogs),
        categories=[row for row in dogfooding_table(dogs)[1] if row[1] != "0"],
        failures=[_failure(group) for group in wrong[:_MOST_CAUSES]],
        next_steps=steps[:-1],  # the last checks a report that is written
    )


def _failure(group: Mapping[str, Any]) -> FailureLine:
    names = [task["task"] for task in group["tasks"][:_MOST_NAMED]]
    return FailureLine(group["class"], group["cause"], group["tip"], group["count"], names)


def _safety(progress: Progress) -> Iterator[SafetyLine]:
    """The report's table, with how it was judged."""
    seen = safety(progress)
    verdicts = _verdicts(seen)
    for safeguard, promise, found in safety_rows({"safety": seen}):
        verdict, judged = next(verdicts[safeguard], ("", "")) if safeguard in verdicts else ("", "")
        yield SafetyLine(safeguard, promise, found, judged, verdict)


def _verdicts(seen: Mapping[str, Any]) -> dict[str, Iterator[tuple[Verdict, str]]]:
    """Of the rows that promise a number, in their order."""
    limit, starts = seen["concurrency_limit"], counted(seen["starts"], "start")
    at_once = _kept(seen["most_in_flight"] <= limit) if limit is not None else ""
    rates = [
        (_kept(rate["most_starts"] <= rate["starts"]), f"a window before each of {starts}")
        for rate in seen["rates"]
    ]
    return {
        "Tasks at once": iter([(at_once, counted(seen["attempts"], "attempt"))]),
        "Starts": iter(rates),
        "Starts beyond the limits of their time": iter([(_kept(not seen["over_limits"]), starts)]),
    }


def _kept(kept: bool) -> Verdict:
    return "held" if kept else "broken"
