"""Builds a run from settings: the only place that knows all parts."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from beastmode import events
from beastmode.clock import SYSTEM_CLOCK, Clock, boot_id
from beastmode.errors import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_HELD,
    EXIT_INTERRUPTED,
    EXIT_JOURNAL,
    PreconditionError,
    Problem,
    RoadmapError,
)
from beastmode.probes.probe import probe_for
from beastmode.runner.execute import Job, Means
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.graph import Graph, graph_of
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.http import HttpKind
from beastmode.runner.kinds.protocol import Attempt, Kind
from beastmode.runner.kinds.python import CallKind
from beastmode.runner.lock import RunLock
from beastmode.runner.policy import Tries
from beastmode.runner.progress import Progress
from beastmode.runner.report import write_report
from beastmode.runner.resume import Plan, Selection, opening, plan_session
from beastmode.runner.roadmap import Roadmap, Task, problems_of
from beastmode.runner.schedule import Schedule
from beastmode.runner.states import TaskState
from beastmode.runner.summary import Summary, summarise
from beastmode.runner.supervisor import Supervisor, end_leftovers, wait_for_old_watchdogs
from beastmode.runner.verify import Verifier
from beastmode.runner.work import Call, Command, Http
from beastmode.safeguards.budget import Budget
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host_store import HostStore
from beastmode.safeguards.limit_store import LimitStore, MemoryStore
from beastmode.settings import SHORT_WAIT_S, RunSettings, parse_concurrency, parse_rates
from beastmode.store.journal import Journal, JournalReader

HOME = ".beast"


@dataclass(slots=True)
class Request:
    """What a person asked for.

    source: a roadmap's file, or a Roadmap.   flags: settings given by name (`RunSettings`), which win over the
    roadmap's.   command: for tasks whose list says what but not how.   home: where the journal lives.
    report: where reports go; None: below the home.   fresh: begin a new run.
    """

    source: Path | Roadmap
    flags: Mapping[str, Any] = field(default_factory=dict)
    command: Command | None = None
    home: Path = Path(HOME)
    report: Path | None = None
    fresh: bool = False
    selection: Selection = field(default_factory=Selection)


@dataclass(slots=True)
class Opened:
    """A run that is about to begin or to go on: everything read and checked, nothing started."""

    request: Request
    settings: RunSettings
    roadmap: Roadmap
    graph: Graph
    plan: Plan
    progress: Progress
    journal: Journal
    lock: RunLock
    run: int
    key: str

    @property
    def folder(self) -> Path:
        """Where the run's logs and, by default, its report are."""
        return run_folder(self.request.home, self.run)


@dataclass(slots=True)
class Live:
    """A run at work, as a view may look at it: states, jobs and their steps, limits in use."""

    opened: Opened
    schedule: Schedule
    guard: Guard
    means: Means


class View:
    """Watches a run. The default sees nothing; `cli/live.py` shows it."""

    def begin(self, live: Live) -> None:
        """The run is at work; `live` may be looked at until `end`."""

    def changed(self, task: int, state: TaskState, job: Job | None) -> None:
        """A task has a new state.   job: None where it was never started."""

    def end(self) -> None:
        """All work has ended."""


def run(
    source: str | Path | Roadmap,
    *,
    command: str | list[str] | None = None,
    home: str | Path = HOME,
    report: str | Path | None = None,
    fresh: bool = False,
    only: tuple[str, ...] = (),
    phase: str = "",
    failed: bool = False,
    **settings: Any,
) -> Summary:
    """Run a roadmap to its end, as `beast run` does, and return the summary.

    source: a file, or a Roadmap made in Python.   settings: fields of `settings.RunSettings`, like
    `concurrency=5`, `rates="8/s"`.   Raises BeastError where `beast` would end with 2 or 74; failed tasks are in
    the summary. Not to be called from inside a running event loop: use a thread there.
    """
    flags = dict(settings)
    if isinstance(flags.get("rates"), str):
        flags["rates"] = parse_rates(flags["rates"])
    unknown = set(flags) - {setting.name for setting in fields(RunSettings)}
    if unknown:
        raise TypeError(
            f"run() has no setting {', '.join(sorted(unknown))}; see beastmode.settings.RunSettings"
        )
    request = Request(
        source if isinstance(source, Roadmap) else Path(source),
        flags,
        _as_command(command),
        Path(home),
        Path(report) if report else None,
        fresh,
        Selection(only, phase, failed),
    )
    return drive(open_run(request))


def _as_command(command: str | list[str] | None) -> Command | None:
    if command is None:
        return None
    return Command(shell=command) if isinstance(command, str) else Command(tuple(command))


def run_folder(home: Path, run: int) -> Path:
    """Where the logs and reports of a run are."""
    return home / "runs" / f"r{run}"


def settings_for(roadmap: Roadmap, flags: Mapping[str, Any]) -> RunSettings:
    """Flags win over the roadmap's own limits, which win over the defaults."""
    listed: dict[str, Any] = {}
    if roadmap.concurrency is not None:
        listed["concurrency"] = parse_concurrency(roadmap.concurrency)
    if roadmap.rate is not None:
        listed["rates"] = parse_rates(roadmap.rate)
    listed |= {name: value for name in ("server", "health") if (value := getattr(roadmap, name))}
    if os.environ.get("CI"):
        # Nobody waits for hours in CI; what passes by itself within two minutes is waited for all the same.
        listed["max_wait_s"] = SHORT_WAIT_S
    return replace(RunSettings(), **(listed | dict(flags)))


def checked(roadmap: Roadmap, where: str, order: Any = None) -> Graph:
    """The graph of a roadmap; raises RoadmapError for cycles and whatever else makes it impossible."""
    problems = problems_of(roadmap)
    if problems:
        raise RoadmapError(where, problems)
    graph = graph_of(roadmap, order)
    cycle = graph.cycle()
    if cycle:
        tasks = list(roadmap.tasks())
        chain = " -> ".join(tasks[node].id for node in [*cycle, cycle[0]])
        tip = "Remove one of these needs; `beast plan` shows the order."
        raise RoadmapError(where, [Problem(tasks[cycle[0]].line, f"tasks wait for each other: {chain}", tip)])
    return graph


def open_run(request: Request) -> Opened:
    """Read, check, lock and open; record nothing but a new run's existence. Raises BeastError."""
    source = request.source
    key = str(source.resolve()) if isinstance(source, Path) else f"python:{source.title}"
    roadmap = read_roadmap(source) if isinstance(source, Path) else source
    settings = settings_for(roadmap, request.flags)
    graph = checked(roadmap, str(source) if isinstance(source, Path) else source.title, settings.order)
    _check_work(request, roadmap)
    prepare_home(request.home)
    lock = RunLock(request.home, key)
    try:
        journal = Journal(request.home / "journal.db", settings.durability)
        progress = _progress(request, key)
        plan = plan_session(roadmap, progress, request.selection)
        number = progress.run or journal.new_run(_run_data(roadmap, key))
    except BaseException:
        lock.release()
        raise
    lock.name(f"run r{number}, process {os.getpid()}")
    progress.run = number
    return Opened(request, settings, roadmap, graph, plan, progress, journal, lock, number, key)


def _check_work(request: Request, roadmap: Roadmap) -> None:
    if request.command is not None:
        return
    idle = [task for task in roadmap.tasks() if task.work is None and task.state == "pending"]
    if idle:
        what = f"{len(idle)} tasks say what is to be done, but not how (the first is {idle[0].id!r})"
        tip = "Say how with --command, for example --command 'make {id}'."
        raise RoadmapError(str(request.source), [Problem(idle[0].line, what, tip)])


def prepare_home(home: Path) -> None:
    """Make the folder of the journal; it keeps itself out of git."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
    except OSError as error:
        tip = "Name a folder that can be written with --home."
        raise PreconditionError(
            f"the home cannot be written: {error.strerror}", where=str(home), tip=tip
        ) from None


def _run_data(roadmap: Roadmap, key: str) -> dict[str, Any]:
    return {"roadmap": key, "title": roadmap.title, "format": roadmap.format, "rule": roadmap.rule}


def _progress(request: Request, key: str) -> Progress:
    """What the journal knows of the latest run of this roadmap; nothing where a new run is asked for."""
    if request.fresh:
        return Progress(0)
    reader = JournalReader(request.home / "journal.db")
    try:
        runs = [event.run for event in reader.runs() if event.data.get("roadmap") == key]
        return Progress(runs[-1]).apply_all(reader.events(runs[-1])) if runs else Progress(0)
    finally:
        reader.close()


def drive(opened: Opened, view: View | None = None) -> Summary:
    """Run to the end of the session: start, watch signals, record, report. Raises BeastError for 74."""
    try:
        return asyncio.run(_drive(opened, view or View()))
    finally:
        opened.lock.release()


async def _drive(opened: Opened, view: View) -> Summary:
    clock = SYSTEM_CLOCK
    session = uuid.uuid4().hex
    await _end_what_is_left(opened)
    await _record_session(opened, session)
    supervisor = Supervisor(session, opened.request.home / "watchdogs" / f"{session}.lock")
    guard = _guard(opened, clock)
    means = Means(
        opened.run,
        guard,
        opened.journal,
        clock,
        random.Random(),
        opened.settings.max_wait_s,
        Budget(opened.settings.max_attempts),
    )
    kinds = _Kinds(supervisor)
    schedule = Schedule(
        opened.graph,
        means,
        partial(_job, opened, kinds),
        rank=_rank(opened),
        states=dict(opened.plan.states),
        watch=view.changed,
        trouble=lambda: opened.journal.trouble is not None,
    )
    view.begin(Live(opened, schedule, guard, means))
    timer = None
    if opened.settings.max_time_s is not None:
        timer = asyncio.get_running_loop().call_later(opened.settings.max_time_s, schedule.stop, "time")
    try:
        with _signals(schedule):
            await schedule.run()
    finally:
        view.end()
        if timer:
            timer.cancel()
        await kinds.close()
        await supervisor.close()
        guard.close()
    return await _finish(opened, schedule, means)


async def _end_what_is_left(opened: Opened) -> None:
    """Nothing of a runner that was killed may still be at work when its tasks start again."""
    home = opened.request.home
    await wait_for_old_watchdogs(home / "watchdogs")
    if opened.progress.unclean:
        await end_leftovers(str(opened.progress.sessions[-1].started.data.get("session", "")))


async def _record_session(opened: Opened, session: str) -> None:
    """One batch: either the session has begun, with all that follows from the list as it is now, or it has not."""
    journal, run = opened.journal, opened.run
    settings = opened.settings
    data = {
        "session": session,
        "pid": os.getpid(),
        "boot": boot_id(),
        "resumed": bool(opened.progress.sessions),
        "after_kill": opened.progress.unclean,
        "settings": asdict(settings),
        "rates": [
            {"starts": r.starts, "span_s": r.span_s, "padded_s": r.padded_span_s} for r in settings.rates
        ],
        "order": opened.roadmap.rule if settings.order is None else f"--order {settings.order}",
    }
    journal.append(events.SESSION_STARTED, run, data=data)
    await asyncio.gather(
        *(
            journal.append(kind, run, task, number, data)
            for kind, task, number, data in opening(opened.plan, opened.request.selection)
        )
    )


def _guard(opened: Opened, clock: Clock) -> Guard:
    settings = opened.settings
    store: LimitStore
    if settings.server:
        store = HostStore(settings.server, settings.concurrency, settings.rates, settings.linger_s)
    else:
        store = MemoryStore(settings.concurrency, settings.rates)

    def notice(kind: str, data: dict[str, Any]) -> None:
        opened.journal.append(kind, opened.run, data=data)

    guard = Guard(
        store,
        clock,
        concurrency=settings.concurrency,
        rates=settings.rates,
        probe=probe_for(settings.health) if settings.health else None,
        max_wait_s=settings.max_wait_s,
        linger_s=settings.linger_s,
        notice=notice,
    )
    ended_s_ago = opened.progress.ended_s_ago(clock.monotonic(), clock.unix(), boot_id())
    guard.resume(killed=opened.progress.unclean, ended_s_ago=ended_s_ago)
    return guard


class _Kinds:
    """The kinds of a run, each made once."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.command = CommandKind(supervisor)
        self.call = CallKind(supervisor)
        self.http = HttpKind()

    def of(self, work: Command | Http | Call | None) -> Kind:
        if isinstance(work, Http):
            return self.http
        return self.call if isinstance(work, Call) else self.command

    async def close(self) -> None:
        await self.http.close()


def _job(opened: Opened, kinds: _Kinds, index: int) -> Job:
    """The job of a task, with what it used up in earlier sessions."""
    task = opened.plan.tasks[index]
    settings, options = opened.settings, task.options
    attempts, tries = opened.plan.history.get(index, (0, Tries()))
    work = task.work or opened.request.command
    if work is not task.work:
        task = replace(task, work=work)
    verify = options.verify or (Command(shell=settings.verify) if settings.verify else None)
    return Job(
        task,
        kinds.of(work),
        partial(_attempt, opened, task, opened.plan.phases[index]),
        Verifier(verify, kinds.command) if verify else None,
        settings.retries if options.retries is None else options.retries,
        attempts,
        tries,
    )


def _attempt(opened: Opened, task: Task, phases: tuple[str, ...], number: int, feedback: str) -> Attempt:
    source, timeout_s = opened.request.source, task.options.timeout_s
    return Attempt(
        f"r{opened.run}",
        task,
        phases,
        number,
        opened.settings.timeout_s if timeout_s is None else timeout_s,
        log_path(opened.folder, task.id, number),
        opened.settings.log_limit_bytes,
        Path.cwd(),
        source.resolve().parent if isinstance(source, Path) else Path.cwd(),
        feedback,
    )


def log_path(folder: Path, task: str, number: int) -> Path:
    """Where the output of an attempt goes. Ids are made safe; those that change get a hash to stay apart."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in task)[:80].lstrip(".")
    if safe != task:
        safe = f"{safe}-{uuid.uuid5(uuid.NAMESPACE_OID, task).hex[:8]}"
    return folder / "logs" / f"{safe}.{number}.log"


def _rank(opened: Opened) -> list[int] | None:
    """Priority first, then the longest chain behind a task, then the order of the file."""
    graph, tasks = opened.graph, opened.plan.tasks
    if graph.nodes == graph.size and not any(task.needs or task.options.priority for task in tasks):
        return None
    lengths = graph.lengths()
    order = sorted(range(graph.size), key=lambda i: (-tasks[i].options.priority, -lengths[i], i))
    rank = [0] * graph.size
    for place, index in enumerate(order):
        rank[index] = place
    return rank


@contextmanager
def _signals(schedule: Schedule) -> Iterator[None]:
    """The first Ctrl-C (or TERM) drains, the second ends what runs."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if schedule.stop_reason == "interrupted":
            schedule.kill()
        else:
            schedule.stop("interrupted")

    caught: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in caught:
            loop.add_signal_handler(number, on_signal)
    except (RuntimeError, ValueError):
        caught = ()  # not in the main thread: whoever runs us there handles signals
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


async def _finish(opened: Opened, schedule: Schedule, means: Means) -> Summary:
    """Record the session's end, then compute the summary from what was recorded, and write the report."""
    states = [schedule.states.get(i, "pending") for i in range(opened.graph.size)]
    exit_code, state = _ending(schedule, states)
    until = means.held_until
    until_unix = None
    if until is not None and until != float("inf"):
        until_unix = means.clock.unix() + until - means.clock.boottime()
    usage, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    data = {
        "state": state,
        "exit_code": exit_code,
        "reason": schedule.stop_reason,
        "until_unix": until_unix,
        "blocked": _blocked(opened, schedule),
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "children_cpu_s": children.ru_utime + children.ru_stime,
        "max_rss_kib": usage.ru_maxrss,
    }
    trouble = opened.journal.trouble
    await opened.journal.append(events.SESSION_ENDED, opened.run, data=data)
    await opened.journal.close()
    if trouble is not None:
        raise trouble
    return _report(opened)


def _blocked(opened: Opened, schedule: Schedule) -> dict[str, str]:
    """What is blocked, and by which task."""
    tasks, blocked = opened.plan.tasks, dict[str, str]()
    for index, state in schedule.states.items():
        if state in ("failed", "cancelled", "needs_person"):
            for after in opened.graph.blocked_by(index):
                if schedule.states.get(after) == "blocked":
                    blocked.setdefault(tasks[after].id, tasks[index].id)
    return blocked


def _report(opened: Opened) -> Summary:
    """Everything said about a run is read back from its journal."""
    reader = JournalReader(opened.journal.path)
    try:
        progress = Progress(opened.run, keep_attempts=True).apply_all(reader.events(opened.run))
    finally:
        reader.close()
    folder = opened.request.report or opened.folder / "report"
    summary = summarise(progress, str(folder))
    write_report(progress, summary, opened.journal.path, folder)
    return summary


def _ending(schedule: Schedule, states: list[TaskState]) -> tuple[int, str]:
    if schedule.stop_reason == "interrupted":
        return EXIT_INTERRUPTED, "interrupted"
    if schedule.stop_reason == "journal":
        return EXIT_JOURNAL, "error"
    if schedule.stop_reason in ("held", "budget", "time"):
        return EXIT_HELD, "held"
    if any(state in ("failed", "blocked", "needs_person", "cancelled") for state in states):
        return EXIT_FAILED, "failed"
    return EXIT_DONE, "done"
