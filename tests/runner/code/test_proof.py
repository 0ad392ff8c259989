"""Check and verify: both must be green, the check comes first, and no more run at once than there are slots."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from beastmode.runner.code.proof import Proof, feedback_in
from beastmode.runner.execute import Verdict
from beastmode.runner.home import logs_of
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.roadmap import Task, TaskOptions
from beastmode.runner.work import Command
from beastmode.testing import attempt_of
from tests.processes import supervisor_in


def attempt(folder: Path, verify: str = "", number: int = 1) -> Attempt:
    options = TaskOptions(verify=Command(shell=verify)) if verify else TaskOptions()
    made = attempt_of(Task(f"t{number}", options=options), folder=folder)
    return replace(made, timeout_s=30.0, env={"FOLDER": str(folder)})


def judged(folder: Path, check: str, *attempts: Attempt, slots: int = 1) -> list[Verdict]:
    """What is said of the attempts, all at once."""

    async def play() -> list[Verdict]:
        supervisor = supervisor_in(folder)
        command = Command(shell=check) if check else None
        proof = Proof(CommandKind(supervisor), asyncio.Semaphore(slots), command)
        try:
            return await asyncio.gather(*map(proof, attempts))
        finally:
            await supervisor.close()

    return asyncio.run(play())


def test_both_green_is_done(tmp_path: Path) -> None:
    assert judged(tmp_path, "echo all", attempt(tmp_path, "echo this")) == [Verdict(None)]
    assert (tmp_path / "t1.1.check.log").read_text(encoding="ascii") == "all\n"
    assert (tmp_path / "t1.1.verify.log").read_text(encoding="ascii") == "this\n"


def test_a_red_check_says_so_and_the_verify_is_not_run(tmp_path: Path) -> None:
    [found] = judged(tmp_path, "echo 2 broken; exit 1", attempt(tmp_path, "true"))
    assert found.failure
    assert found.failure.cause == "the check ended with exit code 1: 2 broken"
    assert found.output == "check:\n2 broken\n"
    assert found.facts == {"proof": "check"}
    assert not (tmp_path / "t1.1.verify.log").exists()


def test_a_red_verify_says_that_the_task_is_not_done(tmp_path: Path) -> None:
    [found] = judged(tmp_path, "true", attempt(tmp_path, "exit 3"))
    assert found.failure
    assert (found.failure.class_, found.facts) == ("verify_failed", {"proof": "verify"})
    assert found.failure.cause == "the verify ended with exit code 3"


def test_a_check_of_what_would_be_merged_is_called_a_check_and_has_its_own_log(tmp_path: Path) -> None:
    async def play() -> Verdict:
        supervisor = supervisor_in(tmp_path)
        proof = Proof(CommandKind(supervisor), asyncio.Semaphore(1))
        try:
            return await proof.run(attempt(tmp_path), Command(shell="echo red; exit 1"), "check", "merge")
        finally:
            await supervisor.close()

    found = asyncio.run(play())
    assert found.failure
    assert found.failure.cause == "the check ended with exit code 1: red"
    assert (found.output, found.facts) == ("check:\nred\n", {"proof": "check"})
    assert feedback_in(tmp_path / "t1.1.log", "merge.check") == found.output
    (log,) = (path for path in logs_of(tmp_path / "t1.1.log") if path.exists())
    assert log.read_text(encoding="ascii") == "red\n"


def test_no_more_run_at_once_than_there_are_slots(tmp_path: Path) -> None:
    alone = 'mkdir "$FOLDER/busy" && sleep 0.05 && rmdir "$FOLDER/busy"'
    assert judged(tmp_path, alone, *(attempt(tmp_path, "", n) for n in range(4))) == [Verdict(None)] * 4
