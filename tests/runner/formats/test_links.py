"""Ids and needs of lists that have them: what is followed, what is told, and what stays an error."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.links import Ids, Links
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Roadmap, Task

PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14)


def linked(
    firm: list[tuple[int, int]], loose: list[tuple[int, int]], done: Collection[int] = ()
) -> list[Task]:
    tasks = [Task(str(number), state="done" if number in done else "pending") for number in range(8)]
    links = Links(tasks, Account())
    for task, need in firm:
        links.need(tasks[task], str(need), str(need))
    for task, need in loose:
        links.need_loosely(tasks[task], str(need))
    links.settle()
    return tasks


@given(PAIRS, PAIRS)
def test_loose_needs_never_close_a_circle_and_are_followed_where_they_do_not(
    firm: list[tuple[int, int]], loose: list[tuple[int, int]]
) -> None:
    alone = linked(firm, [])
    together = linked(firm, loose)
    assert bool(graph_of(Roadmap(together)).cycle()) == bool(graph_of(Roadmap(alone)).cycle())
    every = [(str(a), str(b)) for a, b in (*firm, *loose) if a != b]
    tasks = [Task(str(n), needs=tuple({need for name, need in every if name == str(n)})) for n in range(8)]
    if not graph_of(Roadmap(tasks)).cycle():
        assert [set(task.needs) for task in together] == [set(task.needs) for task in tasks]


@given(PAIRS, st.sets(st.integers(0, 7)))
def test_what_is_done_is_part_of_no_circle(firm: list[tuple[int, int]], done: set[int]) -> None:
    left = [(task, need) for task, need in firm if not {task, need} & done]
    circle = bool(graph_of(Roadmap(linked(left, []))).cycle())
    assert bool(graph_of(Roadmap(linked(firm, [], done))).cycle()) == circle


def test_a_circle_of_a_hundred_thousand_is_found_without_recursion() -> None:
    tasks = [Task(str(number)) for number in range(100_000)]
    links = Links(tasks, Account())
    for task in tasks:
        links.need(task, str((int(task.id) + 1) % len(tasks)), "")
    links.need_loosely(tasks[0], "7")
    links.settle()
    assert tasks[0].needs == ("1",)


def test_own_ids_stay_where_they_are_safe_and_are_told_apart_where_not() -> None:
    ids = Ids()
    names = ("US-001", "bd-a3f8.1", "a b", "a/b", "../x", "登录", "", "US-001")
    assert [ids.give(own) for own in names] == [
        "US-001",
        "bd-a3f8.1",
        "a-b",
        "a-b-2",
        "x",
        "登录",
        "",
        "US-001",
    ]
    assert (ids.get("a/b"), ids.get("none")) == ("a-b-2", "")
