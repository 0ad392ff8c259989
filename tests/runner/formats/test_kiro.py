"""Kiro and cc-sdd lists: what is work and what holds it, states, order, remarks, ticks."""

# ruff: noqa: RUF001  (lists as they are found in the wild)
from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from beastmode.runner.formats import kiro
from beastmode.runner.formats.edit import made
from beastmode.runner.formats.reading import reader_for
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Phase, Roadmap, Task, problems_of

HERE = Path(".kiro/specs/login/tasks.md")

LIST = """
    # Implementation Plan: Login

    ## Overview

    Words about it.

    ## Tasks

    - [x] 1. Set up
      - Create folders
      - _Requirements: 1.1_

    - [ ] 2. Models
      - [x] 2.1 Write the model
        - with a test
        - _Requirements: 1.2_
      - [-] 2.2 Write the store
      - [ ]* 2.3 Write property test
        - **Property 1: it holds**
        - **Validates: Requirements 1.2**

    - [ ] 3. Checkpoint - Ensure all tests pass
      - Ensure all tests pass, ask the user if questions arise.

    ## Notes

    - Tasks marked with `*` are optional
    """


def read(text: str, path: Path = HERE) -> Roadmap:
    return kiro.read(dedent(text).lstrip("\n"), path)


def found(text: str) -> list[tuple[str, str, str]]:
    return [(task.id, task.title, task.state) for task in read(text).tasks()]


def by_id(text: str) -> dict[str, Task]:
    return {task.id: task for task in read(text).tasks()}


def reasons(text: str) -> dict[int, str]:
    return {entry.line: entry.reason for entry in read(text).ignored}


def after(text: str) -> list[list[str]]:
    """The waves in which the tasks of a list can run."""
    roadmap = read(text)
    assert problems_of(roadmap) == []
    assert graph_of(roadmap).cycle() == []
    names = [task.id for task in roadmap.tasks()]
    return [[names[index] for index in wave] for wave in graph_of(roadmap).waves()]


def test_the_innermost_boxes_are_the_work_and_what_holds_them_is_a_phase() -> None:
    assert found(LIST) == [
        ("1", "Set up", "done"),
        ("2.1", "Write the model", "done"),
        ("2.2", "Write the store", "pending"),
        ("2.3", "Write property test", "pending"),
        ("3", "Checkpoint - Ensure all tests pass", "pending"),
    ]
    roadmap = read(LIST)
    assert roadmap.title == "Implementation Plan: Login"
    first, models, last = roadmap.children
    assert isinstance(models, Phase)
    assert (models.title, models.line, models.order) == ("2. Models", 13, "sequence")
    assert isinstance(first, Task)
    assert isinstance(last, Task)


def test_a_star_is_optional_a_checkpoint_asks_and_a_dash_is_not_done_yet() -> None:
    tasks = by_id(LIST)
    assert [name for name, task in tasks.items() if task.options.optional] == ["2.3"]
    assert {name: task.options.gate for name, task in tasks.items() if task.options.gate} == {"3": "only"}
    assert reasons(LIST)[17] == "in progress [-]: taken as not done"


def test_details_are_what_stands_below_a_task_with_properties_and_requirements() -> None:
    tasks = by_id(LIST)
    assert tasks["2.1"].details == "    - with a test\n    - _Requirements: 1.2_"
    assert "Validates" in tasks["2.3"].details
    assert by_id("- [ ] 1. a\n  - [x] set up x\n  - [ ] set up y\n- [ ] 2. b\n")["1"].details.count("\n") == 1


def test_tasks_come_in_the_order_of_the_list() -> None:
    assert after(LIST) == [["1"], ["2.1"], ["2.2"], ["2.3"], ["3"]]
    assert read(LIST).rule == "in the order of the list; (P) neighbours together"


def test_what_is_said_of_a_task_with_parts_is_told() -> None:
    said = reasons("- [ ] 1. a\n  - words\n  - [ ] 1.1 b\n    - detail\n  - more words\n- [ ] no number\n")
    assert said == {
        2: "said of 1, whose parts are the tasks",
        5: "said of 1, whose parts are the tasks",
        6: "a box without a number, while tasks of this list have one",
    }


CC_SDD = """
    # Implementation Plan

    - [x] 1. Foundation
    - [x] 1.1 Set up
      - _Requirements: 1.1_
    - [ ] 2. Core
    - [ ] 2.1 (P) API
      - _Depends: 1_
      - _Boundary: src/api_
    - [ ] 2.2 UI (P)
      - _Depends: 1.1, 2.3_
    - [ ] 2.3 Store
      - _Blocked: the library has no such call_
    - [ ]* 2.4 More tests
    """


def test_parts_need_no_indentation_and_p_may_stand_on_both_sides() -> None:
    roadmap = read(CC_SDD)
    assert [child.title for child in roadmap.children] == ["1. Foundation", "2. Core"]
    assert [task.id for task in roadmap.tasks() if task.parallel] == ["2.1", "2.2"]
    assert after(CC_SDD) == [["1.1"], ["2.1", "2.2"], ["2.3"], ["2.4"]]


def test_what_cc_sdd_says_below_a_task() -> None:
    tasks = by_id(CC_SDD)
    assert tasks["2.1"].needs == ("1.1",)
    assert tasks["2.2"].needs == ("1.1",)
    assert reasons(CC_SDD)[11] == "need not followed: 2.3 comes later in the file's order"
    assert (tasks["2.3"].state, tasks["2.3"].options.said) == ("held", "blocked")
    assert all(task.options.touches == () for task in tasks.values()), "a boundary is a name, not a path"


def test_a_need_that_nobody_has_is_told() -> None:
    text = "- [ ] 1. a\n- [ ] 2. b\n  - _Depends: 1, 9_\n- [ ] 3. c\n  - _Depends: none_\n"
    assert reasons(text)[3] == "need not followed: no task 9"
    assert by_id(text)["3"].needs == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- [ ] 1. Do it", ("1", "Do it")),
        ("- [ ] 1.2 Do it", ("1.2", "Do it")),
        ("- [ ] 1.2. Do it", ("1.2", "Do it")),
        ("- [ ] 1.2.3 Do it", ("1.2.3", "Do it")),
        ("- [ ] 1.2a Do it", ("1.2a", "Do it")),
        ("- [ ] 13A.1 Do it", ("13a.1", "Do it")),
        ("- [ ] **1.2 Do it**", ("1.2", "Do it")),
        ("- [ ] **1.2** Do it", ("1.2", "Do it")),
        ("- [ ] 1) Do it", ("1", "Do it")),
        ("- [ ] 1: Do it", ("1", "Do it")),
        ("- [ ] 1.1：やる", ("1.1", "やる")),
        ("- [ ] 1 Do it", ("1", "Do it")),
        ("- [ ] Task 1: Do it", ("1", "Do it")),
        ("- [ ] Task 1.2 - Do it", ("1.2", "Do it")),
        ("- [ ] 任务 3：做", ("3", "做")),
        ("- [ ] タスク1.1 やる", ("1.1", "やる")),
        ("- [ ] T01: Do it", ("01", "Do it")),
        ("* [ ] 1. Do it", ("1", "Do it")),
        ("1. [ ] Do it", ("1", "Do it")),
        ("- [ ] 2. (P) Do it", ("2", "Do it")),
        ("- [ ] (P) 2. Do it", ("2", "Do it")),
        ("- [ ] 3 unit tests of it", ("3-unit-tests-of-it", "3 unit tests of it")),
        ("- [ ] 3D models", ("3d-models", "3D models")),
        ("- [ ] Do it", ("do-it", "Do it")),
    ],
)
def test_numbers_as_people_write_them(line: str, expected: tuple[str, str]) -> None:
    assert [(id_, title) for id_, title, _ in found(line + "\n")] == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "- [ ]* 1.2 Test",
        "- [ ] * 1.2 Test",
        "- [ ] *1.2 Test",
        "- [ ]\\* 1.2 Test",
        "- [ ] 1.2* Test",
        "- [ ] 1.2 * Test",
        "- [ ] 1.2 Test *",
        "- [ ] 1.2 Test (optional)",
        "- [ ] 1.2 （任意）テスト",
        "- [ ] (optional) 1.2 Test",
    ],
)
def test_each_way_to_say_optional(line: str) -> None:
    [task] = read(line + "\n").tasks()
    assert (task.id, task.options.optional, task.title[-2:] in ("st", "スト", "l)")) == ("1.2", True, True)


@pytest.mark.parametrize(
    "line", ["- [ ] *1.1 Test*", "- [ ] **1.2** b*c*d", "- [ ] 1.3 Add (optional) hints to it"]
)
def test_emphasis_and_words_about_a_part_are_not_optional(line: str) -> None:
    assert not any(task.options.optional for task in read(line + "\n").tasks())


def test_parts_of_an_optional_task_are_optional() -> None:
    text = "- [ ]* 1. Tests\n  - [ ] 1.1 a\n- [ ] 2. b\n"
    assert [task.id for task in read(text).tasks() if task.options.optional] == ["1.1"]


def test_states() -> None:
    text = "- [X] 1. a\n- [~] 2. b\n- [!] 3. c\n- [skipped] 4. d\n- [ ] ~~5. e~~\n- [] 6. f\n- [S] 7. g\n- [a] h\n"
    assert [(task.id, task.state, task.options.said) for task in read(text).tasks()] == [
        ("1", "done", ""), ("2", "pending", ""), ("3", "pending", ""),
        ("4", "dropped", "skipped"), ("5", "dropped", "struck out"), ("6", "pending", ""),
        ("7", "pending", ""),
    ]  # fmt: skip
    assert reasons(text) == {
        2: "in progress [~]: taken as not done",
        3: "unknown state [!]: taken as not done",
        7: "unknown state [S]: taken as not done",
        8: "a list item, while the tasks of this file are others",
    }


def test_a_ticked_task_with_an_open_part_is_told() -> None:
    text = "- [x] 1. a\n  - [x] 1.1 b\n  - [ ] 1.2 c\n- [x] 2. d\n  - [ ]* 2.1 e\n"
    assert reasons(text) == {1: "remark: ticked, but not all of its parts are: those are to be done"}


def test_a_mark_of_a_task_with_parts_is_told() -> None:
    text = "- [ ] 1. (P) a\n  - [ ] 1.1 b\n- [#] 2. c\n  - [ ] 2.1 d\n"
    assert reasons(text) == {
        1: "remark: marked (P), but has parts: only their own marks count",
        3: "unknown state [#]: taken as not done",
    }


def test_three_levels_and_parts_by_indentation_alone() -> None:
    deep = read("- [ ] 1. a\n  - [ ] 1.1 b\n    - [ ] 1.1.1 c\n    - [ ] 1.1.2 d\n  - [ ] 1.2 e\n")
    assert [(path, task.id) for path, task in deep.walk()] == [
        (("1. a", "1.1. b"), "1.1.1"), (("1. a", "1.1. b"), "1.1.2"), (("1. a",), "1.2"),
    ]  # fmt: skip
    counted_anew = read("- [ ] 1. a\n  - [ ] 1. b\n  - [ ] 2. c\n- [ ] 2. d\n")
    assert [task.title for task in counted_anew.tasks()] == ["b", "c", "d"]


def test_headings_are_phases_and_numbers_may_begin_again_below_each() -> None:
    first, second = (f"### Phase {name}\n- [ ] 1. {name}\n- [ ] 2. Checkpoint\n" for name in "AB")
    text = f"# Login\n## Tasks\n{first}{second}"
    roadmap = read(text)
    assert [child.title for child in roadmap.children] == ["Phase A", "Phase B"]
    assert [task.id for task in roadmap.tasks()] == ["1", "2", "phase-b-1", "phase-b-2"]
    assert reasons(text)[7] == "remark: its number is given twice: it is called phase-b-1"
    assert reasons(text)[2] == "the heading of the list"


def test_a_number_given_twice_for_two_tasks_makes_two() -> None:
    text = "- [ ] 1. a\n  - [ ] 1.1 b\n  - [ ] 1.1 c\n"
    assert [(task.id, task.title) for task in read(text).tasks()] == [("1.1", "b"), ("1-a-1.1", "c")]
    assert reasons(text)[3] == "remark: its number is given twice: it is called 1-a-1.1"


def test_a_task_given_twice_is_one() -> None:
    text = "- [x] 2. d\n- [ ] 3. e\n- [ ] 2. d\n  - words\n"
    assert found(text) == [("2", "d", "done"), ("3", "e", "pending")]
    assert reasons(text)[3] == "repeats 2 of line 1"


def test_a_state_that_kiro_wrote_above_its_task_counts_and_the_details_stay() -> None:
    text = "- [x] 2. d\n\n\n- [ ] 2. d\n  - words\n- [-] 3. e\n\n- [ ] 3. e\n  - [ ] 3.1 f\n- [-] 4. g\n\n- [ ] 4. g\n"
    assert found(text) == [("2", "d", "done"), ("3.1", "f", "pending"), ("4", "g", "pending")]
    assert by_id(text)["2"].details == "  - words"
    assert {line: said for line, said in reasons(text).items() if line in (1, 6, 10)} == {
        1: "repeats 2 of line 4",
        6: "repeats 3 of line 8",
        10: "repeats 4 of line 12",
    }
    edits = kiro.ticks(text, HERE, read(text), {"3.1", "4"})
    assert [text.count("\n", 0, edit.start) + 1 for edit in edits] == [8, 9, 12]


def test_two_lists_in_one_file_stay_apart() -> None:
    text = "# Implementation Plan: A\n- [ ] 1. a\n  - [ ] 1.1 b\n# Implementation Plan: C\n- [ ] 1. c\n  - [ ] 1.1 d\n"
    assert [(path, task.id) for path, task in read(text).walk()] == [
        (("Implementation Plan: A", "1. a"), "1.1"), (("Implementation Plan: C", "1. c"), "1-c-1.1"),
    ]  # fmt: skip


def test_a_list_copied_below_another_heading_counts_once() -> None:
    part = "- [ ] 1. a\n  - [ ] 1.1 b\n  - [ ] 1.2 c\n"
    roadmap = read(f"## Plan\n{part}## Once more\n{part}")
    assert [task.line for task in roadmap.tasks()] == [3, 4]


def test_without_numbers_the_innermost_boxes_are_the_work() -> None:
    text = "# Tasks\n- [x] Set up\n  - [x] folders\n  - [ ] linter\n    - with rules\n- [ ] Build\n"
    assert [(task.id, task.state) for task in read(text).tasks()] == [
        ("folders", "done"), ("linter", "pending"), ("build", "pending"),
    ]  # fmt: skip


def test_boxes_of_criteria_are_none() -> None:
    text = "# Tasks\n- [ ] Build\n## Acceptance Criteria\n- [ ] it works\n- [ ] it is fast\n"
    assert [task.id for task in read(text).tasks()] == ["build"]
    criteria = "# Login\n## Success Criteria\n" + "- [ ] it works\n" * 20
    assert list(read(criteria).tasks()) == []
    assert set(reasons(criteria).values()) >= {"a criterion, not a task"}


def test_headings_are_the_tasks_where_the_boxes_are_their_criteria() -> None:
    tasks = "".join(
        f"### Task 1.{number}: step {number} (P)\n{status}**驗收標準**:\n- [{tick}] it works\n"
        for number, status, tick in ((1, "**Status:** [x] Completed\n", " "), (2, "", "x"), (3, "", " "))
    )
    roadmap = read(f"# Tasks\n## Phase 1\n{tasks}## Success Criteria\n- [ ] fast\n")
    assert [(task.id, task.title, task.state, task.parallel) for task in roadmap.tasks()] == [
        ("task-1.1", "step 1", "done", True), ("task-1.2", "step 2", "done", True),
        ("task-1.3", "step 3", "pending", True),
    ]  # fmt: skip


def test_a_few_numbers_make_no_numbered_list() -> None:
    text = "- [ ] 1. a\n" + "".join(f"- [ ] thing {name}\n" for name in "bcd")
    assert len(list(read(text).tasks())) == 4
    assert [task.id for task in read("- [ ] 1. a\n- [ ] thing b\n- [ ] thing c\n").tasks()] == ["1"]


def test_without_boxes_it_is_read_like_markdown_in_kiros_order() -> None:
    roadmap = read(
        "# Tasks\n## Task 1: a\n- words\n## Task 2: b\n- words\n### Task 2.1: c\n### Task 2.2: d\n"
    )
    assert [task.id for task in roadmap.tasks()] == ["task-1", "task-2.1", "task-2.2"]
    assert [task.id for task in read("# Tasks\n## Phase 1\n**Tasks:**\n1. **a**\n2. **b**\n").tasks()] == [
        "a",
        "b",
    ]
    assert (roadmap.format, roadmap.order) == ("kiro", "sequence")


def test_boxes_in_fences_and_comments_are_none() -> None:
    text = "- [ ] 1. a\n  ```\n  - [ ] 1.1 b\n  ```\n<!--\n- [ ] 2. c\n-->\n"
    assert [task.id for task in read(text).tasks()] == ["1"]


WAVES = """
    - [ ] 1. a
      - [ ] 1.1 b
      - [ ] 1.2 c
        - _Depends: 3_
    - [ ] 2. Checkpoint
    - [ ] 3. d
    - [ ] 4. e
      - [ ] 4.1 f
      - [ ] 4.2 g
    - [ ] 5. Final checkpoint
    ## Task Dependency Graph
    ```json
    {"waves": [{"id": 0, "tasks": ["1.1", "3"]}, {"id": 1, "tasks": ["1.2", "4", "9"]}]}
    ```
    """


def test_waves_of_the_list_are_its_order() -> None:
    assert after(WAVES) == [["1.1", "3"], ["1.2", "4.1"], ["4.2"], ["2"], ["5"]]
    assert read(WAVES).rule.startswith("waves of the list one after the other")
    assert by_id(WAVES)["1.2"].needs == ("3",)


def test_waves_keep_the_phases_and_say_what_they_name_in_vain() -> None:
    roadmap = read(WAVES)
    assert [(path, task.id) for path, task in roadmap.walk()][:3] == [
        (("Wave 0", "1. a"), "1.1"), (("Wave 0",), "3"), (("Wave 1", "1. a"), "1.2"),
    ]  # fmt: skip
    said = [(entry.line, entry.reason) for entry in roadmap.ignored if entry.line == 12]
    assert said == [
        (12, "the graph of the tasks, taken as their order"),
        (12, "order not followed: no task 9"),
    ]


def test_waves_that_cannot_be_read_leave_the_order_of_the_list_and_are_told() -> None:
    text = '- [ ] 1. a\n- [ ] 2. b\n## Task Dependency Graph\n```json\n{"waves": [\n```\n'
    assert after(text) == [["1"], ["2"]]
    assert "order not followed: it is no JSON" in [entry.reason[:33] for entry in read(text).ignored]


def test_ticks_are_those_characters_alone_and_reading_again_gives_all_done() -> None:
    text = dedent(LIST).replace("\n", "\r\n")
    roadmap = kiro.read(text, HERE)
    edits = kiro.ticks(text, HERE, roadmap, {task.id for task in roadmap.tasks()})
    assert [text[edit.start : edit.end] for edit in edits] == [" ", "-", " ", " "]
    ticked = text
    for edit in reversed(edits):
        ticked = ticked[: edit.start] + edit.text + ticked[edit.end :]
    assert len(ticked) == len(text)
    assert {task.state for task in kiro.read(ticked, HERE).tasks()} == {"done"}
    assert "- [x] 2. Models" in ticked
    assert kiro.ticks(ticked, HERE, kiro.read(ticked, HERE), {"2.1"}) == []


@pytest.mark.parametrize(
    ("done", "lines"),
    [({"1.1"}, [2]), ({"1.1", "1.2"}, [1, 2, 3]), ({"1.2"}, [3]), ({"1.3"}, [4]), ({"2"}, [5]), (set(), [])],
)
def test_a_task_with_parts_is_ticked_once_what_is_required_of_it_is_done(
    done: set[str], lines: list[int]
) -> None:
    text = "- [ ] 1. a\n  - [ ] 1.1 b\n  - [ ] 1.2 c\n  - [ ]* 1.3 d\n- [ ] 2. e\n"
    edits = kiro.ticks(text, HERE, kiro.read(text, HERE), done)
    assert [text.count("\n", 0, edit.start) + 1 for edit in edits] == lines
    assert all((text[edit.start : edit.end], edit.text) == (" ", "x") for edit in edits)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".kiro/specs/a/tasks.md", "kiro"),
        ("/home/x/web/.kiro/specs/archived/a/tasks.md", "kiro"),
        (".claude/specs/a/tasks.md", "kiro"),
        (".spec-workflow/specs/a/tasks.md", "kiro"),
        ("specs/001-a/tasks.md", "spec-kit"),
        ("notes.txt", "kiro"),
    ],
)
def test_it_is_known_by_its_path_and_by_its_content(path: str, expected: str) -> None:
    assert expected == reader_for(Path(path), dedent(LIST)).NAME


def test_other_languages_are_known_by_their_content_too() -> None:
    assert kiro.claims_text("- [ ] 1. Модель\n  - _Требования: 1.1, 2.2_\n- [ ] 2. б\n")
    assert not kiro.claims_text("- [ ] 1. One\n- [ ] 2. Two\n")


def test_headings_that_are_tasks_are_ticked_as_in_any_list() -> None:
    text = "# Implementation Plan\n\n## Task 1: Build it\n- detail\n\n## Task 2: Try it\n- more\n"
    path = Path(".kiro/specs/x/tasks.md")
    roadmap = kiro.read(text, path)
    after = made(text, kiro.ticks(text, path, roadmap, {task.id for task in roadmap.tasks()}))
    assert after == text.replace("Build it", "Build it ✅").replace("Try it", "Try it ✅")
    assert {task.state for task in kiro.read(after, path).tasks()} == {"done"}
