"""Being told that a child has ended, without reaping it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from beastmode.runner.processes.exits import watch_exit

CHILD = "import sys; sys.stdin.read(); sys.exit(3)"


def child() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE)


async def told_of(process: subprocess.Popen[bytes]) -> None:
    """Return once the watch of a process that is then ended has told."""
    gone = asyncio.Event()
    watch_exit(process.pid, gone.set)
    await asyncio.sleep(0)
    assert not gone.is_set(), "told before it ended"
    assert process.stdin
    process.stdin.close()
    async with asyncio.timeout(30):
        await gone.wait()


@pytest.mark.parametrize("with_descriptor", [True, False], ids=["pidfd", "thread"])
def test_it_is_told_once_and_the_child_is_left_to_be_reaped(
    with_descriptor: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_descriptor:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = child()
    asyncio.run(told_of(process))
    _, status, _ = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    process.returncode = 3


def test_one_that_has_ended_already_is_told_too() -> None:
    process = child()
    assert process.stdin
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    async def story() -> None:
        gone = asyncio.Event()
        watch_exit(process.pid, gone.set)
        async with asyncio.timeout(30):
            await gone.wait()

    asyncio.run(story())
    assert process.wait() == 3


def test_a_loop_that_has_ended_meanwhile_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = child()

    async def story() -> None:
        watch_exit(process.pid, lambda: pytest.fail("told a loop that is gone"))

    asyncio.run(story())
    assert process.stdin
    process.stdin.close()
    assert process.wait() == 3
