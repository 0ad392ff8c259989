"""spec-kit tasks.md: its template, the forms its tasks take in the wild, order, marks and dependencies."""

# ruff: noqa: RUF001  (dashes as they are found in the wild)
from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from beastmode.runner.formats import spec_kit
from beastmode.runner.formats.mentions import Directory, needs_of, pairs_of
from beastmode.runner.roadmap import Phase, Roadmap, problems_of

HERE = Path("specs/001-x/tasks.md")

TEMPLATE = """
    ---

    description: "Task list"
    ---

    # Tasks: Login

    **Input**: Design documents from `/specs/001-login/`

    ## Format: `[ID] [P?] [Story] Description`

    - **[P]**: Can run in parallel
    - **[Story]**: Which story

    <!--
    - [ ] T900 sample
    -->

    ## Phase 1: Setup (Shared)

    **Purpose**: Start

    - [X] T001 Create project per plan
    - [ ] T002 [P] Configure linting in `ruff.toml`
    - [ ] T003 [P] Configure tests

    ---

    ## Phase 2: User Story 1 - Sign in (Priority: P1) 🎯 MVP

    **Independent Test**: sign in

    ### Tests for User Story 1 ⚠️

    - [ ] T004 [P] [US1] Contract test in tests/a.py
    ### Implementation for User Story 1

    - [ ] T005 [US1] Service in src/a.py (depends on T002, T003)
      - keep it small
    - [ ] T006a [US1] Route in src/b.py

    **Checkpoint**: works

    - [ ] exit criterion without an id

    ## Dependencies & Execution Order

    - **Setup (Phase 1)**: No dependencies
    - T002, T003 can run together
    - T001 → T002 → T005

    ## Parallel Example: User Story 1

    ```bash
    Task: "T004 Contract test"
    - [ ] T990 fenced
    ```

    ## Notes

    - [P] tasks = different files
    """


def read(text: str) -> Roadmap:
    return spec_kit.read(dedent(text).lstrip("\n"), HERE)


def found(text: str) -> list[tuple[str, str, str, bool]]:
    return [(task.id, task.title, task.state, task.parallel) for task in read(text).tasks()]


def reasons(roadmap: Roadmap) -> dict[int, str]:
    return {entry.line: entry.reason for entry in roadmap.ignored}


def test_the_template() -> None:
    assert found(TEMPLATE) == [
        ("T001", "Create project per plan", "done", False),
        ("T002", "Configure linting in `ruff.toml`", "pending", True),
        ("T003", "Configure tests", "pending", True),
        ("T004", "Contract test in tests/a.py", "pending", True),
        ("T005", "Service in src/a.py (depends on T002, T003)", "pending", False),
        ("T006a", "Route in src/b.py", "pending", False),
    ]


def test_the_template_has_phases_in_sequence() -> None:
    roadmap = read(TEMPLATE)
    setup, story = roadmap.children
    assert isinstance(setup, Phase)
    assert isinstance(story, Phase)
    assert (roadmap.order, setup.order, story.order) == ("sequence", "sequence", "sequence")
    assert (setup.title, story.title) == (
        "Phase 1: Setup (Shared)",
        "Phase 2: User Story 1 - Sign in (Priority: P1) MVP",
    )
    assert roadmap.rule == "phases one after the other; inside a phase in order, [P] neighbours together"
    assert problems_of(roadmap) == []


def test_the_template_gives_needs_and_details() -> None:
    tasks = {task.id: task for task in read(TEMPLATE).tasks()}
    assert tasks["T005"].needs == ("T002", "T003")
    assert tasks["T005"].details == "  - keep it small"
    assert tasks["T002"].needs == ("T001",)


def test_the_template_says_why_lines_are_left_out() -> None:
    said = set(reasons(read(TEMPLATE)).values())
    assert {
        "front matter",
        "a comment",
        "inside a code fence",
        "a checkpoint, not a task",
        "a box without a task id: a criterion, not a task",
        "about tasks that are listed elsewhere",
        "dependencies, taken as needs",
        "the title of the roadmap",
        "a rule",
    } <= said


def test_bare_lines_in_a_fence_around_the_file() -> None:
    text = """
        ````markdown
        # Tasks: One CLI

        T001 - Setup: tooling (SEQUENTIAL)
        - Status: completed
        - Edits:
          - a file

        T002 - Tests: help [P]
        - Purpose: lock it

        T003 - Polish (P)
          - Status: completed

        Parallel groups
        - Group A [P]: T001, T002 can go
        ````
        """
    assert found(text) == [
        ("T001", "Setup: tooling (SEQUENTIAL)", "done", False),
        ("T002", "Tests: help", "pending", True),
        ("T003", "Polish", "done", True),
    ]


def test_loose_lines_where_there_is_nothing_else() -> None:
    text = """
        # Tasks: Climbing
        ## Setup
        T001 ✅ Install dependencies — completed
        T002 [P] Write the model
        ## Cloud
        TCS1 (sessions) ✅ Choose a server
        TCS2 Sync goals
        ## Dependency Notes
        T001 must come first
        """
    assert found(text) == [
        ("T001", "Install dependencies — completed", "done", False),
        ("T002", "Write the model", "pending", True),
        ("TCS1", "(sessions) ✅ Choose a server", "done", False),
        ("TCS2", "Sync goals", "pending", False),
    ]


def test_a_few_lines_with_codes_do_not_hide_a_list_of_boxes() -> None:
    boxes = "".join(f"- [x] **M0.{number}** step {number}\n" for number in range(1, 7))
    assert len(found(f"# Tasks\n## M0\n{boxes}\n**M0 done when:** `make` passes\n")) == 6


def test_tasks_in_a_table() -> None:
    rows = "| T001 | Launch | P-1 |\n| T002 | Test | P-2 |\n"
    text = f"# Tasks\n## 1. Setup\n| ID | Task | Supports |\n|---|---|---|\n{rows}"
    assert [task[:2] for task in found(text)] == [("T001", "Launch"), ("T002", "Test")]


def test_a_table_of_ids_and_descriptions() -> None:
    head = "# Tasks\n## Table\n| ID | Description | Maps to |\n|---|---|---|\n"
    text = f"{head}| T01 | Launch | F-1 |\n| T02 | Test | F-2 |\n"
    assert [task[:2] for task in found(text)] == [("T01", "Launch"), ("T02", "Test")]


def test_boxes_without_bullets_and_foreign_states() -> None:
    text = """
        # Tasks: Poker
        ### Base
        [X] T001 - Compose file
        [#] T002 - Client factory
        T003 - Page: session
        [X] T003 - Page: session
        [X] T004 - Snapshot. [Depends: T001,T002]
        """
    roadmap = read(text)
    assert [(task.id, task.state) for task in roadmap.tasks()] == [
        ("T001", "done"), ("T002", "pending"), ("T003", "done"), ("T004", "done"),
    ]  # fmt: skip
    assert reasons(roadmap)[4] == "unknown state [#]: taken as not done"
    assert reasons(roadmap)[5] == "repeats T003 of line 6"
    assert list(roadmap.tasks())[3].needs == ("T001", "T002")


def test_heading_tasks_with_a_final_checklist() -> None:
    text = """
        # Tasks: Sales
        ## Phase 3.1: Setup
        ### T001: Initialize Next.js [X]
        **Files**: `a`
        **Acceptance**:
        - builds
        ---
        ### T002 [P]: Configure ESLint
        - [ ] no errors
        ### T003-T004: Not a task but a range
        ## Task Dependencies
        - T001 blocks T002 (needs it)
        ## Validation Checklist
        - [ ] all tasks done
        """
    roadmap = read(text)
    assert [(task.id, task.title, task.state, task.parallel) for task in roadmap.tasks()] == [
        ("T001", "Initialize Next.js", "done", False),
        ("T002", "Configure ESLint", "pending", True),
    ]
    assert next(roadmap.tasks()).details.splitlines()[-1] == "- builds"
    assert reasons(roadmap)[14] == "a box without a task id: a criterion, not a task"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- [ ] T001 Do it", ("T001", "Do it", "pending", False)),
        ("- [x] **T001** Do it", ("T001", "Do it", "done", False)),
        ("- [ ] **T001 [P]** Do it", ("T001", "Do it", "pending", True)),
        ("- [ ] **T001**: [P] [US2] Do it", ("T001", "Do it", "pending", True)),
        ("- [ ] `T001` Do it", ("T001", "Do it", "pending", False)),
        ("* [X] T001: Do it", ("T001", "Do it", "done", False)),
        ("1. [ ] T001 - Do it", ("T001", "Do it", "pending", False)),
        ("- [ ] [T001] [P] Do it", ("T001", "Do it", "pending", True)),
        ("- [ ] [P] T001 Do it", None),
        ("- [ ] T-001 Do it", ("T-001", "Do it", "pending", False)),
        ("- [ ] TASK-001 Do it", ("TASK-001", "Do it", "pending", False)),
        ("- [ ] T1.2 Do it", ("T1.2", "Do it", "pending", False)),
        ("- [ ] T-HF01 Do it", ("T-HF01", "Do it", "pending", False)),
        ("- [ ] T068A [P] Do it", ("T068A", "Do it", "pending", True)),
        ("- [ ] T000123 Do it", ("T000123", "Do it", "pending", False)),
        ("### T017 [P] [x]: Do it", ("T017", "Do it", "done", True)),
        ("### TASK-002-001：Do it", ("TASK-002-001", "Do it", "pending", False)),
        ("-   [x] T001 Do it", ("T001", "Do it", "done", False)),
        ("- [~] T001 Do it", ("T001", "Do it", "pending", False)),
        ("- [] T001 Do it", ("T001", "Do it", "pending", False)),
        ("- ✅ T001 Do it", ("T001", "Do it", "done", False)),
        ("- **T001**: Do it", ("T001", "Do it", "pending", False)),
        ("- [x] ~~T001 Do it~~", ("T001", "Do it", "done", False)),
        ("#### T001 (P) Do it ✅", ("T001", "Do it", "done", True)),
        ("T001: Do it", ("T001", "Do it", "pending", False)),
    ],
)
def test_forms_of_a_task(line: str, expected: tuple[str, str, str, bool] | None) -> None:
    tasks = found(f"# Tasks: X\n\n## Phase 1: A\n\n{line}\n")
    if expected is None:
        assert [(title, parallel) for _, title, _, parallel in tasks] == [("T001 Do it", True)]
    else:
        assert tasks == [expected]


@pytest.mark.parametrize(
    "line",
    ["- [skipped] T001 Do it", "- [ ] ~~T001 Do it~~", "T001 must come before T002", "- [ ] FR-001 works"],
)
def test_what_is_no_task_beside_one(line: str) -> None:
    assert [task[0] for task in found(f"# Tasks: X\n## Phase 1\n- [ ] T009 real\n{line}\n")] == ["T009"]


def test_a_box_with_an_id_below_a_heading_task_is_a_task_of_its_own() -> None:
    text = "# Tasks: X\n## Phase 1\n### T001: a\n#### Parts\n- [x] T002 b\n### T003: c\n"
    assert [(place, task.id) for place, task in read(text).walk()] == [
        (("Phase 1",), "T001"),
        (("Phase 1", "Parts"), "T002"),
        (("Phase 1",), "T003"),
    ]


def test_an_id_counts_once() -> None:
    text = "# Tasks: X\n## Phase 1\n- [ ] T001 a\n## Phase 2\n- [x] T001 again, other words\n- [ ] T002 b"
    roadmap = read(text)
    assert [(task.id, task.title, task.state) for task in roadmap.tasks()] == [
        ("T001", "a", "pending"), ("T002", "b", "pending"),
    ]  # fmt: skip
    assert reasons(roadmap)[5] == "repeats T001 of line 3"


def test_needs_inside_a_parallel_group_are_kept_and_later_ones_are_not() -> None:
    text = """
        # Tasks: X
        ## Phase 1
        - [ ] T001 [P] a (depends on T002)
        - [ ] T002 [P] b
        - [ ] T003 c (depends on T004)
        - [ ] T004 d (depends on T099)
        """
    roadmap = read(text)
    assert {task.id: task.needs for task in roadmap.tasks()} == {
        "T001": ("T002",),
        "T002": (),
        "T003": (),
        "T004": (),
    }
    assert reasons(roadmap)[5] == "need not followed: T004 comes later in the file's order"
    assert reasons(roadmap)[6] == "need not followed: no task T099"


def directory() -> Directory:
    names = Directory()
    for number in range(1, 51):
        names.add(f"T{number:03d}", number)
    return names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(depends on T012, T013)", [12, 13]),
        ("[Depends: T022,T026]", [22, 26]),
        ("(depends on T001, T010-T012)", [1, 10, 11, 12]),
        ("(depends on T010–T012)", [10, 11, 12]),
        ("(after T009)", [9]),
        ("**Dependencies**: T003 & T004", [3, 4]),
        ("Blocked by: T007", [7]),
        ("requires T001 and T002", [1, 2]),
        ("no ids here, depends on luck", []),
        ("in src/T001.py", []),
        ("Dependencies: Node 18", []),
    ],
)
def test_needs_in_words(text: str, expected: list[int]) -> None:
    assert needs_of(text, directory())[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T001 → T002 → T003", [(1, 2), (2, 3)]),
        ("T001 -> T002", [(1, 2)]),
        ("T007 blocks T021 (DB must exist)", [(7, 21)]),
        ("T027 blocks T030-T032", [(27, 30), (27, 31), (27, 32)]),
        ("T015 depends on T014 completion", [(14, 15)]),
        ("T010 depends on T009; T012 depends on T011", [(9, 10), (11, 12)]),
        ("Tests (T004-T005) must be done before implementing T011", [(4, 11), (5, 11)]),
        ("T018 depends on T014 & T017", [(14, 18), (17, 18)]),
        ("T001, T002 in parallel", []),
        ("User Story 1 (Phase 3): Depends on Foundational", []),
    ],
)
def test_pairs_in_sentences(text: str, expected: list[tuple[int, int]]) -> None:
    assert pairs_of(text, directory()) == expected


def test_a_range_that_multiplies_is_not_followed() -> None:
    assert pairs_of("T001-T050 block T001-T050", directory()) == []


def test_a_file_without_ids_is_read_like_markdown_in_sequence() -> None:
    roadmap = read("# Tasks: X\n## Phase 1\n- [ ] [P] write a\n- [x] write b\n")
    assert [(task.id, task.title, task.state, task.parallel) for task in roadmap.tasks()] == [
        ("write-a", "write a", "pending", True),
        ("write-b", "write b", "done", False),
    ]
    assert (roadmap.format, roadmap.order) == ("spec-kit", "sequence")


@pytest.mark.parametrize(
    ("path", "claimed"),
    [
        ("specs/001-x/tasks.md", True),
        ("/a/b/specs/feature/tasks.md", True),
        (".specify/specs/001-x/tasks.md", True),
        (".kiro/specs/x/tasks.md", False),
        ("openspec/changes/x/tasks.md", False),
        ("tasks.md", False),
        ("specs/001-x/plan.md", False),
    ],
)
def test_paths(path: str, claimed: bool) -> None:
    assert spec_kit.claims_path(Path(path)) is claimed


def test_texts() -> None:
    assert spec_kit.claims_text(dedent(TEMPLATE))
    assert not spec_kit.claims_text("# Roadmap\n## Phase 1\n- [ ] a\n")
    assert not spec_kit.claims_text("# Implementation Plan\n- [ ] 1.1 a\n  - _Requirements: 1.1_\n")
