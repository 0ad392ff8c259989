"""Commands: a list of arguments, filled per task, or a shell line that gets its fields only as variables."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

from beastmode.failures import classify
from beastmode.runner.fields import fill
from beastmode.runner.kinds.environment import environment_of, field_values
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.supervisor import AttemptLog, Exit, Supervisor
from beastmode.runner.work import Command

_NOT_FOUND, _CANNOT_RUN, _NOT_NOW = 127, 126, 71
"""As a shell says it, so that a program that cannot be started is one more exit code (71: EX_OSERR)."""
_SCARCE = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY, errno.ENOSPC}
"""What this machine has run out of for now; every other refusal to start is the command's own fault."""


class CommandKind:
    """Runs commands through the supervisor of the run."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Success is exit code 0. A command says nothing about the load or the health of a server, however it ends."""
        command = attempt.task.work
        if not isinstance(command, Command):
            raise TypeError(f"no command: {command!r}")
        return outcome_of(await self.run(attempt, command, leaves), attempt)

    async def run(
        self, attempt: Attempt, command: Command, leaves: Callable[[], None] = lambda: None
    ) -> Exit:
        """Run `command` in the environment of the attempt; what cannot be started ends with 127, 126 or 71."""
        log = AttemptLog(attempt.log_path, attempt.log_limit_bytes)
        try:
            variables = environment_of(attempt)
            return await self._supervisor.run(
                _arguments(command, attempt),
                env={**variables, **command.env},
                cwd=attempt.root / command.cwd,
                log=log,
                timeout_s=attempt.timeout_s,
                on_started=leaves,
            )
        except (OSError, ValueError) as error:
            exit_ = _not_started(error, command, attempt)
            log.write(f"{exit_.tail}\n".encode("utf-8", "replace"))
            log.close()
            return replace(exit_, log_error=log.error)


def outcome_of(exit_: Exit, attempt: Attempt) -> Outcome:
    """What an exit means for its attempt."""
    if exit_.timed_out:
        failure = classify.timed_out(attempt.timeout_s)
    elif exit_.code:
        failure = classify.from_exit(exit_.code, tail=exit_.tail)
    else:
        return Outcome(None, "ignored", exit_.cpu_s, exit_.max_rss_kib)
    return Outcome(failure, failure.effect, exit_.cpu_s, exit_.max_rss_kib)


def _arguments(command: Command, attempt: Attempt) -> list[str]:
    if command.shell:
        return ["/bin/sh", "-c", command.shell]
    return fill(command.arguments, field_values(attempt))


def _not_started(error: OSError | ValueError, command: Command, attempt: Attempt) -> Exit:
    program = "/bin/sh" if command.shell else next(iter(_arguments(command, attempt)), "")
    folder = attempt.root / command.cwd
    if not isinstance(error, OSError):
        return Exit(_CANNOT_RUN, tail=f"{program}: {error}")
    if not folder.is_dir():
        return Exit(_CANNOT_RUN, tail=f"the folder to run in does not exist: {folder}")
    if error.errno in _SCARCE:
        return Exit(_NOT_NOW, tail=f"this machine could not start {program}: {error.strerror}")
    if error.errno == errno.E2BIG:
        return Exit(_CANNOT_RUN, tail=f"{program}: its arguments or variables are too long for this system")
    code = _NOT_FOUND if isinstance(error, FileNotFoundError) else _CANNOT_RUN
    return Exit(code, tail=f"{program}: {error.strerror}")
