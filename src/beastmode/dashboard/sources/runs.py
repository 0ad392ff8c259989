"""Runs as the pages read them, and what may be asked of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from beastmode.dashboard.sources.faults import Fault
from beastmode.dashboard.sources.plain import Plain

Step = Literal["ready", "wait", "backoff", "run", "verify", "merge"]
"""What a stretch of a task's time was: its turn had come and nothing held it but the line before it; held back for a
reason; between two attempts; at work; being proven; being merged."""
Verdict = Literal["held", "broken", ""]
"""Whether what was promised was kept; "" where there is nothing to judge."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run among others.   name: like `r7`.   counts: tasks by state, and `total`.   began_unix, ended_unix: of its
    first session and its last; None where it has none.   state: as of `Summary`; `running` while somebody runs it;
    `being_read` while nothing more is known of it, `unreadable` where nothing more can be, and `fault` says why.
    took_s: with a runner at work.   cost_usd: of its models; None where nobody counted; without `unpriced` requests."""

    name: str
    title: str
    roadmap: str
    state: str
    counts: Mapping[str, int]
    began_unix: float | None
    ended_unix: float | None
    took_s: float | None = None
    cost_usd: float | None = None
    unpriced: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task among others.   state: as recorded; also `ready` (its turn has come) and `interrupted` (it was at work
    when its runner was killed), where that can be told.   why: what it waits for, or what failed, in words.
    place: in the order of the list, from 0."""

    id: str
    title: str
    phase: str
    state: str
    attempts: int
    why: str = ""
    until_unix: float | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Some tasks of a run, in the order of its list.   total: that fit.   next_after: go on with this as `after`; None
    where nothing more is left."""

    rows: Sequence[TaskLine]
    total: int
    next_after: int | None


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A month, a week.   counts: tasks by state, and `total`."""

    phase: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WaitLine:
    """Tasks that do not go on, for one reason.   what: in words.   until_unix: when the first of them may; None where
    that is not known.   tasks: some of them; count: all.   tip: what a person can do, "" for nothing."""

    state: str
    what: str
    count: int
    tasks: Sequence[str] = ()
    until_unix: float | None = None
    tip: str = ""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """What goes on only when a person has said or done something.   task: "" for the run itself."""

    task: str
    what: str
    tip: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a task's time.   from_s, to_s: with a runner at work, since the run began.   reason: of a wait; of
    `run`, how the attempt ended, "" while it runs."""

    step: Step
    from_s: float
    to_s: float
    attempt: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A task's time.   state: as it stands."""

    task: str
    title: str
    state: str
    stretches: Sequence[Stretch]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The time of some tasks, by their first start; of many, those at work, those that failed, those that ended last.

    begin_s, end_s: what is shown.   now_s: where now is; None where nobody is at work.   sessions_s: where new sessions
    began.   left_out: tasks that took part and are not shown.   ready: whether it can be told when a task's turn came.
    """

    rows: Sequence[TimelineRow]
    begin_s: float
    end_s: float
    now_s: float | None
    sessions_s: Sequence[float]
    left_out: int
    ready: bool


@dataclass(frozen=True, slots=True)
class GraphPart:
    """Tasks and what they need of each other, as far as it can be shown.   edges: (needed, task).   left_out: tasks
    with needs that are not shown.   alone: tasks that need nothing and are needed by none; those are never shown.
    rule: of the list's own order, where it has one beside needs."""

    tasks: Sequence[TaskLine]
    edges: Sequence[tuple[str, str]]
    left_out: int
    alone: int
    rule: str = ""


@dataclass(frozen=True, slots=True)
class SafetyLine:
    """A safeguard: what it promises, the most that was seen, in how many windows or starts that was judged."""

    safeguard: str
    promise: str
    seen: str
    judged: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FailureLine:
    """Tasks that failed alike.   tasks: some; count: all."""

    class_: str
    cause: str
    tip: str
    count: int
    tasks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Figures:
    """What takes long to compute where a run is long: then it is some time old, and says so.

    of_unix: of which moment.   plan: rows of figure, foreseen, actual, remark.   categories: of category, tasks, done.
    next_steps: `what`, `command`.
    """

    of_unix: float
    headline: str
    plan: Sequence[Sequence[str]]
    safety: Sequence[SafetyLine]
    dogfooding: str
    categories: Sequence[Sequence[str]]
    failures: Sequence[FailureLine]
    next_steps: Sequence[Plain]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run.   by: who is at work on it, "" for nobody.   left: how long it will still take, in words; "" where
    nothing says.   budget_usd: None without one.   phases: bounded, as the others.   ready: tasks whose turn has come;
    None where that cannot be told.   figures: None while they are computed for the first time.   repository: that code
    was written for last, "" where no session says."""

    line: RunLine
    by: str
    left: str
    budget_usd: float | None
    phases: Sequence[PhaseLine]
    phases_left_out: int
    ready: int | None
    waits: Sequence[WaitLine]
    persons: Sequence[PersonLine]
    persons_left_out: int
    timeline: Timeline
    graph: GraphPart
    figures: Figures | None
    repository: str = ""


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt of a task.   end: "" while it runs.   waited: seconds before it, by reason.   ran_s, verified_s,
    merged_s: what it spent its time with; None where that is not known or did not come to pass.   failure: class,
    cause, tip; None where there was none.   elsewhere: what it left elsewhere than in its worktree: `told`, and
    commands that `show` it and put it `back`, "" for none."""

    number: int
    began_unix: float
    end: str
    waited: Mapping[str, float] = field(default_factory=dict)
    ran_s: float | None = None
    verified_s: float | None = None
    merged_s: float | None = None
    failure: Plain | None = None
    elsewhere: Sequence[Plain] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """A task beside another: that it needs, or that needs it."""

    id: str
    state: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task of a run.   needs, dependents, attempts: bounded; `*_left_out` more are not shown.   stands_in: file and
    line of the list, "" where it is in none.   branch, commit: of its code.   at_work: the number of the attempt that
    is open, 0 for none.   gate: what the list says of asking a person.   model, usage: of its code, over all
    attempts."""

    run: RunLine
    line: TaskLine
    kind: str
    category: str
    stands_in: str
    needs: Sequence[Near]
    needs_left_out: int
    dependents: Sequence[Near]
    dependents_left_out: int
    attempts: Sequence[AttemptLine]
    attempts_left_out: int
    at_work: int
    failure: Plain | None
    branch: str
    commit: str
    model: str
    usage: Mapping[str, float]
    gate: str
    paused: bool


@dataclass(frozen=True, slots=True)
class LogPart:
    """The end of what one part of an attempt printed.   part: `setup`, `work`, `check`, `verify`, `merge.check` or
    `merge`.   data: its last bytes, some of them before `cut`, so that what is cut in two can be seen.   size: of all
    of it."""

    part: str
    data: bytes
    cut: int
    size: int


@dataclass(frozen=True, slots=True)
class DiffView:
    """What a task changed.   files: `path`, `added`, `removed`.   text: as git says it, cut at its bound.   why: there
    is none, in words; "" where there is one."""

    files: Sequence[Plain]
    text: str
    cut: bool
    merged: bool
    why: str = ""


class RunReader(Protocol):
    """Runs as their journal has them. Each call sees all that was recorded before it. All that are about one run raise
    BeingReadError."""

    def version(self) -> str:
        """Changes whenever anything is recorded. Cheap: it is asked ten times a second."""

    def logs_version(self) -> str:
        """Changes whenever a log grows that somebody is looking at and whose attempt is at work. As cheap."""

    def latest(self, most: int, before: int = 0) -> Sequence[RunLine]:
        """Newest first.   before: only runs with a lower number; 0: all."""

    def run(self, name: str) -> RunView | None:
        """None where there is none of that name."""

    def tasks(self, run: str, state: str, phase: str, after: int, most: int) -> TaskPage | None:
        """The first tasks of a run that stand behind place `after` (-1 for all) and are in this state and phase, "" for
        any. None where there is no such run."""

    def task(self, run: str, task: str) -> TaskView | None:
        """None where there is none of that id in that run."""

    def logs(self, run: str, task: str, attempt: int) -> Sequence[LogPart]:
        """What an attempt has printed so far, and what prepared and proved it. Watched from now on while it is at
        work."""

    def raw(self, run: str, task: str, attempt: int, part: str) -> Iterator[bytes] | None:
        """All bytes of one part as it stands, piece by piece; None where there is none."""

    def diff(self, run: str, task: str) -> DiffView:
        """What a task changed, as git has it."""

    def said(self, run: str, task: str) -> str:
        """What the list says below the title of a task, criteria and all, as its file is now; "" where it says nothing
        or cannot be read."""


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
