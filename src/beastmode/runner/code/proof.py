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
from beastmode.runner.processes.output import tail_of
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
        took: dict[str, float] = {}
        for command, name in ((self.check, "check"), (attempt.task.options.verify, "verify")):
            if command is not None:
                verdict = await self.run(attempt, command, name)
                took = {of: seconds + took.get(of, 0.0) for of, seconds in verdict.took.items()}
                if verdict.failure is not None:
                    return replace(verdict, took=took)
        return Verdict(None, took=took)

    async def run(self, attempt: Attempt, command: Command, name: str, when: str = "") -> Verdict:
        """One of them alone.   name: `check` or `verify`.   when: what its log is called besides; "" after an attempt,
        `merge` for a check of what would be merged.   took: in its slot, and waiting for it."""
        part = f"{when}.{name}" if when else name
        now = asyncio.get_running_loop().time
        asked = now()
        async with self.slots:
            begun = now()
            verdict = await Verifier(command, self.kind, part)(attempt)
        took = {"check_s": now() - begun, "check_wait_s": begun - asked}
        if verdict.failure is None:
            return replace(verdict, took=took)
        cause = verdict.failure.cause.replace("the verification", f"the {name}", 1)
        told = feedback_in(attempt.log_path, part) or f"{name}:\n{verdict.output}"
        return Verdict(replace(verdict.failure, cause=cause), told, {"proof": name}, took)


def feedback_in(log: Path, part: str) -> str:
    """What the next attempt is told of a red proof, also in another session; "" where its log has nothing.

    log: of the attempt.   part: of its proof.
    """
    printed = tail_of(log_beside(log, part), FEEDBACK_BYTES)
    return f"{part.rpartition('.')[2]}:\n{printed}" if printed else ""
