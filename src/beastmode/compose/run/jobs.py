"""Jobs: what `execute` needs to know of each task, made when its turn has come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from beastmode.compose.opening.code_choice import is_code
from beastmode.compose.opening.run import Opened
from beastmode.runner.code.proof import feedback_in
from beastmode.runner.code.sending_back import told_in
from beastmode.runner.execute import Job
from beastmode.runner.home import log_path
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.protocol import Attempt, Kind
from beastmode.runner.kinds.python import CallKind
from beastmode.runner.policy import Tries
from beastmode.runner.processes.supervisor import Supervisor
from beastmode.runner.roadmap import Task
from beastmode.runner.verify import Verifier, verify_of
from beastmode.runner.work import Call, Http, Work

if TYPE_CHECKING:
    from beastmode.compose.coding.coders import Coders
    from beastmode.runner.kinds.http import HttpKind


class Kinds:
    """The kinds of a run, each made once."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.command = CommandKind(supervisor)
        self.call = CallKind(supervisor)
        self._http: HttpKind | None = None

    def of(self, work: Work | None) -> Kind:
        if isinstance(work, Http):
            return self._http_kind()
        return self.call if isinstance(work, Call) else self.command

    def _http_kind(self) -> HttpKind:
        if self._http is None:
            # aiohttp: 0.2 s and 11 MB, which a roadmap of commands does not need
            from beastmode.runner.kinds.http import HttpKind

            self._http = HttpKind()
        return self._http

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


@dataclass(frozen=True, slots=True)
class Places:
    """Where the attempts of a session run and write. Looked up once: `Path.cwd` for each of a million tasks was a
    tenth of what they cost."""

    root: Path
    import_root: Path
    folder: Path

    @classmethod
    def of(cls, opened: Opened) -> Places:
        root, file = Path.cwd(), opened.request.list_file
        return cls(root, file.parent if file else root, opened.folder)


def job_for(opened: Opened, kinds: Kinds, places: Places, coders: Coders | None, index: int) -> Job:
    """The job of a task, with what it used up in earlier sessions.   coders: of a run that writes code."""
    task = opened.plan.tasks[index]
    if coders is not None and is_code(task):
        return _code_job(opened, coders, places, index)
    settings, options = opened.settings, task.options
    attempts, tries = opened.plan.history.get(index, (0, Tries()))
    work = task.work or opened.request.command
    if work is not task.work:
        task = replace(task, work=work)
    verify = verify_of(task, settings)
    return Job(
        task,
        kinds.of(work),
        partial(_attempt, opened, places, task, opened.plan.phases[index]),
        Verifier(verify, kinds.command) if verify else None,
        retries=settings.retries if options.retries is None else options.retries,
        attempts=attempts,
        tries=tries,
    )


def _code_job(opened: Opened, coders: Coders, places: Places, index: int) -> Job:
    """The same for a task that writes code: proven in its worktree, then merged."""
    settings, plan, task = opened.settings, opened.plan, opened.plan.tasks[index]
    attempts, tries = plan.history.get(index, (0, Tries()))
    work, verify = coders.work_of(task), verify_of(task, settings)
    task = replace(task, work=work, options=replace(task.options, verify=verify))
    places = replace(places, root=coders.folder_of(task, work))
    coders.comes(task)
    return Job(
        task,
        coders.kind_of(work),
        partial(_attempt, opened, places, task, plan.phases[index]),
        coders.verify,
        coders.merge,
        settings.retries if task.options.retries is None else task.options.retries,
        attempts,
        tries,
        _feedback_of(opened, task.id),
    )


def _feedback_of(opened: Opened, task: str) -> str:
    """What was said in an earlier session of work that was not verified, or not merged, as far as its log has
    it; "" for none."""
    view = opened.progress.tasks.get(task)
    if view is None or view.code is None or view.code.unproven is None:
        return ""
    number, by = view.code.unproven
    log = log_path(opened.folder, task, number)
    return told_in(log) if by == "merge" else feedback_in(log, by)


def _attempt(
    opened: Opened, places: Places, task: Task, phases: tuple[str, ...], number: int, feedback: str
) -> Attempt:
    timeout_s = task.options.timeout_s
    return Attempt(
        opened.name,
        task,
        phases,
        number,
        opened.settings.timeout_s if timeout_s is None else timeout_s,
        log_path(places.folder, task.id, number),
        opened.settings.log_limit_bytes,
        places.root,
        places.import_root,
        feedback,
        env={"BEAST_NOTE": note} if (note := opened.notes.get(task.id)) else {},
    )
