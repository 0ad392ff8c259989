"""JSON that is no list of tasks, or no JSON: refused with what it is, and where."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.errors import RoadmapError
from beastmode.runner.formats import beads, feature_list, github, prd, taskmaster
from beastmode.runner.formats.readers import READERS
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.formats.record_text import named
from beastmode.runner.roadmap import Roadmap, problems_of


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        (
            "package.json",
            '{"name": "x", "version": "1", "scripts": {"test": "x"}}',
            "the package.json of a program",
        ),
        ("a.json", '{"a": 1, "b": [2]}', "an object with the keys a, b"),
        ("a.json", "{}", "an empty object"),
        ("a.json", "[]", "a list of 0"),
        ("a.json", '["x", "y"]', "a list of 2, the first of them the single value 'x'"),
        ("a.jsonl", '{"a": 1}\n{"b": 2}\n', "the first is an object with the keys a"),
        ("a.json", '{"master": {"tasks": [}}', "line 1, column 23"),
        ("a.jsonl", '{"a": 1}\n{"b"\n', "line 3, column 1"),
        ("a.txt", '{"a": 1,}', "line 1, column 9"),
    ],
)
def test_what_it_is_instead(tmp_path: Path, name: str, text: str, what: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(RoadmapError) as raised:
        read_roadmap(path)
    [problem] = raised.value.problems
    assert what in problem.what
    assert problem.line > 0
    assert problem.tip


def test_native_json_goes_to_the_native_reader(tmp_path: Path) -> None:
    path = tmp_path / "roadmap.json"
    tasks = [
        {"id": "build", "command": ["make"]},
        {"id": "test", "command": ["make", "test"], "needs": ["build"]},
    ]
    for value in ({"tasks": tasks}, {"phases": [{"title": "One", "tasks": tasks}]}, {"tasks": [{"id": "a"}]}):
        path.write_text(json.dumps(value))
        assert read_roadmap(path).format == "native"
    path.write_text('{"tasks": [{"id": "a", "status": "open", "command": ["x"]}]}')
    with pytest.raises(RoadmapError, match="unknown key 'status'"):
        read_roadmap(path)


KEYS = st.sampled_from(
    sorted(
        named(
            "id title status passes tasks subtasks dependencies priority userStories features number state body "
            "parent issue_type description metadata master labels milestone blockedBy type depends_on_id comments"
        )
    )
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        [
            "done",
            "open",
            "1",
            "2",
            "a",
            "5.2",
            "",
            "closed",
            "OPEN",
            "\0",
            "\ud800",
            "Depends on #1",
            "- [ ] #2",
        ]
    )
)
VALUES: Any = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
FORMATS = (taskmaster, beads, prd, feature_list, github)


def read_or_none(reader: ModuleType, text: str) -> Roadmap | None:
    try:
        roadmap: Roadmap = reader.read(text, Path("any.json"))
    except RoadmapError:
        return None
    return roadmap


@settings(max_examples=400, deadline=None)
@given(VALUES, st.sampled_from(FORMATS))
def test_any_json_is_read_or_refused_with_a_reason(value: Any, reader: ModuleType) -> None:
    text = json.dumps(value)
    for one in READERS:
        one.claims_text(text)
    roadmap = read_or_none(reader, text)
    if roadmap is None:
        return
    known = ("no tasks found", "is used twice", "without an id")
    assert [one for one in problems_of(roadmap) if not any(word in one.what for word in known)] == []
    for task in roadmap.tasks():
        (task.title + task.details + task.id).encode()
    open_ = {task.id for task in roadmap.tasks() if task.state == "pending" and task.id}
    for edit in reader.ticks(text, Path("any.json"), roadmap, open_):
        assert 0 <= edit.start <= edit.end <= len(text)
