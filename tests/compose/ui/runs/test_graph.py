"""The part of the graph that is shown: all of a small one, of a large one what matters now."""

from __future__ import annotations

from itertools import pairwise

from beastmode.compose.ui.runs.graph import graph_of
from tests.compose.ui.runs.looking import by_needs, look_at
from tests.runner.story import Story, failure


def chain(size: int) -> Story:
    names = [f"t{number}" for number in range(size)]
    more = {name: {"needs": [before]} for before, name in pairwise(names)}
    return by_needs(Story().session().plan(*names, "alone", **more))


def test_a_small_graph_is_shown_whole_without_what_stands_alone() -> None:
    part = graph_of(look_at(chain(5)))
    assert [line.id for line in part.tasks] == ["t0", "t1", "t2", "t3", "t4"]
    assert part.edges == [("t0", "t1"), ("t1", "t2"), ("t2", "t3"), ("t3", "t4")]
    assert (part.left_out, part.alone, part.rule) == (0, 1, "")


def test_of_a_large_one_what_is_around_the_failed_and_the_active_is_shown() -> None:
    story = chain(1000).attempt("t500", 1, 2, end="failed", failure=failure())
    part = graph_of(look_at(story), most=21)
    assert [line.id for line in part.tasks] == [f"t{number}" for number in range(490, 511)]
    assert (len(part.edges), part.left_out) == (20, 979)


def test_of_one_where_nothing_has_begun_the_first_are_shown() -> None:
    part = graph_of(look_at(chain(1000)), most=5)
    assert [line.id for line in part.tasks] == ["t0", "t1", "t2", "t3", "t4"]


def test_a_task_that_hundreds_need_leaves_room_for_others() -> None:
    names = [f"t{number}" for number in range(400)]
    story = Story().session().plan("hub", *names, **{name: {"needs": ["hub"]} for name in names})
    story.attempt("hub", 1, 2, end="failed", failure=failure())
    part = graph_of(look_at(story))
    assert part.tasks[0].id == "hub"
    assert len(part.tasks) == 41


def test_an_order_of_the_list_is_told_and_a_need_that_is_gone_is_not_drawn() -> None:
    story = Story().session().plan("a", a={"needs": ["gone"]})
    part = graph_of(look_at(by_needs(story, "phase by phase")))
    assert (part.edges, part.rule) == ([], "phase by phase")
