"""Task Master: tags, states, dependencies, steps, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.compose.opening.run import checked
from beastmode.errors import RoadmapError
from beastmode.runner.formats import taskmaster
from beastmode.runner.formats.asked import Asked
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.roadmap import Roadmap, Task

PLACE = Path(".taskmaster/tasks/tasks.json")


def task(number: int | str, status: str = "pending", **more: Any) -> dict[str, Any]:
    return {"id": number, "title": f"Task {number}", "status": status, "dependencies": [], **more}


def file_of(folder: Path, value: Any, current: str = "") -> Path:
    path = folder / PLACE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(value, indent=2))
    if current:
        (folder / ".taskmaster" / "state.json").write_text(json.dumps({"currentTag": current}))
    return path


def read(*tasks: dict[str, Any]) -> Roadmap:
    return taskmaster.read(json.dumps({"master": {"tasks": tasks}}, indent=2), PLACE)


def named(roadmap: Roadmap) -> dict[str, Task]:
    return {one.id: one for one in roadmap.tasks()}


def reasons(roadmap: Roadmap) -> list[str]:
    return [f"{entry.text}: {entry.reason}" for entry in roadmap.ignored]


def test_each_tag_is_a_list_of_its_own_with_its_own_ids(tmp_path: Path) -> None:
    path = file_of(
        tmp_path, {"master": {"tasks": [task(1)]}, "loop": {"tasks": [task("1"), task("2", "done")]}}
    )
    master, loop = read_roadmap(path), read_roadmap(path, Asked(tag="loop"))
    assert (master.part, list(named(master))) == ("master", ["1"])
    assert (loop.part, {name: one.state for name, one in named(loop).items()}) == (
        "loop",
        {"1": "pending", "2": "done"},
    )
    assert reasons(master) == ["loop: another list of this file (2 tasks): --tag loop"]


def test_the_current_tag_is_the_one_that_task_master_would_take(tmp_path: Path) -> None:
    lists = {"master": {"tasks": [task(1)]}, "next": {"tasks": [task(7)]}}
    assert read_roadmap(file_of(tmp_path / "a", lists, current="next")).part == "next"
    assert read_roadmap(file_of(tmp_path / "b", {"solo": {"tasks": [task(1)]}})).part == "solo"
    with pytest.raises(RoadmapError, match=r"no tag 'gone', the current one.*\n.*master \(1\), next \(1\)"):
        read_roadmap(file_of(tmp_path / "c", lists, current="gone"))


def test_several_tags_and_none_to_prefer_is_a_question_with_the_answers(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"a": {"tasks": [task(1)]}, "b": {"tasks": []}})
    with pytest.raises(RoadmapError, match=r"several lists[^\n]*\n.*--tag.*a \(1\), b \(0\)"):
        read_roadmap(path)
    with pytest.raises(RoadmapError, match="there is no tag 'c'"):
        read_roadmap(path, Asked(tag="c"))


def test_a_file_without_tags_is_the_master_list(tmp_path: Path) -> None:
    text = json.dumps({"tasks": [task(1), task(2, dependencies=[1])], "metadata": {"projectName": "App"}})
    assert taskmaster.claims_text(text)
    roadmap = taskmaster.read(text, tmp_path / "tasks.json")
    assert (roadmap.part, roadmap.title, named(roadmap)["2"].needs) == ("master", "App", ("1",))
    odd = taskmaster.read(json.dumps({"master": {"tasks": [task(1)], "metadata": "x"}}), PLACE)
    assert odd.title == ""
    both = json.dumps({"tasks": [task(1)], "master": {"tasks": [task(5)]}})
    assert reasons(taskmaster.read(both, PLACE)) == [
        "tasks: another list of this file (1 tasks): --tag tasks"
    ]


def test_a_tag_that_is_a_bare_list_is_read_in_its_place(tmp_path: Path) -> None:
    roadmap = read_roadmap(file_of(tmp_path, {"master": [task(1), task(2, "done")], "notes": ["a"]}))
    assert [(one.id, one.state) for one in roadmap.tasks()] == [("1", "pending"), ("2", "done")]
    assert reasons(roadmap) == ["notes: no list of tasks: a tag is an object with `tasks`"]


@pytest.mark.parametrize(
    ("status", "state", "gate", "said"),
    [
        ("pending", "pending", "", ""),
        ("in-progress", "pending", "", ""),
        ("done", "done", "", ""),
        ("completed", "done", "", ""),
        ("review", "pending", "only", "review"),
        ("deferred", "held", "", "deferred"),
        ("cancelled", "held", "", "cancelled"),
        ("blocked", "held", "", "blocked"),
        (None, "pending", "", ""),
    ],
)
def test_states(status: str, state: str, gate: str, said: str) -> None:
    one = named(read(task(1, status)))["1"]
    assert (one.state, one.options.gate, one.options.said) == (state, gate, said)


def test_an_unknown_state_is_not_done_and_told_with_its_line() -> None:
    roadmap = read(task(1), task(2, "wobbling"))
    assert named(roadmap)["2"].state == "pending"
    [entry] = roadmap.ignored
    assert (entry.line, entry.reason) == (10, "unknown state 'wobbling': taken as not done")


def test_dependencies_are_numbers_texts_and_parts_of_tasks() -> None:
    roadmap = read(
        task(1), task(2), task(5, dependencies=[1, "2"]), task("6", dependencies=["5.2", 5.2, "5"])
    )
    assert named(roadmap)["5"].needs == ("1", "2")
    assert named(roadmap)["6"].needs == ("5",)


def test_a_dependency_on_nothing_is_told_and_one_on_itself_too() -> None:
    roadmap = read(task(1, dependencies=[9, 1]), task(2, "done", dependencies=[9]))
    assert reasons(roadmap) == [
        "1: need not followed: no task 9",
        "1: need not followed: it is the task itself",
    ]
    assert named(roadmap)["1"].needs == ()


def test_tasks_that_wait_for_each_other_are_refused_by_name() -> None:
    roadmap = read(task(1, dependencies=[2]), task(2, dependencies=[1]))
    with pytest.raises(RoadmapError, match=r"tasks wait for each other: [12] -> [12] -> [12]"):
        checked(roadmap, "x")


def test_subtasks_are_steps_of_their_task_and_never_tasks() -> None:
    steps = [
        {"id": 1, "title": "Dig", "status": "done", "details": "a hole"},
        {
            "id": 2,
            "title": "Plant",
            "status": "pending",
            "description": "a tree",
            "testStrategy": "it stands",
        },
        {"id": 3, "title": "Water", "status": "deferred", "dependencies": [2]},
    ]
    roadmap = read(task(7, description="A garden", details="Small", testStrategy="Look", subtasks=steps))
    assert list(named(roadmap)) == ["7"]
    assert named(roadmap)["7"].details == (
        "A garden\n\nDetails: Small\n\nHow it is tested: Look\n\nSteps (subtasks):\n- [x] 7.1 Dig\n- [ ] 7.2 Plant\n"
        "      a tree\n\n      How it is tested: it stands\n- [ ] 7.3 Water (deferred)"
    )


def test_a_task_waits_for_what_its_open_steps_need_of_others() -> None:
    def step(status: str, *needs: int | str) -> dict[str, Any]:
        return {"id": 1, "title": "s", "status": status, "dependencies": needs}

    roadmap = read(
        task(1), task(2, subtasks=[step("pending", "1.3")]), task(3, subtasks=[step("done", "1.3")])
    )
    assert (named(roadmap)["2"].needs, named(roadmap)["3"].needs) == (("1",), ())
    circle = read(task(1, subtasks=[step("pending", "2.1")]), task(2, dependencies=[1]))
    assert (named(circle)["1"].needs, named(circle)["2"].needs) == ((), ("1",))
    assert reasons(circle) == ["1: need not followed: 2 waits for 1 itself"]


def test_a_task_that_is_done_stays_done_and_its_open_steps_are_told() -> None:
    roadmap = read(task(1, "done", subtasks=[{"id": 1, "title": "s", "status": "pending"}]))
    assert named(roadmap)["1"].state == "done"
    assert reasons(roadmap) == ["1: done, though 1 of its 1 subtasks are not: taken as done"]


def test_priorities_order_what_is_free() -> None:
    given = ("critical", "high", "medium", "low", None)
    roadmap = read(*(task(number, priority=word) for number, word in enumerate(given)))
    assert [one.options.priority for one in roadmap.tasks()] == [2, 1, 0, -1, 0]
    assert reasons(read(task(1, priority="soon"))) == ["1: unknown priority 'soon': taken as medium"]


def test_keys_of_a_newer_version_are_told_once_and_passed_on() -> None:
    roadmap = read(task(1, oracle="ask it"), task(2, oracle=["a", {"b": 1}]))
    assert reasons(roadmap) == [
        "oracle: a key that is not known here (2 tasks): it is told to whoever does the task, as it stands"
    ]
    assert [one.details for one in roadmap.tasks()] == ["oracle: ask it", "oracle:\n- a\n- b: 1"]


def test_an_id_that_stands_twice_in_one_tag_is_refused_but_a_mere_copy_is_told(tmp_path: Path) -> None:
    twice = file_of(tmp_path, {"master": {"tasks": [task(1), {**task(1), "title": "Other"}]}})
    with pytest.raises(RoadmapError, match="'1' is used twice"):
        read_roadmap(twice)
    copied = read(task(1), task(1), task(2))
    assert list(named(copied)) == ["1", "2"]
    assert reasons(copied) == ["1: repeats 1 of line 4"]


@pytest.mark.parametrize(
    "value",
    [
        {"tasks": [{"id": "build", "command": ["make"]}]},
        {"tasks": [{"id": "build", "title": "no work"}]},
        {"tasks": [{"id": "a", "status": "pending", "command": ["make"]}]},
        {"phases": [{"title": "One", "tasks": [{"id": "a"}]}]},
        {"version": "2.0.0", "tasks": [{"label": "build", "type": "shell", "command": "make"}]},
        {"name": "app", "scripts": {"tasks": "x"}},
        {"tasks": {"build": "deno run"}},
        [task(1)],
        {"tasks": []},
    ],
)
def test_json_of_others_is_left_to_them(value: Any) -> None:
    assert not taskmaster.claims_text(json.dumps(value))


def test_a_file_in_its_place_that_holds_no_list_says_so(tmp_path: Path) -> None:
    with pytest.raises(RoadmapError, match="no tag of it holds tasks"):
        read_roadmap(file_of(tmp_path / "a", {"meta": {}}))
    with pytest.raises(RoadmapError, match="no tags and no tasks are in it"):
        read_roadmap(file_of(tmp_path / "b", [1]))
    with pytest.raises(RoadmapError, match=r"no tasks found. What stands in it: another list.*--tag next"):
        read_roadmap(file_of(tmp_path / "c", {"master": {"tasks": []}, "next": {"tasks": [task(1)]}}))


def test_ticking_changes_the_state_of_that_tag_alone() -> None:
    lists = {"master": {"tasks": [task(1, subtasks=[task(1)]), task(2)]}, "b": {"tasks": [task(1)]}}
    text = json.dumps(lists, indent=1).replace("\n", "\r\n")
    [edit] = taskmaster.ticks(text, PLACE, taskmaster.read_part(text, PLACE, "b"), {"1"})
    changed = text[: edit.start] + edit.text + text[edit.end :]
    assert json.loads(changed)["b"]["tasks"][0]["status"] == "done"
    assert json.loads(changed)["master"] == lists["master"]
    assert (text[edit.start : edit.end], edit.text) == ('"pending"', '"done"')


@pytest.mark.parametrize(
    ("head", "written"), [("{", '{"status":"done",'), ("{ \n  ", '{ \n  "status": "done", \n  ')]
)
def test_a_task_without_a_state_gets_one_in_front(head: str, written: str) -> None:
    text = '{"master": {"tasks": [' + head + '"id": 1}]}}'
    [edit] = taskmaster.ticks(text, PLACE, taskmaster.read(text, PLACE), {"1"})
    assert text[: edit.start] + edit.text + text[edit.end :] == text.replace(head + '"id"', written + '"id"')


def test_of_a_state_that_stands_twice_the_last_is_read_and_ticked() -> None:
    text = '{"master": {"tasks": [{"id": 1, "status": "done", "status": "pending"}]}}'
    roadmap = taskmaster.read(text, PLACE)
    assert named(roadmap)["1"].state == "pending"
    [edit] = taskmaster.ticks(text, PLACE, roadmap, {"1"})
    assert text[edit.start : edit.end] == '"pending"'
