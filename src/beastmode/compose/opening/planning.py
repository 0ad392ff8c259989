"""Planning: what `beast plan` and `beast try` foresee of a list, with what its journal says has been done. Nothing is
begun, locked or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beastmode.compose.opening.code_choice import writes_code
from beastmode.compose.opening.foreseeing import Question, at_start
from beastmode.compose.opening.known_as import key_of, progress_of
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.run import Opened, checked, read_list, settings_for
from beastmode.errors import BeastError
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.runner.foreseeing.estimate import Estimate
from beastmode.runner.formats.asked import ALL, Asked
from beastmode.runner.home import journal_path
from beastmode.runner.progress import Progress
from beastmode.runner.resume import Plan, Selection, plan_session
from beastmode.runner.roadmap import Roadmap
from beastmode.settings import Auto, RunSettings
from beastmode.store.journal.journal import JournalReader

_LONGEST_RUN = 30_000
"""Events of a run that are read to see what of it is done; of a longer one all is taken as still to do."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A question with what it is about.   known: what was found out on the way, in words; "" for nothing."""

    question: Question
    known: str = ""


def question_of(request: Request, roadmap: Roadmap) -> Planned:
    """What is left of a list, and how `beast run` with the same words would run it. Raises BeastError."""
    key = key_of(request.source, roadmap.part)
    settings = settings_for(roadmap, request.flags)
    graph = checked(roadmap, str(request.source), settings.order)
    plan, known = _left(request, roadmap, key)
    coding = None
    if writes_code(roadmap, request.coding, has_command=request.command is not None):
        coding = _coding(request, settings)
    known = "; ".join(filter(None, (known, _of_auto(settings.concurrency))))
    return Planned(Question(plan, graph, settings, key, request.home, coding), known)


def _of_auto(concurrency: int | None) -> str:
    """What nobody can know before: how many at once will be borne."""
    return (
        f"as if {int(concurrency)} at once were borne, the most of `auto`"
        if isinstance(concurrency, Auto)
        else ""
    )


def estimate_of(opened: Opened) -> Estimate | None:
    """What a run that has been opened may take: of one that writes code, as it was told; of any other, found now. None
    where it is not known: of a long list that has an order, or where earlier runs cannot be read."""
    if opened.code is not None:
        return opened.code.estimate
    try:
        return at_start(Question(opened.plan, opened.graph, opened.settings, opened.key, opened.request.home))
    except BeastError:
        return None  # what an old run's record lacks is no reason not to begin a new one


def next_task(source: Path, home: Path, asked: Asked = ALL) -> tuple[str, int]:
    """The first task of a list that could begin now, as its journal has it, and how many more are to run; "" where
    there is none. Raises BeastError."""
    roadmap = read_list(source, asked)
    checked(roadmap, str(source))
    path = journal_path(home)
    progress = progress_of(home, key_of(source, roadmap.part)) if path.exists() else Progress(0)
    plan = plan_session(roadmap, progress, Selection())
    over = {plan.tasks[at].id for at, state in plan.states.items() if state in ("done", "skipped")}
    left = [task for at, task in enumerate(plan.tasks) if at not in plan.states]
    first = next((task.id for task in left if over.issuperset(task.needs)), "")
    return first, len(left) - bool(first)


def _left(request: Request, roadmap: Roadmap, key: str) -> tuple[Plan, str]:
    whole = plan_session(roadmap, Progress(0), request.selection)
    path = journal_path(request.home)
    if request.fresh or not path.exists():
        return whole, ""
    reader = JournalReader(path)
    try:
        runs = [event.run for event in reader.runs() if event.data.get("roadmap") == key]
        if not runs or len(reader.first(runs[-1], _LONGEST_RUN + 1)) > _LONGEST_RUN:
            return whole, ""
    finally:
        reader.close()
    plan = plan_session(roadmap, progress_of(request.home, key), request.selection)
    to_run, done = _pending(plan), sum(state == "done" for state in plan.states.values())
    if not done:
        return plan, ""
    if not to_run:
        return whole, f"r{runs[-1]} has run all of it: this is for `beast run --fresh`"
    return plan, f"r{runs[-1]} has done {done}: this is for the other {to_run}"


def _pending(plan: Plan) -> int:
    return sum(plan.states.get(at, "pending") == "pending" for at in range(len(plan.tasks)))


def _coding(request: Request, settings: RunSettings) -> CodingSettings:
    """As `beast run` would choose it, as far as it matters for time; what is missing is no fault of a plan."""
    said: dict[str, Any] = dict(request.coding or {})
    work = CodingSettings().work if "agent" not in said else said["agent"]
    gateway = said.get("gateway", "")
    server = None
    if gateway != "none":
        limits = settings.rates, said.get("tokens", ()), said.get("upstream_concurrency", 3)
        server = ModelServer(said.get("upstream", ""), "", gateway, *limits)
    return CodingSettings(
        work=type(work)(agent=work.agent, command=work.command, model=said.get("model", "")),
        server=server,
        merge=said.get("merge", "queue"),
        check_at_once=said.get("check_concurrency", 0),
    )
