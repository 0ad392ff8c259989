"""Check an execution report against the journal it came from. Trusts neither, imports nothing of beastmode.

    python scripts/check_report.py .beast/journal.db .beast/runs/r1/report/report.json

Computes the digest and every figure of `summary`, `safety`, `performance`, `plan` and `dogfooding` again from the raw
events, by its own logic, compares the task table and the failures, and checks the promises themselves. A line for
each. Ends with 0 only where everything agrees and every promise was kept, 1 where not, 2 where a file cannot be read.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

COLUMNS = ("seq", "run", "kind", "task", "attempt", "unix_us", "mono_us", "data")
FINAL = ("done", "failed", "cancelled", "needs_person")
AT_WORK = ("running", "verifying", "merging")
AFTER = {"retry": "waiting", "interrupted": "pending"}
UNENDED = ("", "interrupted")
CATEGORIES = {
    "improvement": ("improvement", "improvements"),
    "optimization": ("optimization", "optimizations", "optimisation"),
    "test": ("test", "tests", "testing"),
    "docs": ("docs", "doc", "documentation"),
}
COUNTS = ("total", "done", "failed", "blocked", "waiting", "needs_person", "skipped", "cancelled")
NOT_MERGED = ("merge_conflict", "merge_red")
NOT_UNDERSTOOD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What garbled events lead to. They are no crash of the check, but its answer."""


class UnreadableError(Exception):
    """A file that cannot be read: nothing can be said."""


class Event(NamedTuple):
    """A row of the journal."""

    seq: int
    kind: str
    task: str
    attempt: int
    unix_us: int
    mono_us: int
    data: dict[str, Any]


@dataclass
class Attempt:
    """One attempt: its two records, put together.   end_us: None while open.   session: its place, from 0."""

    task: str
    number: int
    session: int
    begin_us: int
    waited_s: dict[str, float]
    end_us: int | None = None
    left_us: int | None = None
    end: str = ""
    cpu_s: float = 0.0
    rss_kib: int = 0
    killed: bool = False
    usage: dict[str, float] | None = None

    @property
    def until_us(self) -> int:
        return self.begin_us if self.end_us is None else max(self.begin_us, self.end_us)

    @property
    def work_s(self) -> float:
        from_us = self.begin_us if self.left_us is None else self.left_us
        return max(0.0, (self.until_us - from_us) / 1e6)

    @property
    def start_us(self) -> int | None:
        """When it left. A runner that was killed could not say: then, when it was let go."""
        return self.begin_us if self.left_us is None and self.killed else self.left_us


@dataclass
class Session:
    """One runner's turn."""

    seq: int
    data: dict[str, Any]
    begin_us: int
    last_us: int
    end: dict[str, Any] | None = None
    estimate: dict[str, Any] | None = None


@dataclass
class Task:
    """A task as it stands after the events so far.   listed: what the list itself says of it.   retries: its own limit,
    where the journal has one.   failure: the class of its last attempt's.   model: that it asked, where it told.
    code: what is known of its code, where it has written some."""

    state: str = "pending"
    needs: tuple[str, ...] = ()
    category: str = ""
    kind: str = ""
    listed: str = "pending"
    gate: str = ""
    attempts: int = 0
    counted: int = 0
    retries: int | None = None
    failure: str = ""
    model: str = ""
    code: dict[str, Any] | None = None

    def coded(self, **facts: Any) -> dict[str, Any]:
        """Its code, with these facts of it where they say something."""
        known = self.code or {"branch": "", "commit": "", "merged": False, "usage": {}}
        self.code = known | {name: value for name, value in facts.items() if value is not None}
        return self.code


@dataclass
class Run:
    """What the events of a run add up to.   numbers: of the last attempt of each task, those gone from the list
    included.   breaches: broken promises that show while reading.   limits: in force, by session, once looked up.
    controls: what people asked for and what came of it, by its place.   approved: tasks that may pass their gate."""

    sessions: list[Session] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=lambda: defaultdict(Task))
    attempts: list[Attempt] = field(default_factory=list)
    notices: list[tuple[int, Event]] = field(default_factory=list)
    open: dict[tuple[str, int], Attempt] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    breaches: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    limits: dict[int, list[Limits]] = field(default_factory=dict)
    controls: dict[int, list[Any]] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    paused: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """As they are at the end, with the limits that were changed."""
        return in_force(self, len(self.sessions) - 1)[-1].limits if self.sessions else {}


class Limits(NamedTuple):
    """What was in force from an instant of its session on."""

    since_us: int
    limits: dict[str, Any]


# ---- reading -------------------------------------------------------------------------------------


def rows_of(journal: Path, run: int) -> list[tuple[bytes, ...]]:
    """The events of a run as they are stored, in their order."""
    columns = ", ".join(f"CAST({column} AS BLOB)" for column in COLUMNS)
    try:
        address = f"file:{quote(str(journal.resolve()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10.0)) as db:
            return list(db.execute(f"SELECT {columns} FROM events WHERE run = ? ORDER BY seq", (run,)))
    except sqlite3.Error as error:
        raise UnreadableError(f"the journal cannot be read: {journal}: {error}") from None


def report_in(path: Path) -> dict[str, Any]:
    """The content of report.json."""
    try:
        report = json.loads(path.read_bytes())
        int(report["run"]["run_id"].removeprefix("r"))
    except (OSError, *NOT_UNDERSTOOD) as error:
        raise UnreadableError(f"the report cannot be read: {path}: {error}") from None
    return dict(report)


def digest(rows: list[tuple[bytes, ...]]) -> str:
    """Every column of every event, each after its length."""
    total = hashlib.sha256()
    for row in rows:
        for value in row:
            total.update(len(value).to_bytes(8, "big"))
            total.update(value)
    return total.hexdigest()


def parse(row: tuple[bytes, ...]) -> Event:
    seq, _, kind, task, attempt, unix_us, mono_us, data = row
    names = kind.decode(), task.decode()
    return Event(int(seq), *names, int(attempt), int(unix_us), int(mono_us), json.loads(data))


# ---- what the events add up to -------------------------------------------------------------------


def replay(events: list[Event]) -> Run:
    """Follow a run from its first event to its last."""
    run = Run()
    of_sessions = (
        session_started,
        estimated,
        session_ended,
        planned,
        selected,
        attempt_started,
        step,
        attempt_ended,
    )
    of_tasks = (reset, cancelled, merging, accepted, rejected, redo, gate, approved)
    act = {meaning.__name__: meaning for meaning in (*of_sessions, *of_tasks, control, controlled)}
    for event in events:
        act.get(event.kind, noticed)(run, event)
        if run.sessions and not between_sessions(event):
            if event.mono_us < run.sessions[-1].last_us:
                run.breaches["clock"].append(f"event {event.seq}")
            run.sessions[-1].last_us = event.mono_us
    return run


def between_sessions(event: Event) -> bool:
    """Said by a person through a command of its own."""
    return event.kind in ("accepted", "rejected", "redo", "control") or (
        event.kind == "merging" and not event.attempt
    )


def noticed(run: Run, event: Event) -> None:
    run.notices.append((max(0, len(run.sessions) - 1), event))
    if event.kind == "probed" and not run.sessions[-1].begin_us <= event.data["left_us"] <= event.mono_us:
        run.breaches["clock"].append(f"health check {event.seq}")


def session_started(run: Run, event: Event) -> None:
    run.sessions.append(Session(event.seq, event.data, event.mono_us, event.mono_us))
    for task in run.tasks.values():
        if task.state in ("blocked", "skipped", "waiting", *AT_WORK):
            task.state = "pending"


def estimated(run: Run, event: Event) -> None:
    if run.sessions:
        run.sessions[-1].estimate = event.data


def session_ended(run: Run, event: Event) -> None:
    run.sessions[-1].end = event.data
    for name in event.data.get("blocked", {}):
        run.tasks[name].state = "blocked"


def records_of(event: Event) -> list[dict[str, Any]]:
    """The tasks of a plan. What stands in `same` stands in each of their records."""
    same = event.data.get("same", {})
    return [{**same, **record} for record in event.data.get("tasks", ())]


def planned(run: Run, event: Event) -> None:
    for record in records_of(event):
        task = run.tasks[record["id"]]
        task.needs, task.retries = tuple(record.get("needs", ())), record.get("retries")
        task.category, task.kind = record.get("category", ""), record.get("kind", "")
        task.listed, task.gate = record.get("state", "pending"), record.get("gate", "")
        if task.listed in ("done", "dropped", "held") and task.state != "done":
            task.state = "skipped"
    for name in event.data.get("gone", ()):
        run.tasks.pop(name, None)


def selected(run: Run, event: Event) -> None:
    for name in event.data.get("skipped", ()):
        run.tasks[name].state = "skipped"


def reset(run: Run, event: Event) -> None:
    task = run.tasks[event.task]
    task.state, task.counted = "pending", 0
    if task.code is not None:
        task.code["merged"] = False


def cancelled(run: Run, event: Event) -> None:
    """A task, or all that had not come to a result."""
    if event.task:
        run.tasks[event.task].state = "cancelled"
        return
    for task in run.tasks.values():
        if task.state not in ("done", "failed", "skipped"):
            task.state = "cancelled"


def gate(run: Run, event: Event) -> None:
    """A task whose list asks a person: it waits, or that was all there was to do."""
    task = run.tasks[event.task]
    task.state = "done" if event.data["passed"] else "needs_person"
    task.failure = (event.data.get("failure") or {}).get("class", "")
    if event.data["passed"] and event.task not in run.approved:
        run.breaches["asked first"].append(event.task)


def approved(run: Run, event: Event) -> None:
    run.approved.add(event.task)
    task = run.tasks[event.task]
    if (task.state, task.failure) == ("needs_person", "gate"):
        task.state, task.failure = "pending", ""


def control(run: Run, event: Event) -> None:
    run.controls[event.seq] = [event, None]


def controlled(run: Run, event: Event) -> None:
    """What was asked for is done once, and not before it was asked for."""
    asked = run.controls.get(event.data["control"])
    if asked is None or asked[1] is not None:
        run.breaches["done once"].append(f"control {event.data['control']}")
        return
    asked[1] = event
    if event.data["acts"] and event.data["action"] in ("pause", "resume") and not event.task:
        run.paused = event.data["action"] == "pause"


def merging(run: Run, event: Event) -> None:
    run.tasks[event.task].coded()


def accepted(run: Run, event: Event) -> None:
    task, data = run.tasks[event.task], event.data
    task.state, task.failure = "done", ""
    task.coded(branch=data.get("branch"), commit=data.get("commit"), merged=True)


def rejected(run: Run, event: Event) -> None:
    run.tasks[event.task].state = "cancelled"


def redo(run: Run, event: Event) -> None:
    reset(run, event)
    run.tasks[event.task].coded()


def attempt_started(run: Run, event: Event) -> None:
    task, key = run.tasks[event.task], (event.task, event.attempt)
    who = f"{event.task} attempt {event.attempt}"
    if event.attempt != run.numbers[event.task] + 1:
        run.breaches["recorded once"].append(who)
    if task.state in FINAL:
        run.breaches["not repeated"].append(f"{who} was {task.state}")
    if task.gate and event.task not in run.approved:
        run.breaches["asked first"].append(who)
    if run.paused:
        run.breaches["paused"].append(who)
    for need in task.needs:
        known = run.tasks.get(need)
        if known is not None and known.state != "done" and known.listed not in ("done", "dropped"):
            run.breaches["needs first"].append(f"{who} before {need}")
    run.numbers[event.task] = event.attempt
    task.attempts = max(task.attempts, event.attempt)
    if task.state != "cancelled":
        task.state = "running"
    waited_s = event.data.get("waited_s", {})
    attempt = Attempt(event.task, event.attempt, len(run.sessions) - 1, event.mono_us, waited_s)
    run.open[key] = attempt
    run.attempts.append(attempt)


def step(run: Run, event: Event) -> None:
    task = run.tasks[event.task]
    if task.state in AT_WORK:
        task.state = event.data["step"]


def attempt_ended(run: Run, event: Event) -> None:
    task, end, who = run.tasks[event.task], event.data["end"], f"{event.task} attempt {event.attempt}"
    if task.state != "cancelled" or end == "done":
        task.state = AFTER.get(end, end)
    task.failure, task.model = (event.data.get("failure") or {}).get("class", ""), event.data.get("model", "")
    task.counted += end in ("retry", "failed") and task.failure not in NOT_MERGED
    if end == "retry" and task.counted > limit_of_retries(run, task):
        run.breaches["retries"].append(who)
    if task.code or "branch" in event.data or "usage" in event.data or task.failure in NOT_MERGED:
        wrote_code(task, event.data)
    attempt = run.open.pop((event.task, event.attempt), None)
    if attempt is None:
        run.breaches["recorded once"].append(f"{who} ended without a start")
        return
    attempt.killed = attempt.session != len(run.sessions) - 1
    attempt.end_us = run.sessions[attempt.session].last_us if attempt.killed else event.mono_us
    attempt.end, attempt.left_us = end, event.data.get("left_us")
    attempt.cpu_s, attempt.rss_kib = event.data.get("cpu_s", 0.0), event.data.get("max_rss_kib", 0)
    attempt.usage = event.data.get("usage")
    if attempt.left_us is not None and not attempt.begin_us <= attempt.left_us <= attempt.end_us:
        run.breaches["recorded before it left"].append(who)


def wrote_code(task: Task, data: dict[str, Any]) -> None:
    used = Counter((task.code or {}).get("usage", {}))
    used.update(data.get("usage", {}))
    merged = bool(data.get("merged"))
    elsewhere = (task.code or {}).get("elsewhere", 0) + len(data.get("elsewhere", ()))
    facts = {"branch": data.get("branch"), "commit": data.get("commit"), "elsewhere": elsewhere or None}
    task.coded(**facts, merged=merged, usage=dict(used))


def limit_of_retries(run: Run, task: Task) -> int:
    return int(run.sessions[-1].data["settings"]["retries"] if task.retries is None else task.retries)


# ---- the limits ----------------------------------------------------------------------------------


def in_force(run: Run, session: int) -> list[Limits]:
    """The settings of a session: its own, then as they were after each change."""
    steps = [Limits(-1, dict(run.sessions[session].data["settings"]))]
    for of, event in run.notices:
        if of == session and event.kind == "limits":
            changed = {name: event.data[name] for name in ("concurrency", "rates") if name in event.data}
            steps.append(Limits(event.mono_us, steps[-1].limits | changed))
    return steps


def in_force_within(run: Run, session: int, begin_us: int, end_us: int) -> list[dict[str, Any]]:
    """All that held at some time between two instants. What is admitted at the very instant of a change may have been
    before it."""
    steps = run.limits[session] = run.limits.get(session) or in_force(run, session)
    ends_us = [*(step.since_us for step in steps[1:]), math.inf]
    return [
        step.limits
        for step, until_us in zip(steps, ends_us, strict=True)
        if step.since_us <= end_us and until_us >= begin_us
    ]


def rates_within(run: Run, start: Start) -> list[list[dict[str, Any]]]:
    """The rates that a start may have gone by."""
    limits = in_force_within(run, start.session, start.admitted_us, start.at_us)
    return [list(one.get("rates", ())) for one in limits]


# ---- the figures ---------------------------------------------------------------------------------


class Start(NamedTuple):
    """A real start of an attempt or a health check."""

    at_us: int
    session: int
    admitted_us: int


def starts_by_boot(run: Run) -> dict[str, list[Start]]:
    """The monotonic clock compares only within one boot."""
    boots: dict[str, list[Start]] = defaultdict(list)
    for attempt in run.attempts:
        if attempt.start_us is not None:
            start = Start(attempt.start_us, attempt.session, attempt.begin_us)
            boots[boot_of(run, attempt.session)].append(start)
    for session, event in run.notices:
        if event.kind == "probed":
            at_us = event.data["left_us"]
            boots[boot_of(run, session)].append(Start(at_us, session, at_us))
    return {boot: sorted(stamps) for boot, stamps in boots.items()}


def boot_of(run: Run, session: int) -> str:
    return str(run.sessions[session].data.get("boot", ""))


def most_starts(run: Run, span_s: float) -> int:
    """For every start, those from then until the window closes."""
    window_us = round(span_s * 1e6)
    return max(
        (
            bisect_left(stamps, (start.at_us + window_us,)) - at
            for stamps in starts_by_boot(run).values()
            for at, start in enumerate(stamps)
        ),
        default=0,
    )


def most_in_flight(run: Run) -> int:
    """At every admission: those that have begun by then, less those that have ended by then."""
    most = 0
    for session in range(len(run.sessions)):
        mine = [a for a in run.attempts if a.session == session and a.until_us > a.begin_us]
        begins, ends = sorted(a.begin_us for a in mine), sorted(a.until_us for a in mine)
        most = max([most, *(bisect_right(begins, at) - bisect_right(ends, at) for at in begins)])
    return most


def makespan_s(run: Run) -> float:
    spans: dict[int, list[int]] = defaultdict(list)
    for attempt in run.attempts:
        spans[attempt.session] += [attempt.begin_us, attempt.until_us]
    return sum(max(stamps) - min(stamps) for stamps in spans.values()) / 1e6


def lower_bound_s(run: Run) -> float:
    """The longest chain, or what the limits of each session made its work take at least, added up."""
    sessions = (bound_of_session_s(run, number) for number in range(len(run.sessions)))
    return max(math.fsum(sessions), longest_chain_s(run))


def bound_of_session_s(run: Run, number: int) -> float:
    """Where limits were changed, by those that allowed most: each kind of limit by itself."""
    mine = [attempt for attempt in run.attempts if attempt.session == number]
    if not mine:
        return 0.0
    held = in_force_within(run, number, mine[0].begin_us, max(attempt.until_us for attempt in mine))
    work = [attempt.work_s for attempt in mine if attempt.end not in UNENDED]
    slots = [limits.get("concurrency") for limits in held]
    bounds = [math.fsum(work) / max(filter(None, slots)) if all(slots) else max(work, default=0.0)]
    stamps = [attempt.left_us for attempt in mine if attempt.left_us is not None]
    if stamps:
        span = range(min(attempt.begin_us for attempt in mine), max(stamps) + 1)
        probes = (
            event.data["left_us"] for of, event in run.notices if of == number and event.kind == "probed"
        )
        gaps = len(stamps) + sum(stamp in span for stamp in probes) - 1
        least_s = min(attempt.work_s for attempt in mine if attempt.left_us is not None)
        by_rates = (
            max((gaps // rate["starts"] * padded_s(rate) + least_s for rate in limits["rates"]), default=0.0)
            for limits in held
        )
        bounds.append(min(by_rates))
    return max(bounds)


def padded_s(rate: dict[str, Any]) -> float:
    """The window that is kept in front of the server."""
    return float(rate["span_s"] + max(0.05 * rate["span_s"], 0.05))


def durations_s(run: Run) -> dict[str, float]:
    """Of the last attempt of each task that came to an end of its own."""
    return {a.task: a.work_s for a in run.attempts if a.end not in UNENDED}


def longest_chain_s(run: Run) -> float:
    """By relaxing needs in the order in which they become known; a cycle cannot be ordered and is refused."""
    took, longest = durations_s(run), dict[str, float]()
    after: dict[str, list[str]] = defaultdict(list)
    missing = dict.fromkeys(run.tasks, 0)
    for name, task in run.tasks.items():
        for need in {need for need in task.needs if need in run.tasks}:
            after[need].append(name)
            missing[name] += 1
    ready = [name for name, count in missing.items() if not count]
    for name in ready:
        longest[name] = longest.get(name, 0.0) + took.get(name, 0.0)
        for later in after[name]:
            longest[later] = max(longest.get(later, 0.0), longest[name])
            missing[later] -= 1
            if not missing[later]:
                ready.append(later)
    if len(ready) != len(run.tasks):
        raise ValueError("the needs of the tasks form a cycle")
    return max(longest.values(), default=0.0)


def task_counts(run: Run) -> dict[str, int]:
    counts = Counter(task.state if task.state in COUNTS else "waiting" for task in run.tasks.values())
    return {name: counts[name] for name in COUNTS} | {"total": len(run.tasks)}


def summary(run: Run, said: object) -> dict[str, Any]:
    """said: the state that the report gives; of a run without an end the journal cannot tell which of two it is."""
    counts, ended = task_counts(run), run.sessions[-1].end
    alive = "paused" if run.paused else "running"
    without_end = {"state": said if said in (alive, "killed") else f"{alive} or killed", "exit_code": 1}
    end = without_end if ended is None else ended
    asked = counts["total"] - counts["skipped"]
    rates = run.settings.get("rates", ())
    return {
        "tasks": counts,
        "success_rate": round(counts["done"] / asked, 4) if asked else 1.0,
        "attempts": len(run.attempts),
        "makespan_s": round(makespan_s(run), 3),
        "lower_bound_s": round(lower_bound_s(run), 3),
        "most_in_flight": most_in_flight(run),
        "most_starts_in_window": most_starts(run, rates[0]["span_s"]) if rates else 0,
        **{name: end[name] for name in ("state", "exit_code")},
        "reason": end.get("reason", ""),
        "until_unix": end.get("until_unix"),
        **of_code(run),
        **at_gates(run),
    }


def at_gates(run: Run) -> dict[str, Any]:
    """What waits for a person's word; nothing where nothing does."""
    names = [
        name for name, task in run.tasks.items() if (task.state, task.failure) == ("needs_person", "gate")
    ]
    return {"gates": names} if names else {}


def people(run: Run) -> list[dict[str, Any]]:
    """The last things that people asked for, and what came of each."""
    return [
        {
            "control": asked.seq,
            "action": asked.data["action"],
            "task": asked.task,
            "effect": "" if effect is None else effect.data["effect"],
            "took_s": None if effect is None else max(0.0, round((effect.unix_us - asked.unix_us) / 1e6, 3)),
        }
        for asked, effect in list(run.controls.values())[-1000:]
    ]


def of_code(run: Run) -> dict[str, Any]:
    """What was used of the model server, and the code of each task; nothing where no code was written."""
    coded = {name: task for name, task in run.tasks.items() if task.code is not None}
    used = Counter[str]()
    for task in coded.values():
        used.update((task.code or {})["usage"])
    rows = [
        {"id": name, "state": task.state, "attempts": task.attempts, **(task.code or {})}
        for name, task in coded.items()
    ]
    return {**({"upstream": dict(used)} if used else {}), **({"by_task": rows} if rows else {})}


def safety(run: Run) -> dict[str, Any]:
    ends = Counter(attempt.end or "running" for attempt in run.attempts)
    rates = run.settings.get("rates", ())
    held = [step.limits for session in range(len(run.sessions)) for step in in_force(run, session)]
    slots = [limits.get("concurrency") for limits in held]
    known = {(rate["starts"], rate["span_s"]): rate for limits in held for rate in limits.get("rates", ())}
    return {
        "concurrency_limit": max(filter(None, slots)) if slots and all(slots) else None,
        "most_in_flight": most_in_flight(run),
        "starts": sum(map(len, starts_by_boot(run).values())),
        "most_starts_in_window": most_starts(run, rates[0]["span_s"]) if rates else 0,
        "rates": [rate_figures(run, rate) for rate in known.values()],
        "over_limits": len(over_concurrency(run)) + len(over_rate(run)),
        "attempts": len(run.attempts),
        "attempts_by_end": dict(ends),
        "retries": ends["retry"],
        "retries_limit": run.settings.get("retries"),
        "throttles": ends["waiting"],
        "attempts_interrupted": ends["interrupted"],
        "waits": waits(run),
        "sessions": len(run.sessions),
        "kills_survived": sum(1 for session in run.sessions[:-1] if session.end is None),
        **notices(run),
    }


def rate_figures(run: Run, rate: dict[str, Any]) -> dict[str, Any]:
    """The most starts in any window that ends with one that had to go by this rate."""
    span_s = rate["span_s"]
    kept_s = round(padded_s(rate), 6)
    counts = [0]
    for stamps in starts_by_boot(run).values():
        times = [start.at_us for start in stamps]
        for count, start in enumerate(stamps, 1):
            if all(named(rate, rates) for rates in rates_within(run, start)):
                counts.append(count - bisect_right(times, start.at_us - round(span_s * 1e6)))
    return {"starts": rate["starts"], "span_s": span_s, "kept_span_s": kept_s, "most_starts": max(counts)}


def named(rate: dict[str, Any], rates: list[dict[str, Any]]) -> bool:
    wanted = rate["starts"], rate["span_s"]
    return any((one["starts"], one["span_s"]) == wanted for one in rates)


def waits(run: Run) -> dict[str, Any]:
    by_reason: dict[str, list[float]] = defaultdict(list)
    for attempt in run.attempts:
        for reason, seconds in attempt.waited_s.items():
            by_reason[reason].append(seconds)
    return {
        reason: {"starts": len(w), "wait_s": round(math.fsum(w), 3), "longest_wait_s": round(max(w), 3)}
        for reason, w in by_reason.items()
    }


def notices(run: Run) -> dict[str, Any]:
    kinds = Counter(event.kind for _, event in run.notices)
    states = [event.data.get("state") for _, event in run.notices if event.kind == "breaker"]
    trials = sum(pair == ("half_open", "open") for pair in pairwise(states))
    paused_s = [event.data.get("seconds", 0.0) for _, event in run.notices if event.kind == "paused"]
    unwell = sum(event.kind == "probed" and not event.data.get("ok") for _, event in run.notices)
    return {
        "health_checks": kinds["probed"],
        "health_checks_failed": unwell,
        "pauses": kinds["paused"],
        "pause_s": round(math.fsum(paused_s), 3),
        "breaker_trips": states.count("open") - trials,
        "breaker_trials_failed": trials,
        "limits_changes": kinds["limits"],
    }


def performance(run: Run) -> dict[str, Any]:
    took, makespan, bound = sorted(durations_s(run).values()), makespan_s(run), lower_bound_s(run)
    ends = [session.end for session in run.sessions if session.end is not None]
    ranks = {"task_p50_s": 0.5, "task_p95_s": 0.95, "task_longest_s": 1.0}
    shown_s, done = round(makespan, 3), task_counts(run)["done"]
    return {
        "tasks_measured": len(took),
        "task_mean_s": round(math.fsum(took) / len(took), 3) if took else None,
        **{n: round(took[math.ceil(s * len(took)) - 1], 3) if took else None for n, s in ranks.items()},
        "makespan_s": shown_s,
        "lower_bound_s": round(bound, 3),
        "efficiency": round(round(bound, 3) / shown_s, 4) if shown_s else None,
        "throughput_per_s": round(done / shown_s, 6) if shown_s else None,
        "runner_cpu_s": round(sum(end.get("cpu_s", 0.0) for end in ends), 3) if ends else None,
        "runner_max_rss_kib": max((end.get("max_rss_kib", 0) for end in ends), default=None),
        "tasks_cpu_s": round(math.fsum(a.cpu_s for a in run.attempts), 3),
        "tasks_max_rss_kib": max((a.rss_kib for a in run.attempts), default=0),
    }


def plan(run: Run) -> list[dict[str, Any]]:
    """What each session was to take, and has taken; judged only where it came to the end of its list."""
    lines = []
    for number, session in enumerate(run.sessions):
        told = session.estimate
        if told is None:
            continue
        mine = [attempt for attempt in run.attempts if attempt.session == number]
        usages = [attempt.usage for attempt in mine if attempt.usage]
        spans = [a.until_us for a in mine] + [a.begin_us for a in mine]
        actual = {"seconds": (max(spans) - min(spans)) / 1e6 if mine else 0.0, "attempts": float(len(mine))}
        if usages:
            actual["requests"] = sum(usage.get("requests", 0) for usage in usages)
            actual["tokens"] = sum(u.get("tokens_in", 0) + u.get("tokens_out", 0) for u in usages)
            actual["usd"] = math.fsum(usage.get("cost_usd", 0.0) for usage in usages)
        whole = (session.end or {}).get("state") in ("done", "failed")
        figures = {}
        for name in actual.keys() & told.keys():
            of = round(actual[name], 3)
            within = told[name]["low"] <= of <= told[name]["high"] if whole else None
            figures[name] = {**told[name], "actual": of, "within": within}
        ended = {a.task for a in mine if a.end in ("done", "failed", "needs_person")}
        facts = {"source": told.get("source", ""), "tasks": told["tasks"], "tasks_ended": len(ended)}
        lines.append({"session": number + 1, **facts, "figures": figures})
    return lines


def dogfooding(run: Run) -> dict[str, Any]:
    """Tasks by category and kind. A category is known by the words that people use for it; a model called `playback`
    gives answers that were recorded."""
    total = Counter(category(task) for task in run.tasks.values())
    done = [task for task in run.tasks.values() if task.state == "done"]
    of_these, kinds = Counter(map(category, done)), Counter(task.kind or "command" for task in done)
    played = sum(task.kind == "generate" and task.model == "playback" for task in done)
    return {
        "categories": {
            name: {"total": total[name], "done": of_these[name]} for name in (*CATEGORIES, "others")
        },
        "done": len(done),
        "done_by_generate": kinds["generate"] - played,
        "done_by_playback": played,
        "kinds": {kind: count for kind, count in kinds.items() if count},
    }


def category(task: Task) -> str:
    said = task.category.strip().casefold()
    return next((name for name, words in CATEGORIES.items() if said in words), "others")


# ---- the promises --------------------------------------------------------------------------------


def promises(run: Run) -> dict[str, list[str]]:
    """Each promise with what broke it."""
    broken = run.breaches
    ends_missing = [f"{a.task} attempt {a.number}" for a in run.attempts if a.end_us is None]
    at_the_end = run.sessions[-1].end is None  # killed, or still running
    return {
        "never more in flight than the limit": over_concurrency(run),
        "never more starts in any window than the rate": over_rate(run),
        "the clock never ran backwards in a session": broken["clock"],
        "every attempt is recorded once, in order": broken["recorded once"],
        "every start has an end": [] if at_the_end else ends_missing,
        "every attempt was recorded before it left": broken["recorded before it left"],
        "no task started before its needs were done": broken["needs first"],
        "no task with a recorded result was run again": broken["not repeated"],
        "no more retries than the limit": broken["retries"],
        "nothing began while the run was paused": broken["paused"],
        "nothing passed a gate without a person's word": broken["asked first"],
        "what people asked for was done once": broken["done once"],
    }


def over_concurrency(run: Run) -> list[str]:
    """At every admission, against the limit then. What a kill cut off counts until its runner's last word,
    that instant included."""
    breaches = []
    for session in range(len(run.sessions)):
        mine = [attempt for attempt in run.attempts if attempt.session == session]
        ends = sorted(a.until_us + a.killed for a in mine if a.end_us is not None)
        for count, at_us in enumerate(sorted(attempt.begin_us for attempt in mine), 1):
            now = count - bisect_right(ends, at_us)
            limits = [limits.get("concurrency") for limits in in_force_within(run, session, at_us, at_us)]
            if all(limit is not None and now > limit for limit in limits):
                breaches.append(f"{now} at once in session {session + 1}, limit {limits[-1]}")
    return breaches


def over_rate(run: Run) -> list[str]:
    """At every start, those in the window that ends with it, against the rates then; all sessions of a boot."""
    breaches = []
    for stamps in starts_by_boot(run).values():
        times = [start.at_us for start in stamps]
        for count, start in enumerate(stamps, 1):
            too_many = [over(times, count, start.at_us, rates) for rates in rates_within(run, start)]
            if all(too_many):
                breaches.append(too_many[-1])
    return breaches


def over(times: list[int], count: int, at_us: int, rates: list[dict[str, Any]]) -> str:
    """Of the starts up to now, `count`: which of these rates they exceed; "" for none."""
    for rate in rates:
        now = count - bisect_right(times, at_us - round(rate["span_s"] * 1e6))
        if now > rate["starts"]:
            return f"{now} starts within {rate['span_s']:g} s, limit {rate['starts']}"
    return ""


# ---- the comparison ------------------------------------------------------------------------------


class Sheet:
    """The lines that are printed, and whether all is well."""

    def __init__(self) -> None:
        self.wrong = 0

    def figure(self, name: str, reported: object, recomputed: object, note: str = "") -> None:
        well = same(name, reported, recomputed)
        self.wrong += not well
        verdict = "ok" if well else f"DIFFERS {note}".rstrip()
        print(f"{name:<44} {shown(reported):>22} {shown(recomputed):>22}  {verdict}")

    def if_different(self, name: str, reported: object, recomputed: object) -> None:
        """A figure of which there are too many to print each that agrees."""
        if not same(name, reported, recomputed):
            self.figure(name, reported, recomputed)

    def promise(self, name: str, breaches: list[str]) -> None:
        self.wrong += bool(breaches)
        more = f" and {len(breaches) - 3} more" if len(breaches) > 3 else ""
        print(f"{name:<90}  {'BROKEN: ' + '; '.join(breaches[:3]) + more if breaches else 'kept'}")


def shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 22 else text[:21] + "…"


def same(name: str, one: object, other: object) -> bool:
    """Whole numbers and words exactly; others but for one in the last digit that the report shows."""
    numbers = [
        value for value in (one, other) if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    if len(numbers) < 2 or all(isinstance(value, int) for value in numbers):
        return type(one) is type(other) and one == other
    last_digit = 0.000001 if name.endswith("_per_s") else 0.001 if name.endswith("_s") else 0.0001
    return abs(numbers[0] - numbers[1]) <= last_digit * 1.001


def flat(name: str, value: object) -> dict[str, object]:
    """Every figure below a name, by its path."""
    items = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if not items:
        return {name: value}
    return {path: leaf for key, item in items for path, leaf in flat(f"{name}.{key}", item).items()}


def compare(sheet: Sheet, name: str, reported: object, recomputed: object) -> None:
    left, right = flat(name, reported), flat(name, recomputed)
    for path in {**right, **left}:
        sheet.figure(path, left.get(path, "missing"), right.get(path, "missing"))


def check(report: dict[str, Any], rows: list[tuple[bytes, ...]]) -> int:
    """Print a line for each figure and promise; the number of those that are not well."""
    sheet = Sheet()
    print(f"{'figure':<44} {'report':>22} {'recomputed':>22}")
    note = "the run went on or the journal was changed; `beast report` writes a new one"
    sheet.figure("last_seq", report.get("last_seq"), int(rows[-1][0]) if rows else 0, note)
    sheet.figure("journal_digest", report.get("journal_digest"), digest(rows))
    try:
        run = replay([parse(row) for row in rows])
        of_report = {k: v for k, v in report.get("summary", {}).items() if k not in ("run_id", "report")}
        compare(sheet, "summary", of_report, summary(run, of_report.get("state")))
        compare(sheet, "safety", report.get("safety"), safety(run))
        compare(sheet, "performance", report.get("performance"), performance(run))
        compare(sheet, "plan", report.get("plan"), plan(run))
        compare(sheet, "dogfooding", report.get("dogfooding"), dogfooding(run))
        compare_tasks(sheet, report, run)
        compare_people(sheet, report, run)
        left = sum((task.code or {}).get("elsewhere", 0) for task in run.tasks.values())
        sheet.figure("left elsewhere", len(report.get("elsewhere", ())), min(left, 1000))
        for name, breaches in promises(run).items():
            sheet.promise(name, breaches)
    except NOT_UNDERSTOOD as error:
        sheet.promise("the events can be understood", [f"{type(error).__name__}: {error}"])
    return sheet.wrong


def compare_tasks(sheet: Sheet, report: dict[str, Any], run: Run) -> None:
    """The table of tasks row by row, the failures group by group, and that none is missing."""
    took = durations_s(run)
    for row in report["tasks"]:
        task = run.tasks.get(row["task"], Task("unknown"))
        took_s = round(took[row["task"]], 3) if row["task"] in took else None
        for name, value in (("state", task.state), ("attempts", task.attempts), ("took_s", took_s)):
            sheet.if_different(f"tasks.{row['task']}.{name}", row[name], value)
    names = {row["task"] for row in report["tasks"]}
    sheet.figure("tasks in the table", len(names), len(run.tasks) - report["tasks_left_out"])
    failed = sorted(name for name, task in run.tasks.items() if task.state in ("failed", "needs_person"))
    told = sorted(task["task"] for group in report["failures"] for task in group["tasks"])
    sheet.figure("failures", len(told), len(failed))
    sheet.figure("failures by name", told, failed)
    for group in report["failures"]:
        sheet.if_different(f"failures.{group['class']}.count", group["count"], len(group["tasks"]))
        for row in group["tasks"]:
            task = run.tasks.get(row["task"], Task("unknown"))
            sheet.if_different(f"failures.{row['task']}.class", group["class"], task.failure)
            sheet.if_different(f"failures.{row['task']}.attempts", row["attempts"], task.attempts)


def compare_people(sheet: Sheet, report: dict[str, Any], run: Run) -> None:
    """What people asked for, one by one, and what came of it."""
    recomputed = people(run)
    sheet.figure("asked for by people", len(report["people"]), len(recomputed))
    for told, known in zip(report["people"], recomputed, strict=False):
        for name, value in known.items():
            sheet.if_different(f"people.{known['control']}.{name}", told.get(name), value)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__)
        return 2
    try:
        report = report_in(Path(arguments[1]))
        rows = rows_of(Path(arguments[0]), int(report["run"]["run_id"].removeprefix("r")))
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return 2
    wrong = check(report, rows)
    print(f"{wrong} do not agree" if wrong else "everything agrees, every promise was kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
