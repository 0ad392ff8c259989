"""A run's worktrees for tests: real git, real folders; attempts as the runner makes them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding, Command

P = ParamSpec("P")


def in_a_loop(story: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that is told as a coroutine."""

    @functools.wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(story(*args, **kwargs))

    return test


def attempt(task: str, number: int = 1, logs: Path = Path("/nowhere")) -> Attempt:
    """An attempt of run r1."""
    return Attempt("r1", Task(task), (), number, 60.0, logs / f"{task}.log", 1 << 20, Path("/"), Path("/"))


async def run_setup(command: Command, place: Place, log: Path) -> Failure | None:
    """A shell line, run for real."""
    process = await asyncio.create_subprocess_shell(command.shell, cwd=place.folder)
    code = await process.wait()
    return (
        classify.of_coding("setup_failed", "it failed", where=str(place.folder), code=code) if code else None
    )


@asynccontextmanager
async def workspaces(
    checkout: Path,
    root: Path,
    run: str = "r1",
    list_file: Path | None = None,
    settings: CodingSettings | None = None,
) -> AsyncIterator[Workspaces]:
    """Begun, and ended."""
    found = await repository_of(checkout, settings or CodingSettings(), list_file)
    spaces = Workspaces(found, run, root, list_file, run_setup)
    await spaces.begin()
    try:
        yield spaces
    finally:
        await spaces.end()


async def entered(spaces: Workspaces, task: str, work: Coding | None = None, number: int = 1) -> Place:
    """The place of an attempt."""
    return await spaces.enter(attempt(task, number), work or Coding())
