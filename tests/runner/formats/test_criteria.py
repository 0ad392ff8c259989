"""Criteria: which boxes below them are last things to do, which belong to a task, and when they come."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from beastmode.runner.formats import markdown, spec_kit
from beastmode.runner.formats.vocabulary import is_criteria_heading
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Roadmap

HERE = Path("ROADMAP.md")


def read(text: str) -> Roadmap:
    return markdown.read(dedent(text).lstrip("\n"), HERE)


def titles(text: str) -> list[str]:
    return [task.title for task in read(text).tasks()]


CHECKED = """
    ## Phase 1
    - [ ] build
    **Exit criteria:**
    - [ ] it is fast
    **Notes:**
    - [ ] ship
    """


def test_checks_of_a_phase_are_a_phase_of_their_own_behind_its_work() -> None:
    roadmap = read(CHECKED)
    assert [(place, task.title) for place, task in roadmap.walk()] == [
        (("Phase 1",), "build"),
        (("Phase 1", "Exit criteria"), "it is fast"),
        (("Phase 1",), "ship"),
    ]


def test_checks_of_a_phase_run_last_in_it() -> None:
    roadmap = read(CHECKED)
    names = [task.title for task in roadmap.tasks()]
    waves = [[names[task] for task in wave] for wave in graph_of(roadmap).waves()]
    assert waves == [["build", "ship"], ["it is fast"]]


@pytest.mark.parametrize(
    "heading", ["Launch checklist", "Release checklist", "QA checklist", "Pre-flight checklist"]
)
def test_a_checklist_is_a_list_of_things_to_do(heading: str) -> None:
    assert titles(f"# R\n## Work\n- [ ] a\n## {heading}\n- [ ] b\n") == ["a", "b"]


@pytest.mark.parametrize(
    ("heading", "judges"),
    [
        ("Acceptance criteria", True),
        ("Phase 2 success criteria", True),
        ("Validation checklist", True),
        ("Targets", True),
        ("Week 12: Quality gates and review", False),
        ("Phase 0: Core (Target: 2-3 days)", False),
        ("Quality assurance", False),
        ("Release checklist", False),
    ],
)
def test_which_headings_are_about_criteria(heading: str, judges: bool) -> None:
    assert is_criteria_heading(heading) is judges


def test_lists_under_tasks_win_over_boxes_that_are_all_criteria() -> None:
    text = """
        ## Day 1
        **Tasks:**
        1. Enable it
        2. Test it
        **Definition of Done:**
        - [ ] enabled
        - [ ] tested
        """
    assert titles(text) == ["Enable it", "Test it"]


def test_boxes_of_criteria_are_the_list_beside_bullets_and_next_steps() -> None:
    text = """
        ## Phase 1
        1. Design it
        2. Build it
        ### Success Criteria
        - [x] it is used
        ## Next steps
        - go on
        """
    assert titles(text) == ["it is used"]


def test_boxes_of_criteria_that_far_outnumber_all_else_are_the_list() -> None:
    boxes = "".join(f"- [x] check {number}\n" for number in range(9))
    roadmap = read(f"# Validation\n## Acceptance criteria\n{boxes}## Next steps\n- go on\n")
    assert len(list(roadmap.tasks())) == 9


def test_a_heading_with_an_id_and_criteria_only_is_the_task() -> None:
    text = """
        ## Phase 2: Apps
        #### T2.1.0. Matrix
        **Status:** Done
        - types
        #### T2.1.1. Wizard
        **Acceptance criteria:**
        - [ ] four steps
        #### T2.1.2. Catalog
        - [ ] live data
        """
    found = [(task.id, task.title, task.state) for task in read(text).tasks()]
    assert found == [
        ("T2.1.0", "Matrix", "done"),
        ("T2.1.1", "Wizard", "pending"),
        ("live-data", "live data", "pending"),
    ]


def test_spec_kit_without_ids_never_makes_tasks_of_criteria() -> None:
    text = "# Tasks\n## Phase 1\n- [ ] go\n**Acceptance criteria:**\n- [ ] runs\n## Validation checklist\n- [ ] all\n"
    assert [task.title for task in spec_kit.read(text, Path("specs/1/tasks.md")).tasks()] == ["go"]


def test_a_task_about_gates_is_a_task() -> None:
    assert titles("## Phase 1\n### Task 1: Quality gates\nwords\n### Task 2: KPI monitor\nwords\n") == [
        "Quality gates", "KPI monitor",
    ]  # fmt: skip


def test_a_file_of_criteria_alone_says_that_the_work_may_stand_elsewhere() -> None:
    roadmap = read("# Notes\n## Acceptance criteria\n- [ ] it is fast\n- [ ] it is safe\n")
    assert len(list(roadmap.tasks())) == 2
    (remark,) = [entry for entry in roadmap.ignored if entry.look]
    assert (remark.line, remark.text) == (3, "- [ ] it is fast")
    assert "2 in all" in remark.reason


def test_criteria_beside_work_are_no_cause_for_a_remark() -> None:
    roadmap = read("# Notes\n## Work\n- [ ] build\n## Acceptance criteria\n- [ ] it is fast\n")
    assert not [entry for entry in roadmap.ignored if entry.look]
