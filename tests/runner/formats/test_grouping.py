from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.formats.grouping import MOST_LEVELS, grouped, in_phases
from beastmode.runner.roadmap import Phase, Roadmap, Task

NAMES = "abcdef"


def shape(children: list[Phase | Task]) -> list[object]:
    return [one.id if isinstance(one, Task) else (one.title, shape(one.children)) for one in children]


def test_what_has_others_below_it_is_the_last_of_its_phase() -> None:
    tasks = [Task("a", title="A"), Task("b"), Task("c"), Task("d")]
    assert shape(grouped(tasks, {"b": "a", "d": "b"})) == [("A", [("b", ["d", "b"]), "a"]), "c"]


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES)))
def test_every_task_is_there_once_whatever_is_below_what(above: dict[str, str]) -> None:
    roadmap = Roadmap(grouped([Task(name) for name in NAMES], above))
    assert sorted(task.id for task in roadmap.tasks()) == list(NAMES)


def test_a_long_chain_is_no_deep_tree() -> None:
    tasks = [Task(str(number)) for number in range(5_000)]
    roadmap = Roadmap(grouped(tasks, {str(number): str(number + 1) for number in range(4_999)}))
    places = [place for place, _ in roadmap.walk()]
    assert len(places) == 5_000
    assert max(map(len, places)) <= MOST_LEVELS


def test_phases_are_made_where_the_first_of_their_tasks_stands() -> None:
    children: list[Phase | Task] = [Task("a"), Phase("P", [Task("x"), Task("b")]), Task("c")]
    inside = {"b": ["One", "Two"], "c": ["One"]}
    assert shape(in_phases(children, inside)) == ["a", ("One", [("Two", [("P", ["x", "b"])]), "c"])]
