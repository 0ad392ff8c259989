"""Proof: two commands say whether code is done. The check: nothing is broken. The verify: this task is done."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace

from beastmode.runner.execute import Verdict
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.output import tail_of
from beastmode.runner.prompt import shown
from beastmode.runner.verify import Verifier
from beastmode.runner.work import Command

FEEDBACK_BYTES = 32 * 1024
"""Of what a proof printed, the end: what the next attempt is told."""


def slots_by_cores() -> int:
    """How many checks run at once where nobody says: each may well use more than one core."""
    return max(1, (os.cpu_count() or 2) // 2)


@dataclass(slots=True)
class Proof:
    """Runs check and verify of attempts in their worktrees, `slots` at once over all tasks.

    check: None where there is none. The verify is the task's own.
    """

    kind: CommandKind
    slots: asyncio.Semaphore
    check: Command | None = None

    async def __call__(self, attempt: Attempt) -> Verdict:
        """Whether the work of an attempt is done and has broken nothing; the check first."""
        for command, name in ((self.check, "check"), (attempt.task.options.verify, "verify")):
            if command is not None:
                verdict = await self.run(attempt, command, name)
                if verdict.failure is not None:
                    return verdict
        return Verdict(None)

    async def run(self, attempt: Attempt, command: Command, name: str) -> Verdict:
        """One of them alone.   name: of its log, beside that of the attempt, and in what is said of it."""
        async with self.slots:
            verdict = await Verifier(command, self.kind, name)(attempt)
        if verdict.failure is None:
            return verdict
        cause = verdict.failure.cause.replace("the verification", f"the {name}", 1)
        printed = tail_of(attempt.log_path.with_suffix(f".{name}.log"), FEEDBACK_BYTES)
        told = f"{name}: {shown(command)}\n{printed or verdict.output}"
        return Verdict(replace(verdict.failure, cause=cause), told, {"proof": name})
