"""The promise of a plan, on real runs: over 30 of them in one home, the time each took lies within the spread that was
recorded when it began in at least 80 %. And the spread is of use: its width is told, and bounded."""

from __future__ import annotations

import random
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from beastmode import run
from beastmode.runner.home import journal_path
from beastmode.runner.progress import Progress
from beastmode.runner.report.planned import plan_lines
from beastmode.runner.roadmap import Roadmap, Task, TaskOptions
from beastmode.runner.work import Command
from beastmode.store.journal.journal import JournalReader

TO_BUILD, TO_JUDGE = 4, 32


def a_list(rng: random.Random, number: int) -> Roadmap:
    """Of its own shape, width and durations; some tasks fail the first time."""
    base, tasks = rng.uniform(0.05, 0.25), list[Task]()
    for at in range(rng.randint(4, 14)):
        seconds = min(0.5, base * rng.lognormvariate(0.0, 0.5))
        again = "; test $BEAST_ATTEMPT -gt 1" if rng.random() < 0.08 else ""
        needs = (f"t{rng.randrange(at)}",) if at and rng.random() < 0.4 else ()
        priority = TaskOptions(priority=rng.choice((0, 0, 1)))
        tasks.append(
            Task(f"t{at}", Command(shell=f"sleep {seconds:.3f}{again}"), needs=needs, options=priority)
        )
    return Roadmap(tasks, title=f"list {number}")


def runs(home: Path) -> list[list[dict[str, Any]]]:
    """What each run of a home was to take, and has taken."""
    reader = JournalReader(journal_path(home))
    try:
        return [
            plan_lines(Progress(one.run, keep_attempts=True).apply_all(reader.events(one.run)))
            for one in list(reader.runs())
        ]
    finally:
        reader.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_over_thirty_runs_four_fifths_take_as_long_as_was_foreseen(tmp_path: Path) -> None:
    rng, lists = random.Random(6), list[Roadmap]()
    for number in range(TO_BUILD + TO_JUDGE):
        if not lists or rng.random() < 0.6:
            lists.append(a_list(rng, number))
        chosen, at_once = rng.choice(lists[-4:]), rng.choice((1, 2, 3, 4))
        run(chosen, home=tmp_path, fresh=True, concurrency=at_once, durability="process")
    told = [line["figures"]["seconds"] for (line,) in runs(tmp_path)[TO_BUILD:]]
    assert len(told) == TO_JUDGE
    within = sum(figure["within"] for figure in told) / len(told)
    widths = [(figure["high"] - figure["low"]) / figure["actual"] for figure in told]
    print(f"{within:.0%} of {len(told)} runs within; median width {median(widths):.2f} of the actual time")
    assert within >= 0.8
    assert median(widths) < 2.5
