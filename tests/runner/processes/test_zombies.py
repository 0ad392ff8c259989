"""The watchdog does not wait for zombies: not every container's first process fetches them, or soon."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from beastmode.runner.processes.watchdog_process import group_and_state, living

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc to look at")


def test_a_zombie_is_not_living() -> None:
    """A group whose only member has ended and was not fetched; then one that has a living member too."""
    leader = subprocess.Popen(["true"], process_group=0)
    os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOWAIT)
    assert group_and_state(str(leader.pid)) == (leader.pid, "Z")
    assert not living([leader.pid])
    member = subprocess.Popen(["sleep", "60"], process_group=leader.pid)
    assert living([leader.pid])
    member.kill()
    member.wait()
    assert not living([leader.pid])
    leader.wait()
    assert group_and_state(str(leader.pid)) == (0, "X")
