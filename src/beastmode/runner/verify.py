"""Verification: a command whose success makes a task done. Its output goes to the log and to the next attempt."""

from __future__ import annotations

from dataclasses import replace

from beastmode.failures import classify
from beastmode.runner.command_line import as_verify
from beastmode.runner.execute import Verdict
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Command
from beastmode.settings import RunSettings


class Verifier:
    """Runs `command` after an attempt, in its environment and with its fields and its timeout.   name: of its log."""

    def __init__(self, command: Command, kind: CommandKind, name: str = "verify") -> None:
        self._command, self._kind, self._name = command, kind, name

    async def __call__(self, attempt: Attempt) -> Verdict:
        log = attempt.log_path.with_suffix(f".{self._name}.log")
        exit_ = await self._kind.run(replace(attempt, log_path=log), self._command)
        if exit_.code == 0 and not exit_.timed_out:
            return Verdict(None)
        failure = classify.verify_failed(exit_.code, exit_.tail)
        if exit_.timed_out:
            failure = classify.timed_out(attempt.timeout_s, where="the verification")
        return Verdict(failure, exit_.tail)


def verify_of(task: Task, settings: RunSettings) -> Command | None:
    """The verification of a task: its own, else that of the run."""
    return task.options.verify or (as_verify(settings.verify) if settings.verify else None)
