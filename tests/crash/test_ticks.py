"""kill -9 of a run with --write-back at every call that changes the folder of its list: the list is whole, with or
without ticks, and the same command makes what is missing. `ticks.py` tells the run and the promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.commands import MOST_S, unavailable, workers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MOST_S)]


def test_killed_at_every_call_that_changes_the_folder_of_the_list(tmp_path: Path) -> None:
    unavailable("ptrace", workers("tracer", [])[0]["impossible"])
    lines = workers("ticks", [str(tmp_path / "0"), "0", "2"], [str(tmp_path / "1"), "1", "2"])
    points = [line for line in lines if "call" in line]
    assert [point for point in points if point["broken"]] == []
    assert [line["code"] for line in lines if "end" in line] == [0, 0]
    calls = {point["call"].split()[0] for point in points}
    assert calls >= {"write", "fsync", "unlink"}
    assert calls & {"rename", "renameat2"}
