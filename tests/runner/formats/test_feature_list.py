"""feature_list.json: features with and without ids, and how each says that it passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.runner.formats import feature_list
from beastmode.runner.formats.edit import Edit
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Roadmap

PLACE = Path("feature_list.json")
LONG = "A user can change the colour of every button on every page of the whole application at once"


def feature(description: str, *, passes: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "category": "functional",
        "description": description,
        "steps": ["one", "two"],
        "passes": passes,
        **more,
    }


def read(value: Any) -> Roadmap:
    return feature_list.read(json.dumps(value, indent=1, ensure_ascii=False), PLACE)


def ids(roadmap: Roadmap) -> list[str]:
    return [one.id for one in roadmap.tasks()]


def ticked(text: str, *done: str) -> str:
    edits: list[Edit] = feature_list.ticks(text, PLACE, feature_list.read(text, PLACE), done)
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def test_features_without_ids_are_named_by_what_they_say() -> None:
    roadmap = read([feature("Log in"), feature("Log out!", passes=True)])
    assert [(one.id, one.state, one.options.category) for one in roadmap.tasks()] == [
        ("log-in", "pending", "functional"), ("log-out", "done", "functional"),
    ]  # fmt: skip
    assert [one.details for one in roadmap.tasks()] == ["Steps:\n- one\n- two"] * 2


def test_a_list_may_grow_anywhere_and_no_feature_is_renamed() -> None:
    before = [feature("Log in"), feature(LONG), feature(LONG + "!"), feature("登录")]
    names = ids(read(before))
    assert ids(read([{**one, "notes": "now it works", "passes": True} for one in before])) == names
    assert len(set(names)) == 4
    assert all(name.isascii() or name.startswith("登录") for name in names)
    after = [feature("New"), before[2], feature("Also new"), *before[:2], before[3]]
    assert set(names) <= set(ids(read(after)))


def test_what_stands_there_twice_is_told_and_done_once() -> None:
    value = [feature("Log in"), feature("Log in"), feature("Log in", category="style")]
    roadmap = read(value)
    assert len(set(ids(feature_list.read(json.dumps(value), PLACE)))) == 3, "all on one line"
    assert [one.state for one in roadmap.tasks()] == ["pending", "dropped", "pending"]
    assert len(set(ids(roadmap))) == 3
    assert [entry.reason for entry in roadmap.ignored] == ["repeats line 2 word for word"]


def test_they_go_one_after_the_other_as_they_stand_or_by_number() -> None:
    assert graph_of(read([feature("b", priority="low"), feature("a", priority="high")])).waves() == [[0], [1]]
    assert ids(read([feature("b", priority=2), feature("a", priority=1)])) == ["a", "b"]
    graph = read(
        {"features": [feature("b", id="F2", depends_on=["F1"]), feature("a", id="F1"), feature("c", id="F3")]}
    )
    assert graph_of(graph).waves() == [[1, 2], [0]]


def test_what_names_no_feature_orders_none() -> None:
    roadmap = read({"features": [feature("a", id="F1", requires=["react"]), feature("b", id="F2")]})
    assert graph_of(roadmap).waves() == [[0], [1]]
    assert [entry.reason for entry in roadmap.ignored] == ["need not followed: no task react"]


def test_features_that_say_their_state_in_a_word() -> None:
    words = ("complete", "not_started", "passing", "failing", "blocked", "weird")
    roadmap = read(
        {"features": [{"id": f"f{n}", "name": "x", "status": word} for n, word in enumerate(words)]}
    )
    assert [one.state for one in roadmap.tasks()] == [
        "done",
        "pending",
        "done",
        "pending",
        "dropped",
        "pending",
    ]
    assert [entry.reason for entry in roadmap.ignored] == ["unknown state 'weird': taken as not done"]


def test_features_may_stand_by_their_names() -> None:
    login, logout = (
        {"title": "Log in", "status": "passing"},
        {"id": "F2", "title": "Log out", "status": "todo"},
    )
    for value in ({"0": login, "1": logout}, {"features": {"0": login, "1": logout}}):
        text = json.dumps(value)
        assert [(one.id, one.state) for one in read(value).tasks()] == [("0", "done"), ("F2", "pending")]
        assert ticked(text, "F2") == text.replace("todo", "passing")
        assert read(value).ignored == []


def test_an_id_that_stands_twice_for_different_things_is_told_and_both_are_done() -> None:
    value = [
        feature("a", id="F1"),
        feature("b", id="F1"),
        feature("a", id="F1"),
        feature("c", id="F2", depends_on=["F1"]),
    ]
    roadmap = read({"features": value})
    assert [(one.id, one.title, one.needs) for one in roadmap.tasks()] == [
        ("F1", "a", ()), ("F1-2", "b", ()), ("F2", "c", ("F1",)),
    ]  # fmt: skip
    assert [entry.reason for entry in roadmap.ignored] == [
        "repeats the id of line 3 for something else: it is called F1-2 here",
        "repeats F1 of line 3",
    ]
    assert [one["passes"] for one in json.loads(ticked(json.dumps(value), "F1-2"))] == [
        False,
        True,
        False,
        False,
    ]


def test_ticking_says_it_as_the_list_does() -> None:
    flags = json.dumps([feature("Log in"), feature("Log out")], indent=2)
    assert ticked(flags, "log-out") == json.dumps(
        [feature("Log in"), feature("Log out", passes=True)], indent=2
    )
    words = '{"features": [{"id": "a", "name": "x", "status": "complete"}, {"id": "b", "name": "y", "status": "todo"}]}'
    assert ticked(words, "b") == words.replace("todo", "complete")
    bare = '{"features": [{"id": "a", "name": "x", "status": "todo"}, {"id": "b", "name": "y"}]}'
    assert json.loads(ticked(bare, "a", "b"))["features"] == [
        {"id": "a", "name": "x", "status": "done"}, {"passes": True, "id": "b", "name": "y"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        [{"name": "x", "version": "1"}],
        [{"description": "x", "status": "open"}],
        {"features": ["a", "b"]},
        {"features": {"dark": True}},
        {"passes": True},
        [1, 2],
        [],
        {"tasks": [{"id": "a", "command": ["x"]}]},
        {"results": [{"name": "x", "passes": True}]},
        {"items": [{"name": "x", "status": "open"}]},
        {"features": [{"name": "x", "status": "stable"}]},
        {"service-a": {"name": "x", "status": "active"}},
    ],
)
def test_json_of_others_is_left_to_them(value: Any) -> None:
    assert not feature_list.claims_text(json.dumps(value))
