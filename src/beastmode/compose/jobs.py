"""Jobs: what `execute` needs to know of each task, made when its turn has come."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from beastmode.compose.opening import Opened
from beastmode.runner.execute import Job
from beastmode.runner.home import log_path
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.http import HttpKind
from beastmode.runner.kinds.protocol import Attempt, Kind
from beastmode.runner.kinds.python import CallKind
from beastmode.runner.policy import Tries
from beastmode.runner.roadmap import Task
from beastmode.runner.supervisor import Supervisor
from beastmode.runner.verify import Verifier
from beastmode.runner.work import Call, Command, Http


class Kinds:
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


def job_for(opened: Opened, kinds: Kinds, index: int) -> Job:
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
