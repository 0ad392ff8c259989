"""Figures of a run: those of its report, judged; of a long one made in the background, and no oftener than is due."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from beastmode.clock import Clock
from beastmode.compose.ui.runs import figures as ui_figures
from beastmode.compose.ui.runs.figures import KeptFigures, figures_of
from beastmode.compose.ui.runs.look import Look
from beastmode.settings import Rate
from beastmode.testing import ManualTime
from tests.compose.ui.runs.looking import look_at
from tests.runner.story import Story, failure

JOURNAL = Path("/nowhere/journal.db")


def test_each_limit_has_what_was_seen_in_how_many_windows_and_the_verdict() -> None:
    story = Story().session(1, Rate(2, 1.0)).plan("a", "b", "c")
    for at, task in enumerate("abc"):
        story.attempt(task, at, at + 0.9)
    lines = {line.safeguard: line for line in figures_of(look_at(story), JOURNAL).safety}
    at_once, starts = lines["Tasks at once"], lines["Starts"]
    assert (at_once.promise, at_once.seen, at_once.verdict) == ("at most 1", "at most 1", "held")
    assert (starts.seen, starts.judged, starts.verdict) == (
        "at most 1",
        "a window before each of 3 starts",
        "held",
    )
    assert lines["Starts beyond the limits of their time"].verdict == "held"
    assert lines["Throttles"].verdict == ""


def test_a_broken_limit_is_called_broken() -> None:
    story = Story().session(1, Rate(1, 1.0)).plan("a", "b").start("a", at=1).start("b", at=1.1)
    story.stop("a", at=2, left=1.0).stop("b", at=2, left=1.1)
    verdicts = {line.safeguard: line.verdict for line in figures_of(look_at(story), JOURNAL).safety}
    assert verdicts["Tasks at once"] == verdicts["Starts"] == "broken"
    assert verdicts["Starts beyond the limits of their time"] == "broken"


def test_what_failed_alike_stands_together_and_a_gate_is_no_failure() -> None:
    story = Story().session().plan("a", "b", "gate")
    for task in "ab":
        story.attempt(task, 1, 2, end="failed", failure=failure())
    story.attempt("gate", 1, 2, end="needs_person", failure=failure("gate"))
    (group,) = figures_of(look_at(story), JOURNAL).failures
    assert (group.class_, group.count, group.tasks) == ("exit_code", 2, ["a", "b"])


class ByHand(ThreadPoolExecutor):
    """Does what was given to it when it is told to."""

    def __init__(self) -> None:
        super().__init__(1)
        self.given: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, call: Any, /, *args: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.given.append((future, call, args))
        return future

    def work(self) -> None:
        future, call, args = self.given.pop()
        try:
            future.set_result(call(*args))
        except RuntimeError as error:
            future.set_exception(error)


class Room:
    """Figures of a run of which each computation takes two seconds."""

    def __init__(self, monkeypatch: Any) -> None:
        self.now, self.pool, self.told = ManualTime(), ByHand(), 0
        self.story = Story().session().plan("a").attempt("a", 1, 2)
        self.kept = KeptFigures(JOURNAL, Clock(self.now, self.now, self.now), self.pool, self._tell)
        monkeypatch.setattr(ui_figures, "_SHORT", 1)
        monkeypatch.setattr(ui_figures, "figures_of", self._slow)

    def _tell(self) -> None:
        self.told += 1

    def _slow(self, look: Look, journal: Path) -> Any:
        self.now.now += 2
        return figures_of(look, journal)

    def seen(self) -> str | None:
        figures = self.kept.of(look_at(self.story))
        return figures.headline if figures else None


def test_of_a_long_run_they_are_made_in_the_background_and_told(monkeypatch: Any) -> None:
    room = Room(monkeypatch)
    assert room.seen() is None
    room.pool.work()
    assert room.told == 1
    assert (room.seen() or "").startswith("1 of 1 task done")


def test_they_are_made_anew_when_something_is_new_and_not_before_it_is_due(monkeypatch: Any) -> None:
    room = Room(monkeypatch)
    room.seen()
    room.pool.work()
    before = room.seen()
    room.now.now += 100
    assert (room.seen(), room.pool.given) == (before, [])
    room.story.plan("a", "b")
    assert (room.seen(), len(room.pool.given)) == (before, 1)
    room.pool.work()
    assert (room.seen() or "").startswith("1 of 2 tasks done")
    room.story.plan("a", "b", "c")
    room.now.now += 30
    room.seen()
    assert room.pool.given == []
    room.now.now += 11
    room.seen()
    assert len(room.pool.given) == 1


def test_what_was_read_while_it_changed_is_read_once_more(monkeypatch: Any) -> None:
    room = Room(monkeypatch)
    room.seen()

    def torn(look: Look, journal: Path) -> Any:
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(ui_figures, "figures_of", torn)
    room.pool.work()
    monkeypatch.setattr(ui_figures, "figures_of", room._slow)
    assert room.seen() is None
    room.pool.work()
    assert room.seen() is not None
