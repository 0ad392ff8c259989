"""What is looked at on the base of a run that writes code, before anything of it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from beastmode import events
from beastmode.compose.opening.code import Code
from beastmode.compose.opening.code_choice import is_code
from beastmode.compose.opening.run import Opened
from beastmode.errors import PreconditionError
from beastmode.runner.code.proof import Proof
from beastmode.runner.code.refs import result_ref
from beastmode.runner.code.workspace import Workspaces
from beastmode.runner.home import log_beside, log_path
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.roadmap import Task
from beastmode.runner.verify import verify_of
from beastmode.runner.worktrees.place import WorkspaceError

_LOOK_S = 60.0
"""For all verifications together. Each is run again after its task; to see that it can be red must not cost much."""
_MOST_NAMED = 5


async def look_at_base(
    opened: Opened, code: Code, workspaces: Workspaces, proof: Proof, bare: Attempt
) -> Sequence[str]:
    """See that the check is green on the base; what is odd there, one sentence each.

    bare: what runs there, without its folder and its variables.   Raises PreconditionError where the check is red:
    every task would be called a failure.
    """
    tip = await code.repository.git("rev-parse", result_ref(opened.name))
    check = None if code.settings.red_base else proof.check
    known = check is None or opened.progress.green == (tip, check.shell)
    tasks = [] if opened.progress.sessions else list(_proven_alone(opened))
    if known and not tasks:
        return []
    log = log_path(opened.folder, "base", 0)
    try:
        async with workspaces.at_tip(code.settings.work, log) as place:
            here = replace(bare, root=place.folder, env=place.env, log_path=log)
            if check is not None and not known:
                await _see_check(proof, here)
                data = {"commit": tip, "check": check.shell}
                opened.journal.append(events.BASE_GREEN, opened.run, data=data)
            green = await _green_already(proof, here, tasks)
    except WorkspaceError as error:
        raise PreconditionError(error.failure.cause, where="--base", tip=error.failure.tip) from None
    return [_told(green)] if green else []


async def _see_check(proof: Proof, here: Attempt) -> None:
    assert proof.check
    verdict = await proof.run(here, proof.check, "check")
    if verdict.failure is not None:
        what = f"`{proof.check.shell}` is red before any task began: {verdict.failure.cause}"
        said = log_beside(here.log_path, "check")
        tip = f"Mend it first, or begin all the same: --allow-red-base. All that it said: {said}"
        raise PreconditionError(what, where="--check", tip=tip)


def _proven_alone(opened: Opened) -> Iterator[Task]:
    """The tasks that are to be run and have a verification."""
    for at, task in enumerate(opened.plan.tasks):
        if is_code(task) and opened.plan.states.get(at, "pending") == "pending":
            verify = verify_of(task, opened.settings)
            if verify is not None:
                yield replace(task, options=replace(task.options, verify=verify))


async def _green_already(proof: Proof, here: Attempt, tasks: Sequence[Task]) -> list[str]:
    """The tasks whose verification succeeds although nothing was done, as far as there is time to look."""
    green: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            for task in tasks:
                assert task.options.verify
                verdict = await proof.run(replace(here, task=task), task.options.verify, "verify", "before")
                if verdict.failure is None:
                    green.append(task.id)
    return green


def _told(green: Sequence[str]) -> str:
    names = ", ".join(green[:_MOST_NAMED]) + (
        f" and {len(green) - _MOST_NAMED} more" if len(green) > _MOST_NAMED else ""
    )
    return f"The verify of {names} is green before any task began: it proves nothing. Let it fail without the work."
