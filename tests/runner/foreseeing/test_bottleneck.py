"""What holds a run up: the limit that would save most if it were twice as wide."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from beastmode.runner.foreseeing.bottleneck import Bottleneck, bottleneck
from beastmode.runner.foreseeing.foresight import Limits, Scene
from beastmode.runner.foreseeing.history import Likeness, Past
from beastmode.runner.foreseeing.likeness import Pool
from beastmode.runner.foreseeing.worlds import Case
from beastmode.runner.graph import Graph
from beastmode.settings import Rate, TokenRate

USAGE = {"requests": 10, "hits": 0, "unpriced": 0, "cost_usd": 0.1, "tokens_in": 9000, "tokens_out": 1000}


def always(seconds: float, **parts: Any) -> Pool:
    """Attempts that all take as long."""
    rows = (Past(1, Likeness(), seconds, usage=USAGE, **parts),)
    return Pool("f", math.log(seconds), 0.0, 0.0, 0.0, rows=rows)


def held_up(
    pool: Pool, limits: Limits, size: int = 12, *edges: tuple[int, int], code: bool = False
) -> Bottleneck:
    graph = Graph(size, size, edges)
    places = frozenset(range(size if code else 0))
    return bottleneck(Case(Scene(graph), limits, [pool] * size, code=places))


def test_many_tasks_of_their_own_wait_for_a_place() -> None:
    found = held_up(always(10.0), Limits(3))
    assert str(found) == "tasks at once: 3 -> 6 would save about 50 %"
    assert found.as_json()["saves"] == 0.5


def test_a_slow_rate_holds_up_more_than_anything() -> None:
    found = held_up(always(1.0), Limits(10, (Rate(2, 60.0),)))
    assert (found.name, found.now, found.then) == ("rate of starts", "2/min", "4/min")


def test_a_chain_is_held_up_by_itself() -> None:
    found = held_up(always(10.0), Limits(12), 12, *((at, at + 1) for at in range(11)))
    assert str(found).startswith("the list: its tasks wait for each other, at most 1 at once")


@pytest.mark.parametrize(
    ("name", "parts", "limits"),
    [
        ("requests in flight", {"asked_s": 9.0}, Limits(None, asking=1)),
        ("rate of requests", {"asked_s": 1.0}, Limits(None, asking_rates=(Rate(30, 60.0),))),
        ("tokens", {"asked_s": 1.0}, Limits(None, tokens=(TokenRate(30_000, 60.0),))),
        ("checks", {"check_s": 9.0}, Limits(None, checks=1)),
        ("merging", {"merge_s": 9.0}, Limits(None)),
    ],
)
def test_code_may_wait_for_more(name: str, parts: dict[str, float], limits: Limits) -> None:
    assert held_up(always(10.0, **parts), limits, code=True).name == name


def test_one_task_is_held_up_by_nothing() -> None:
    assert held_up(always(10.0), Limits(3), 1) == Bottleneck("none")
    assert held_up(always(10.0), replace(Limits(), at_once=None), 0).name == "none"


def test_of_a_long_list_it_is_what_bounds_it() -> None:
    found = held_up(always(1.0), Limits(50, (Rate(1, 1.0),)), 20_000)
    assert found.name == "rate of starts"
    assert found.saves == pytest.approx(0.5, abs=0.01)


def test_the_width_of_a_list_is_that_of_what_is_left() -> None:
    """Ten are done; the others form a chain."""
    graph = Graph(14, 14, [*((done, 10) for done in range(10)), *((at, at + 1) for at in range(10, 13))])
    case = Case(Scene(graph, over=set(range(10))), Limits(3), [always(1.0)] * 14)
    assert "at most 1 at once" in str(bottleneck(case))
