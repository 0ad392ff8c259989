"""Setup: a command that makes a new worktree ready for its task."""

from __future__ import annotations

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.words import last_lines
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.work import Command


async def set_up(kind: CommandKind, command: Command, attempt: Attempt) -> Failure | None:
    """Run it once; None where it succeeded.   attempt: at work in that worktree; its log is that of the setup."""
    exit_ = await kind.run(attempt, command)
    if exit_.timed_out:
        return classify.timed_out(attempt.timeout_s, where="the setup")
    if exit_.code:
        cause = f"the setup ended with exit code {exit_.code}: {last_lines(exit_.tail)}"
        return classify.of_coding("setup_failed", cause, where=str(attempt.root), code=exit_.code)
    return None
