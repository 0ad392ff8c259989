"""Other limits, asked for in words."""

from __future__ import annotations

import math

import pytest

from beastmode.cli.what_if import combinations, row_lines, rows_of
from beastmode.errors import SettingError
from beastmode.runner.foreseeing.estimate import estimate
from beastmode.runner.foreseeing.foresight import Limits, Scene
from beastmode.runner.foreseeing.likeness import Pool
from beastmode.runner.foreseeing.worlds import Case
from beastmode.runner.graph import Graph
from beastmode.settings import Rate

POOL = Pool("f", math.log(10.0), 0.0, 0.0, 0.0)


def case(*, code: bool = False) -> Case:
    limits = Limits(3, asking=3, asking_rates=(Rate(8, 1.0),)) if code else Limits(3, (Rate(8, 1.0),))
    return Case(Scene(Graph(12, 12, ())), limits, [POOL] * 12, code=frozenset(range(12 if code else 0)))


def test_each_combination_is_a_row_beside_what_it_is_today() -> None:
    today = estimate(case())
    lines = list(row_lines(today, rows_of(case(), "max-concurrency=6,12 rate=1/min,none")))
    assert [line.split() for line in lines[:2]] == [
        ["max-concurrency", "rate", "takes", "from", "…", "to"],
        ["as", "it", "is", "40", "s", "40", "s", "…", "40", "s"],
    ]
    assert len(lines) == 2 + 4
    assert lines[3].endswith("50 % less")
    assert "more" in lines[2]
    assert rows_of(case(), "max-concurrency=3")[0].as_json()["limits"] == {"max-concurrency": "3"}
    assert list(row_lines(today, rows_of(case(), "max-concurrency=3")))[-1].endswith("no difference")


def test_where_code_is_written_the_rate_is_that_of_requests() -> None:
    slow, fast = rows_of(case(code=True), "rate=1/min,none upstream-concurrency=none")
    assert slow.estimate.seconds.median > 2 * fast.estimate.seconds.median


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("concurrency=5", "Did you mean max-concurrency?"),
        ("max-concurrency=5 max-concurrency=6", "said twice"),
        ("max-concurrency", "no value"),
        ("max-concurrency=zero", "is not a concurrency"),
        ("rate=0/s", "never start anything"),
        ("tokens=1000/min", "no task of this list writes code"),
        ("max-concurrency=1,2,3,4,5 rate=1/s,2/s,3/s,4/s,5/s", "these are 25 combinations"),
        (" ", "it names no limit"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(SettingError) as refused:
        combinations(text, code=False)
    assert says in f"{refused.value} {refused.value.tip}"
    assert refused.value.where.startswith("--what-if")
