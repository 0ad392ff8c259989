"""Runners that start at the same instant in a home that does not exist yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.crash.commands import WORKERS, workers
from tests.crash.races import LISTS

ROUNDS = 60


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_runners_race_to_create_a_home(tmp_path: Path) -> None:
    """Each list is run once, whoever is faster; the one who is late is refused, or finds that all is done."""
    share = ([str(tmp_path), str(seed), str(ROUNDS // WORKERS)] for seed in range(WORKERS))
    rounds = workers("races", *share)
    for race in rounds:
        check(race)
    refused = sum(2 in race["codes"] for race in rounds)
    print(f"\n{len(rounds)} races of {len(LISTS)} runners, {refused} with one refused")
    assert len(rounds) == ROUNDS
    assert refused, "the two with the same list never met"


def check(race: dict[str, Any]) -> None:
    assert race["whole"], race
    assert race["version"] == 1, race
    assert race["lists"] == sorted(set(LISTS)), race
    assert race["results"] == [[name, task, 1] for name in sorted(set(LISTS)) for task in "ab"], race
    assert race["codes"][:4] in ([0, 0, 0, 0], [0, 0, 0, 2]), race
    assert race["codes"][3:] in ([0, 0], [0, 2], [2, 0]), race
    for place, code in enumerate(race["codes"]):
        if code == 2:
            other = race["pids"][7 - place]
            named = re.search(r"already, by (?:run r\d+, )?process (\d+)", race["said"][place])
            assert named, race["said"][place]
            assert int(named[1]) == other, race
