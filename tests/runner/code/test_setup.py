"""A setup that fails says with what, and where to try it by hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from beastmode.failures.failure import Failure
from beastmode.runner.code.setup import set_up
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Command
from beastmode.testing import attempt_of
from tests.processes import supervisor_in


def failure_of(folder: Path, line: str, timeout_s: float = 30.0) -> Failure | None:
    async def play() -> Failure | None:
        supervisor = supervisor_in(folder)
        attempt = replace(attempt_of(Task("a"), folder=folder), timeout_s=timeout_s)
        try:
            return await set_up(CommandKind(supervisor), Command(shell=line), attempt)
        finally:
            await supervisor.close()

    return asyncio.run(play())


def test_one_that_succeeds_is_no_failure(tmp_path: Path) -> None:
    assert failure_of(tmp_path, "true") is None


def test_one_that_fails_is_told_with_its_last_words_and_its_folder(tmp_path: Path) -> None:
    failure = failure_of(tmp_path, "echo no network; exit 7")
    assert failure
    assert (failure.class_, failure.cause) == (
        "setup_failed",
        "the setup ended with exit code 7: no network",
    )
    assert str(tmp_path) in failure.tip


def test_one_that_does_not_end_is_a_timeout(tmp_path: Path) -> None:
    failure = failure_of(tmp_path, "sleep 60", timeout_s=0.1)
    assert failure
    assert failure.class_ == "timeout"
