"""Runs as the pages read them, and what may be asked of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from beastmode.dashboard.sources.plain import Plain


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run among others.   name: like `r7`.   counts: tasks by state, and `total`.   began_unix, ended_unix: of its
    first session and its last; None where it has none.   state: as of `Summary`; `running` while somebody runs it."""

    name: str
    title: str
    roadmap: str
    state: str
    counts: Mapping[str, int]
    began_unix: float | None
    ended_unix: float | None


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task among others.   took_s: its last attempt.   why: what it waits for, or what failed, in words."""

    id: str
    title: str
    phase: str
    state: str
    attempts: int
    took_s: float | None = None
    why: str = ""
    until_unix: float | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run.   phases: `phase`, `total`, `states`.   tasks: bounded; `left_out` more are not shown.   timeline,
    safety, failures: as the report has them."""

    line: RunLine
    headline: str
    phases: Sequence[Plain]
    tasks: Sequence[TaskLine]
    left_out: int
    timeline: Plain
    safety: Plain
    failures: Sequence[Plain]
    next_steps: Sequence[Plain]


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt of a task.   end: "" while it runs.   failure: class, cause, tip; None where there was none."""

    number: int
    began_unix: float
    took_s: float | None
    end: str
    waited: Mapping[str, float] = field(default_factory=dict)
    failure: Plain | None = None


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task of a run.   log: the end of what its last attempt printed; log_left_out: bytes before that."""

    run: RunLine
    line: TaskLine
    needs: Sequence[str]
    attempts: Sequence[AttemptLine]
    failure: Plain | None
    log: str
    log_left_out: int


class RunReader(Protocol):
    """Runs as their journal has them. Each call sees all that was recorded before it."""

    def version(self) -> str:
        """Changes whenever anything is recorded. Cheap: it is asked ten times a second."""

    def latest(self, most: int, before: int = 0) -> Sequence[RunLine]:
        """Newest first.   before: only runs with a lower number; 0: all."""

    def run(self, name: str) -> RunView | None:
        """None where there is none of that name."""

    def task(self, run: str, task: str) -> TaskView | None:
        """None where there is none of that id in that run."""


class RunControl(Protocol):
    """Asks something of a run; that is a row in its journal, as of `beast pause` and its like."""

    def offers(self, run: str, task: str) -> Sequence[str]:
        """The actions that would have an effect now: some of `runner.control.ACTIONS`.   task: "" for the run."""

    def limits(self, run: str) -> Mapping[str, str]:
        """The limits that can be changed, as texts by the flag of `beast limits` that changes them."""

    def ask(self, run: str, task: str, action: str, said: Mapping[str, str]) -> str:
        """What has come of it, in words.   said: `note` of an answer; by flag the limits that are to hold.

        Blocks for up to 2 s. Raises BeastError where it cannot be done, with what to do instead.
        """
