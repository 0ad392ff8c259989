"""Proof: two commands say whether code is done. The check: nothing is broken. The verify: this task is done."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

from beastmode.runner.execute import Verdict
from beastmode.runner.home import log_beside
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.output import tail_of
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

    async def run(self, attempt: Attempt, command: Command, name: str, when: str = "") -> Verdict:
        """One of them alone.   name: `check` or `verify`.   when: what its log is called besides; "" after an attempt,
        `merge` for a check of what would be merged."""
        part = f"{when}.{name}" if when else name
        async with self.slots:
            verdict = await Verifier(command, self.kind, part)(attempt)
        if verdict.failure is None:
            return verdict
        cause = verdict.failure.cause.replace("the verification", f"the {name}", 1)
        told = feedback_in(attempt.log_path, part) or f"{name}:\n{verdict.output}"
        return Verdict(replace(verdict.failure, cause=cause), told, {"proof": name})


def feedback_in(log: Path, part: str) -> str:
    """What the next attempt is told of a red proof, also in another session; "" where its log has nothing.

    log: of the attempt.   part: of its proof.
    """
    printed = tail_of(log_beside(log, part), FEEDBACK_BYTES)
    return f"{part.rpartition('.')[2]}:\n{printed}" if printed else ""
