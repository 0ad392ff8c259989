"""Whole runs whose tasks conflict: the result is green at every commit, dependents see what they need, none is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.story import none_is_left
from tests.runner.merging import Stage, check_result, make_repository

SEEDS = int(os.environ.get("BEAST_MERGE_SEEDS", "4"))
KILLED_SIZE, STRIDE = 6, int(os.environ.get("BEAST_MERGE_STRIDE", "16"))
"""Tasks of a run that is killed; it is killed at each STRIDEth step of git."""


@pytest.mark.timeout(300)
def test_twenty_tasks_with_conflicts_and_needs_are_merged_green_and_none_is_lost(tmp_path: Path) -> None:
    met = Counter[str]()
    for seed in range(SEEDS):
        folder = tmp_path / str(seed)
        make_repository(folder / "repo")
        stage = Stage(folder, seed, 20)
        progress = asyncio.run(stage.play())
        check_result(stage, progress)
        met += Counter((attempt.failure or {}).get("class", "merged") for attempt in progress.attempts)
        met += Counter(view.state for view in progress.tasks.values())
    print(dict(met))
    assert met["merge_conflict"], "no conflict was made: nothing is shown"
    assert met["merge_red"], "no red merge was made: nothing is shown"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2))
def test_a_kill_at_any_step_of_git_loses_nothing_and_merges_nothing_twice(tmp_path: Path, seed: int) -> None:
    killed = Counter[str]()
    for point in range(seed, 1000, STRIDE):
        folder = tmp_path / str(point)
        make_repository(folder / "repo")
        child = played(folder, seed, point)
        none_is_left(folder)
        stage = Stage(folder, seed, KILLED_SIZE)
        progress = asyncio.run(stage.play())
        check_result(stage, progress)
        if child.returncode == 0:
            break
        assert child.returncode == -9, child.stderr
        killed += Counter(attempt.end for attempt in progress.attempts if attempt.killed)
        shutil.rmtree(folder)
    print(point, dict(killed))
    assert killed["interrupted"]


def played(folder: Path, seed: int, point: int) -> subprocess.CompletedProcess[str]:
    """The run in a process of its own, killed at a point."""
    command = [
        sys.executable,
        "-m",
        "tests.runner.merging",
        str(folder),
        str(seed),
        str(KILLED_SIZE),
        str(point),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)
