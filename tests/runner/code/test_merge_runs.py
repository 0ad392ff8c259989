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

from beastmode.runner.code.refs import result_ref
from tests.crash.story import none_is_left
from tests.runner.merging import RUN, Stage, check_result, make_repository

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


def killed_and_resumed(folder: Path, seed: int, point: int, only: str = "") -> Counter[str] | None:
    """A run in a process of its own, killed at a point, and gone on with in this one. How the attempts ended that were
    in flight; None where the run ended before it came to that point."""
    make_repository(folder / "repo")
    arguments = [str(folder), str(seed), str(KILLED_SIZE), str(point), only]
    command = [sys.executable, "-m", "tests.runner.merging", *arguments]
    child = subprocess.run(command, capture_output=True, text=True, timeout=120)
    none_is_left(folder)
    stage = Stage(folder, seed, KILLED_SIZE)
    progress = asyncio.run(stage.play())
    check_result(stage, progress)
    shutil.rmtree(folder)
    assert child.returncode in (0, -9), child.stderr
    return (
        Counter(attempt.end for attempt in progress.attempts if attempt.killed) if child.returncode else None
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_right_before_or_after_the_result_moves_repeats_only_what_is_not_in_it(
    tmp_path: Path, when: str
) -> None:
    point = 4 + (when == "after")  # of the third move
    ends = killed_and_resumed(tmp_path / "run", 0, point, f"update {result_ref(RUN)}")
    assert ends is not None
    assert ends["done"] == (when == "after")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2))
def test_a_kill_at_any_step_of_git_loses_nothing_and_merges_nothing_twice(tmp_path: Path, seed: int) -> None:
    ends, points = Counter[str](), 0
    for point in range(seed, 2000, STRIDE):
        found = killed_and_resumed(tmp_path / str(point), seed, point)
        if found is None:
            break
        ends, points = ends + found, points + 1
    print(f"{points} kills, {dict(ends)}")
    assert ends["interrupted"]
