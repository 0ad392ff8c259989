"""Commands: a list of arguments, filled per task, or a shell line that gets its fields only as variables."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from beastmode.failures import classify
from beastmode.failures.words import one_line
from beastmode.runner.fields import fill
from beastmode.runner.kinds.environment import environment_of, field_values
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.processes.supervisor import AttemptLog, Exit, Supervisor
from beastmode.runner.work import Command

_NOT_FOUND, _CANNOT_RUN, _NOT_NOW = 127, 126, 71
"""As a shell says it, so that a program that cannot be started is one more exit code (71: EX_OSERR)."""
_SCARCE = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY, errno.ENOSPC}
"""What this machine has run out of for now; every other refusal to start is the command's own fault."""


class CommandKind:
    """Runs commands through the supervisor of the run.   hidden: variables of this process that they do not get."""

    def __init__(self, supervisor: Supervisor, hidden: Collection[str] = ()) -> None:
        self._supervisor, self._hidden = supervisor, hidden

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
        arguments, folder = _arguments(command, attempt), attempt.root / command.cwd
        try:
            return await self._supervisor.run(
                arguments,
                env={**self._environment_of(attempt), **command.env},
                cwd=folder,
                log=log,
                timeout_s=attempt.timeout_s,
                on_started=leaves,
            )
        except (OSError, ValueError) as error:
            return not_started(error, arguments[0], folder, log)

    def _environment_of(self, attempt: Attempt) -> dict[str, str]:
        variables = environment_of(attempt)
        for name in self._hidden:
            variables.pop(name, None)
        return variables


def outcome_of(exit_: Exit, attempt: Attempt) -> Outcome:
    """What an exit means for its attempt."""
    if exit_.timed_out:
        failure = classify.timed_out(attempt.timeout_s)
    elif exit_.code:
        failure = classify.from_exit(exit_.code, tail=exit_.tail)
    else:
        return Outcome(None, "ignored", exit_.cpu_s, exit_.max_rss_kib)
    if exit_.log_error:
        failure = replace(failure, cause=one_line(f"{failure.cause} ({exit_.log_error})"))
    return Outcome(failure, failure.effect, exit_.cpu_s, exit_.max_rss_kib)


def not_started(error: OSError | ValueError, program: str, folder: Path, log: AttemptLog) -> Exit:
    """The exit of a program that could not be started in `folder`, as a shell would put it; the log says why."""
    code, why = _refusal(error, program, folder)
    log.write(f"{why}\n".encode("utf-8", "replace"))
    log.close()
    return Exit(code, tail=why, log_error=log.error)


def _refusal(error: OSError | ValueError, program: str, folder: Path) -> tuple[int, str]:
    if not isinstance(error, OSError):
        return _CANNOT_RUN, f"{program!r} cannot be run: {error}"
    if not program:
        return _CANNOT_RUN, "the command names no program: its first argument is empty"
    if str(error.filename) == str(folder):
        return _CANNOT_RUN, f"the folder to run in, {folder}: {error.strerror}"
    if error.errno in _SCARCE:
        return _NOT_NOW, f"this machine could not start {program}: {error.strerror}"
    if error.errno == errno.E2BIG:
        return _CANNOT_RUN, f"{program[:100]}: its arguments or variables are too long for this system"
    if not isinstance(error, FileNotFoundError):
        is_folder = "/" in program and (folder / program).is_dir()
        return _CANNOT_RUN, f"{program}: {'is a folder' if is_folder else error.strerror}"
    return _NOT_FOUND, f"{program}: {_missing(folder / program) if '/' in program else error.strerror}"


def _missing(program: Path) -> str:
    """What of a program is missing: itself, or what its first line names."""
    try:
        with program.open("rb") as file:
            first = file.read(200).split(b"\n")[0]
    except OSError as error:
        return str(error.strerror)
    if first.startswith(b"#!"):
        return f"its first line names no interpreter of this machine: {first.decode(errors='replace')!r}"
    return "it was built for another system"


def _arguments(command: Command, attempt: Attempt) -> list[str]:
    if command.shell:
        return ["/bin/sh", "-c", command.shell]
    return fill(command.arguments, field_values(attempt)) or [""]
