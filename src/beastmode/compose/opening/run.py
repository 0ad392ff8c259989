"""Opening a run: everything is read, checked, locked and opened, and nothing is started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from beastmode.compose.opening.code import (
    Code,
    as_runner,
    estimated,
    highest_run,
    landed_by,
    noted,
    open_code,
)
from beastmode.compose.opening.code_choice import writes_code
from beastmode.compose.opening.foreseeing import Question, case_of
from beastmode.compose.opening.known_as import key_of, progress_of
from beastmode.compose.opening.limits_said import NOTHING_SAID, LimitsSaid, limits_said
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.used_before import spent_in
from beastmode.errors import Problem, RoadmapError, SettingError
from beastmode.runner.foreseeing.estimate import Estimate, estimate
from beastmode.runner.formats.asked import Asked
from beastmode.runner.graph import Graph, graph_of
from beastmode.runner.home import journal_path, prepare_home, run_folder
from beastmode.runner.lock import RunLock
from beastmode.runner.progress import Progress
from beastmode.runner.report import check_folder
from beastmode.runner.resume import Plan, plan_session
from beastmode.runner.roadmap import Roadmap, problems_of
from beastmode.safeguards.host.folder import origin
from beastmode.settings import SHORT_WAIT_S, Auto, RunSettings, parse_concurrency, parse_rates
from beastmode.store.journal.journal import Journal


@dataclass(slots=True)
class Opened:
    """A run that is about to begin or to go on: everything read and checked, nothing started.   code: of a run that
    writes code.   limits: what flags, list and defaults said, and what a person has set since.   notes: of people, by
    task, for its next attempt.   estimate: what this session is to take, once it has begun, where that is known."""

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
    code: Code | None = None
    limits: LimitsSaid = NOTHING_SAID
    notes: dict[str, str] = field(default_factory=dict)
    estimate: Estimate | None = None

    @property
    def name(self) -> str:
        """What people call the run, like `r7`."""
        return f"r{self.run}"

    @property
    def folder(self) -> Path:
        """Where the run's logs and, by default, its report are."""
        return run_folder(self.request.home, self.run)


def open_run(request: Request) -> Opened:
    """Read, check, lock and open; record nothing but a new run's existence. Raises BeastError."""
    _check_list_to_tick(request)
    source = request.source
    roadmap = read_list(source, request.asked) if isinstance(source, Path) else source
    key = key_of(source, roadmap.part)
    settings = settings_for(roadmap, request.flags)
    where = str(source) if isinstance(source, Path) else source.title
    graph = checked(roadmap, where, settings.order)
    code = _code(request, roadmap, settings)
    if code is not None:
        settings = as_runner(settings, code)
    elif request.command is None:
        _check_work(roadmap, where)
    _check_servers(settings)
    if request.report is not None:
        check_folder(request.report)
    prepare_home(request.home)
    lock = RunLock(request.home, key)
    try:
        journal = Journal(journal_path(request.home), settings.durability)
        progress = progress_of(request.home, key, fresh=request.fresh)
        merged = landed_by(code, progress) if code is not None else {}
        plan = plan_session(roadmap, progress, request.selection, merged)
        if settings.gates == "pass":
            plan.pass_gates()
        limits = limits_said(request, settings, code, progress)
        settings, code = limits.hold_for(settings, code)
        if code is not None:
            question = Question(plan, graph, settings, key, request.home, code.settings)
            code = _confirmed(request, code, question, progress.run)
        above = highest_run(code) if code is not None and not progress.run else 0
        number = progress.run or journal.new_run(_run_data(roadmap, key), above)
    except BaseException:
        lock.release()
        raise
    lock.name_run(f"r{number}")
    progress.run = number
    notes = {plan.tasks[place].id: note for place, note in plan.notes.items()}
    return Opened(
        request, settings, roadmap, graph, plan, progress, journal, lock, number, key, code, limits, notes
    )


def read_list(path: Path, asked: Asked) -> Roadmap:
    # the readers: 0.2 s and 14 MB, for nothing where Python made the roadmap
    from beastmode.runner.formats.reading import read_roadmap

    return read_roadmap(path, asked)


def _code(request: Request, roadmap: Roadmap, settings: RunSettings) -> Code | None:
    """What a run that writes code begins from; None for any other."""
    if not writes_code(roadmap, request.coding, has_command=request.command is not None):
        return None
    rate = {"rate": request.flags["rates"]} if "rates" in request.flags else {}
    return open_code(roadmap, {**(request.coding or {}), **rate}, settings, request.list_file)


def _confirmed(request: Request, code: Code, question: Question, run: int) -> Code:
    """With what is to be run foreseen, and somebody told of it.   run: that goes on; 0 for a new one."""
    plan, settings = question.plan, question.settings
    to_run = [task for at, task in enumerate(plan.tasks) if plan.states.get(at, "pending") == "pending"]
    told, spent_usd = estimate(case_of(question)), spent_in(request.home, run)
    code = estimated(code, told, request.coding or {}, spent_usd)
    code = noted(code, _narrow(plan, question.graph, request.flags.get("concurrency")))
    if to_run:
        from beastmode.compose.opening.missing_agents import see_agents  # other runs do without

        see_agents(to_run, code.chosen, os.environ)
        request.confirm(code, to_run, settings)
    return code


def _narrow(plan: Plan, graph: Graph, asked: int | None) -> str:
    """Where a person asked for more at once than the list allows; "" where it allows that."""
    waiting = [[at for at in wave if plan.states.get(at, "pending") == "pending"] for wave in graph.waves()]
    widest = max(map(len, waiting), default=0)
    if asked is None or isinstance(asked, Auto) or widest >= min(asked, sum(map(len, waiting))):
        return ""
    return f"the list allows at most {widest} at once, not {asked}: its tasks wait for each other (beast plan shows it)"


def _check_list_to_tick(request: Request) -> None:
    if request.write_back and request.list_file is None:
        what = "this roadmap is in no file, so there is no list to tick"
        raise SettingError(what, where="--write-back", tip="Leave it out, or name a file.")


def _check_work(roadmap: Roadmap, where: str) -> None:
    idle = [
        task
        for task in roadmap.tasks()
        if task.work is None and task.state == "pending" and task.options.gate != "only"
    ]
    if idle:
        tasks = "1 task says" if len(idle) == 1 else f"{len(idle)} tasks say"
        what = f"{tasks} what is to be done, but not how (the first is {idle[0].id!r})"
        tip = "Say how with --command, for example --command 'make {id}'."
        raise RoadmapError(where, [Problem(idle[0].line, what, tip)])


def _check_servers(settings: RunSettings) -> None:
    """What names a server must name one, before anything is written."""
    if settings.health:
        from beastmode.probes.probe import probe_for  # aiohttp: 0.2 s, which other runs do not need

        probe_for(settings.health)
    if settings.server:
        origin(settings.server)


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
        tip = "Remove one of these needs, or the `order` of a phase that asks for the opposite."
        raise RoadmapError(where, [Problem(tasks[cycle[0]].line, f"tasks wait for each other: {chain}", tip)])
    return graph


def _run_data(roadmap: Roadmap, key: str) -> dict[str, Any]:
    return {"roadmap": key, "title": roadmap.title, "format": roadmap.format, "rule": roadmap.rule}
