"""Which earlier attempts a task is compared with, and how sure that makes."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from beastmode.runner.foreseeing.history import Likeness, Past
from beastmode.runner.foreseeing.likeness import GUESS_S, Memory, Pool

LIKE = Likeness("l", "a", "print", "agent", "claude", "m", 1)


def past(seconds: float, run: int = 1, *, over: bool = True, **like: Any) -> Past:
    return Past(run, replace(LIKE, **like), seconds, over)


def others(seconds: float, count: int = 5, **like: Any) -> list[Past]:
    likes = [replace(LIKE, **{"task": f"o{at}", "fingerprint": f"p{at}", **like}) for at in range(count)]
    return [Past(1, of, seconds) for of in likes]


X, X_OTHER = others(3.0, list="x"), others(3.0, list="x", model="other")


@pytest.mark.parametrize(
    ("pasts", "source", "seconds"),
    [
        ([past(3.0), *others(99.0)], "the same tasks", 3.0),
        ([*others(3.0, fingerprint="print"), *others(99.0)], "the same work", 3.0),
        ([*others(3.0), *others(99.0, list="else")], "tasks of this list", 3.0),
        ([*X, *others(99.0, list="x", size=3)], "tasks of this kind, agent, model and size", 3.0),
        ([*X_OTHER, *others(99.0, list="x", agent="codex")], "tasks of this kind and agent", 3.0),
        (others(3.0, list="x", agent="codex"), "tasks of this kind", 3.0),
        (
            others(3.0, list="x", kind="http", agent=""),
            "a guess: nothing like it has been run here",
            GUESS_S["agent"],
        ),
        ([], "a guess: nothing like it has been run here", GUESS_S["agent"]),
    ],
)
def test_the_nearest_is_what_counts(pasts: list[Past], source: str, seconds: float) -> None:
    pool = Memory(pasts).pool(LIKE)
    assert pool.source == source
    assert math.exp(pool.center) == pytest.approx(seconds)


def test_the_latest_run_counts_most() -> None:
    pool = Memory([past(1.0, 1), past(1.0, 2), past(16.0, 3)]).pool(LIKE)
    assert math.exp(pool.center) == pytest.approx(math.exp(math.log(16.0) / (1 + 0.6 + 0.36)))


def test_repeats_that_agree_make_it_sure_and_those_that_differ_do_not() -> None:
    calm = [past(10.0, run, task=f"t{at}") for run in range(6) for at in range(4)]
    wild = [past(10.0 * 3.0 ** (run % 2), run, task=f"t{at}") for run in range(6) for at in range(4)]
    sure, unsure = (
        Memory(pasts).pool(Likeness("l", "t1", "print", "agent", "claude", "m")) for pasts in (calm, wild)
    )
    assert sure.off < 0.1 < 0.6 < unsure.off
    assert sure.dof == unsure.dof == 7


def test_runs_of_one_list_say_less_of_another_than_so_many_lists() -> None:
    one = [
        past(10.0, run, task=f"t{at}", list="x", fingerprint=f"{at}") for run in range(8) for at in range(4)
    ]
    many = [
        past(10.0, run, task=f"t{at}", list=f"{run}", fingerprint=f"{run}.{at}")
        for run in range(8)
        for at in range(4)
    ]
    assert Memory(one).pool(LIKE).off > Memory(many).pool(LIKE).off


def test_what_was_tried_again_is_counted_and_what_was_not_is_not_ruled_out() -> None:
    rough = Memory(
        [past(1.0, over=at % 2 == 0, task=f"o{at}", fingerprint=f"{at}") for at in range(20)]
    ).pool(LIKE)
    smooth = Memory(others(1.0, 20)).pool(LIKE)
    assert rough.again / (rough.again + rough.over) == pytest.approx(10.1 / 22)
    assert 0 < smooth.again / (smooth.again + smooth.over) < 0.01


def test_of_few_a_curve_is_drawn_and_of_many_what_was_seen() -> None:
    rng = random.Random(0)
    few, many = Memory(others(1.0, 4)).pool(LIKE), Memory(others(1.0, 40)).pool(LIKE)
    assert not few.differences
    assert {many.difference(rng) for _ in range(20)} == {0.0}
    assert len({few.difference(rng) for _ in range(20)}) == 20


def test_the_mean_of_a_curve_is_larger_than_its_middle() -> None:
    assert Pool("f", 0.0, 0.0, 0.0, 1.0).growth == pytest.approx(math.exp(0.5))
