"""Verification: what a command says about a result decides, and its words reach the next attempt."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from beastmode.runner.execute import Verdict
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.roadmap import Task
from beastmode.runner.verify import Verifier
from beastmode.runner.work import Command
from beastmode.testing import attempt_of
from tests.processes import belonging_to, supervisor_in


def verdict(folder: Path, command: Command, timeout_s: float = 30.0) -> Verdict:
    """What is said about an attempt whose work is somebody else's; nothing of it may be left."""
    attempt = replace(
        attempt_of(Task("t", title="Two words"), folder=folder),
        timeout_s=timeout_s,
        env={"FOLDER": str(folder)},
    )

    async def play() -> Verdict:
        supervisor = supervisor_in(folder)
        try:
            return await Verifier(command, CommandKind(supervisor))(attempt)
        finally:
            await supervisor.close()

    found = asyncio.run(play())
    assert not belonging_to(folder)
    return found


def test_exit_code_0_says_done_and_feeds_nobody(tmp_path: Path) -> None:
    assert verdict(tmp_path, Command(shell="echo all is well")) == Verdict(None)


def test_anything_else_says_not_done_and_why(tmp_path: Path) -> None:
    found = verdict(tmp_path, Command(shell="echo 2 of 3 passed; exit 5"))
    assert found.failure
    assert (found.failure.class_, found.failure.passing) == ("verify_failed", True)
    assert "exit code 5: 2 of 3 passed" in found.failure.cause
    assert found.output == "2 of 3 passed\n"


def test_it_gets_the_fields_of_its_task_and_a_log_of_its_own(tmp_path: Path) -> None:
    assert verdict(tmp_path, Command(("printf", "<%s>", "{id}", "{title}"))).failure is None
    assert verdict(tmp_path, Command(shell='test "$BEAST_ID $BEAST_TITLE" = "t Two words"')).failure is None
    assert (tmp_path / "t.1.verify.log").read_bytes() == b"<t><Two words>"
    assert not (tmp_path / "t.1.log").exists()


def test_one_that_never_ends_is_a_timeout_with_what_it_had_said(tmp_path: Path) -> None:
    found = verdict(tmp_path, Command(shell="echo waiting; sleep 600"), timeout_s=0.3)
    assert found.failure
    assert found.failure.class_ == "timeout"
    assert found.output == "waiting\n"


def test_one_that_is_killed_or_missing_proves_nothing(tmp_path: Path) -> None:
    killed = verdict(tmp_path, Command(shell="kill -KILL $$")).failure
    missing = verdict(tmp_path, Command(("no-such-check",))).failure
    assert killed
    assert "SIGKILL" in killed.cause
    assert missing
    assert "no-such-check: No such file or directory" in missing.cause


def test_of_a_long_output_the_end_is_fed_back(tmp_path: Path) -> None:
    found = verdict(tmp_path, Command(shell="seq 100000; echo last; exit 1"))
    assert found.output.endswith("100000\nlast\n")
    assert len(found.output) <= 4096
