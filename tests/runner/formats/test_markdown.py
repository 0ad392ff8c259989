"""Plain Markdown: which lines are tasks in which dialect, their phases, states, order, ids and needs."""

# ruff: noqa: RUF001  (dialects of other scripts)
from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.formats import markdown
from beastmode.runner.roadmap import Phase, Roadmap, problems_of

HERE = Path("ROADMAP.md")


def read(text: str) -> Roadmap:
    return markdown.read(dedent(text).lstrip("\n"), HERE)


def titles(text: str) -> list[str]:
    return [task.title for task in read(text).tasks()]


def states(text: str) -> dict[str, str]:
    return {task.title: task.state for task in read(text).tasks()}


def reasons(roadmap: Roadmap) -> dict[int, str]:
    return {entry.line: entry.reason for entry in roadmap.ignored}


YEAR = """
    # 🚀 The Year
    ## 📅 QUARTER 1: Base
    ### **MONTH 1: Fix** (January)
    #### **Week 1-2: Track**
    **Tasks:**
    1. **Track failures**
       - Update the router
       - **Deliverable:** coverage
       - **Metric:** none lost

    2. **Dashboard**

    **Success Criteria:**
    - ✅ all tracked

    ## Quick Start
    ### Week 1: Fix
    1. Fix it
    """


def test_the_year_keeps_its_levels_details_and_targets_apart() -> None:
    roadmap = read(YEAR)
    (place, first), (_, second) = roadmap.walk()
    assert roadmap.title == "The Year"
    assert place == ("QUARTER 1: Base", "MONTH 1: Fix (January)", "Week 1-2: Track")
    assert (first.id, first.title, first.line) == ("track-failures", "Track failures", 6)
    assert first.details.splitlines()[-1] == "   - **Metric:** none lost"
    assert (second.details, second.state) == ("", "pending")
    assert reasons(roadmap)[14] == "a criterion, not a task"


def test_order_is_phase_by_phase() -> None:
    roadmap = read(YEAR)
    quarter = roadmap.children[0]
    assert isinstance(quarter, Phase)
    month = quarter.children[0]
    assert isinstance(month, Phase)
    week = month.children[0]
    assert isinstance(week, Phase)
    assert (roadmap.order, quarter.order, month.order, week.order) == ("phases", "phases", "phases", "needs")
    assert (roadmap.format, roadmap.rule) == ("markdown", "phase by phase, tasks of a phase together")


def test_boxes_are_the_tasks_and_other_lists_are_not() -> None:
    text = """
        ## Phase 1
        **Goals:**
        - [x] indexer
        - [ ] chat
        **Tasks:**
        1. numbered beside boxes
        - ✅ a mark
        ```sh
        - [ ] in a fence
        ```
        ## Success metrics
        - [ ] kept: a section of its own
        """
    assert states(text) == {"indexer": "done", "chat": "pending", "kept: a section of its own": "pending"}


def test_criteria_of_a_task_are_its_details_and_those_of_a_phase_are_last_things_to_do() -> None:
    text = """
        ## Phase 1
        - [ ] build
          - **Acceptance criteria:**
            - [ ] it runs
        ### Task 7: Parse
        **Acceptance criteria:**
        - [ ] it parses
        **Definition of done:**
        - [ ] reviewed
        ## Phase 2
        - [ ] ship
        **Exit criteria:**
        - [ ] shipped
        """
    roadmap = read(text)
    assert [task.title for task in roadmap.tasks()] == ["build", "Parse", "ship", "shipped"]
    assert [len(task.details.splitlines()) for task in roadmap.tasks()] == [2, 4, 0, 0]


@pytest.mark.parametrize("marker", ["-", "*", "+", "1.", "2)"])
def test_boxes_behind_any_marker(marker: str) -> None:
    assert titles(f"# A\n{marker} [ ] one\n") == ["one"]


def test_nested_boxes_count_and_plain_bullets_below_are_details() -> None:
    roadmap = read("- [ ] a\n  - note\n\n    more\n  - [x] b\n- [ ] c")
    found = [(task.title, task.state, task.details) for task in roadmap.tasks()]
    assert found == [("a", "pending", "  - note\n\n    more"), ("b", "done", ""), ("c", "pending", "")]


@pytest.mark.parametrize("mark", ["~", "/", "-", "?", "#", ">", "!"])
def test_unknown_states_are_open_and_said(mark: str) -> None:
    roadmap = read(f"- [{mark}] half\n- [x] whole")
    assert [task.state for task in roadmap.tasks()] == ["pending", "done"]
    assert reasons(roadmap) == {1: f"unknown state [{mark}]: taken as not done"}


def test_what_looks_like_a_box_and_is_no_task() -> None:
    text = """
        ## Legend
        - [ ] = open
        - [x] = done
        ## Work
        - [ ] real
        - [ ] ~~dropped~~
        - [skipped] later
        - [ ]
        - [link](http://a)
        - [P] marks parallel
        - [ ] Not started
        <!--
        - [ ] commented out
        -->
        """
    assert titles(text) == ["real"]


def test_a_done_heading_ticks_what_has_no_box() -> None:
    assert states("## Q1 ✅\n- a\n## Q2\n- b\n## Q3 (shipped)\n- c") == {
        "a": "done",
        "b": "pending",
        "c": "done",
    }
    assert states("## Q1 ✅ COMPLETE\n- [ ] ajar\n- [x] shut") == {"ajar": "pending", "shut": "done"}
    assert states("## Week 1\n**Status:** DONE\n- a\n## Week 2\n- b") == {"a": "done", "b": "pending"}


def test_headings_with_ids_are_tasks_and_may_stand_beside_boxes() -> None:
    text = """
        # R
        ## Phase 0
        ### Quest 0.1: Spec
        - **Status:** `[1.0]`
        - **Dependencies:** None
        ### Quest 0.2: Block
        - **Status:** `[0.5]`
        - **Dependencies:** `Quest 0.1`, `Quest 9.9`
        ## Phase 1
        - [ ] boxed
        ### Quest 1.1: Runtime
        - **Dependencies:** `Phase 0`
        """
    roadmap = read(text)
    found = {task.id: (task.title, task.state, task.needs) for task in roadmap.tasks()}
    assert found == {
        "quest-0.1": ("Spec", "done", ()),
        "quest-0.2": ("Block", "pending", ("quest-0.1",)),
        "boxed": ("boxed", "pending", ()),
        "quest-1.1": ("Runtime", "pending", ("quest-0.1", "quest-0.2")),
    }
    assert reasons(roadmap)[8] == "need not followed: no task Quest 9.9"


def test_a_heading_about_two_ids_is_no_task() -> None:
    assert titles("## API-008 and API-009\nwords\n## WP-01: Base\n- [ ] red\n- [ ] green\n") == [
        "red",
        "green",
    ]


def test_the_title_of_a_file_is_no_task_whatever_its_id() -> None:
    assert titles("# T055: Validation\n## Criteria\n- [x] a\n### More\n- [x] b\n") == ["a", "b"]


def test_a_pipe_in_a_cell() -> None:
    text = "## Phase 1\n| Task | Status |\n|---|---|\n| `a \\| b` | Done |\n"
    assert states(text) == {"`a | b`": "done"}


def test_numbered_headings_with_acceptance_boxes_are_tasks() -> None:
    text = """
        # Tasks
        ## Phase 1
        ### 1. Start
        **Dependencies**: None | **Estimated**: 1 hour
        **Acceptance Criteria**:
        - [ ] works
        ### 2. Go on
        **Priority**: High | **Dependencies**: Task 1 | **Estimated**: 2 hours
        **Acceptance Criteria**:
        - [ ] works too
        ## Quality Gates
        - [ ] all fine
        """
    found = {task.id: (task.title, task.needs) for task in read(text).tasks()}
    assert found == {"1": ("Start", ()), "2": ("Go on", ("1",))}


def test_steps_of_a_task_are_its_details() -> None:
    text = """
        # Plan
        ### Task 1: Parser
        - [ ] **Step 1: Write the test**
        - [ ] **Step 2: Run it**
        ### Task 2: Lexer
        - [ ] **Step 1: Write the test**
        """
    first, second = read(text).tasks()
    assert (first.id, first.title, len(first.details.splitlines())) == ("task-1", "Parser", 2)
    assert second.id == "task-2"


def test_an_overview_of_phases_is_no_list_of_tasks() -> None:
    text = """
        ## Phases
        - [x] **Phase 1: Base** - set up
        - [ ] **Phase 2: Build** - make
        ### Phase 1: Base
        **Success Criteria** (what must be TRUE):
          1. It runs
        Plans:
        - [x] 01-01: Repo
        ### Phase 2: Build
        Plans:
        - [ ] 02-01: Code
        """
    assert [(task.id, task.title) for task in read(text).tasks()] == [("01-01", "Repo"), ("02-01", "Code")]


def test_numbered_items_under_phases() -> None:
    text = """
        # Plan
        1. Table of contents
        ## Phase 0: Base
        Goal: be stable.
        1. First thing.
        2. Second thing:
           with more.

        Definition of done:
        - it runs
        ## Testing Roadmap
        1. Smoke tests
        ## Suggested Execution Order
        1. Phase 0
        """
    roadmap = read(text)
    assert [(task.title, task.details) for task in roadmap.tasks()] == [
        ("First thing.", ""),
        ("Second thing:", "   with more."),
    ]


def test_bullets_under_stages_versions_and_quarters() -> None:
    assert titles("# P\n## Stage 1 – Fix\n- a: b\n- c\n## v2.1\n- d\n## 2026 Q3\n- e\n## Notes\n- n") == [
        "a: b", "c", "d", "e",
    ]  # fmt: skip
    assert titles("## 第一阶段（1-3个月）\n- 做\n## 风险\n- 无") == ["做"]


def test_deliverables_are_the_work_of_a_phase_without_other() -> None:
    text = """
        ## Milestone 1
        - Project progress: `10%`
        Deliverables:
        - scaffold
        Exit criteria:
        - installs
        ## Milestone 2
        - write it
        Deliverables:
        - a file
        """
    assert titles(text) == ["scaffold", "write it"]


def test_plain_bullets_under_themes_without_their_exit_criteria() -> None:
    text = """
        # Product Roadmap
        Items are removed once done.
        ## Trading
        *Why.*
        - Partial cover: split a shift
        - Rules
          - detail
        **Exit criteria:** it works.
        ## Risks
        - none
        """
    assert titles(text) == ["Partial cover: split a shift", "Rules"]


def test_state_marks() -> None:
    text = "## Sprint 1\n- ⬜ a\n- ✅ b\n- 🔄 c\n- ❌ d\n## Targets\n- ✅ 99 %"
    assert states(text) == {"a": "pending", "b": "done", "c": "pending", "d": "pending"}
    assert states("# T\n☐ a\n☑ b") == {"a": "pending", "b": "done"}


def test_tables_with_states() -> None:
    text = """
        # T
        | ID | Task | Status |
        |----|------|--------|
        | A-1 | Parse | ✅ Done |
        | A-2 | Print | ○ Planned |
        """
    found = [(task.id, task.title, task.state) for task in read(text).tasks()]
    assert found == [("A-1", "Parse", "done"), ("A-2", "Print", "pending")]


def test_tables_of_tasks_inside_phases_need_no_state_of_their_own() -> None:
    text = """
        ## Phase 1: Router (completed)
        | Task | Exit criterion |
        |------|----------------|
        | Routing | it routes |
        ## Phase 2: Views
        | Task | Exit criterion |
        |------|----------------|
        | Layouts | they nest |
        ## Budget
        | Task | Cost |
        |------|------|
        | none | 0 |
        """
    assert states(text) == {"Routing": "done", "Layouts": "pending"}


def test_a_table_of_phases_is_read_where_nothing_else_lists_work() -> None:
    text = "# R\n| # | Phase | Status |\n|---|---|---|\n| 1 | Base | ✅ Complete |\n| 2 | Build | planned |\n"
    assert states(text) == {"Base": "done", "Build": "pending"}


def test_numbered_items_go_on_where_numbered_boxes_leave_off() -> None:
    text = """
        ## Phase 1
        1. [X] confirm
        2. [X] extend
        ## Validation
        3. warn
        4. [~] switch
        ## Elsewhere
        1. not in the row
        9. nor this
        """
    assert states(text) == {"confirm": "done", "extend": "done", "warn": "pending", "switch": "pending"}


def test_a_todo_list_is_one_list_of_several() -> None:
    assert states("# TODO\n## TODO\n- a\n- b\n## Nice to have\n- c\n## Done\n- d\n") == {
        "a": "pending", "b": "pending", "c": "pending", "d": "done",
    }  # fmt: skip


def test_next_steps_do_not_stand_for_the_phases() -> None:
    text = "## Phase 1\n- a\n- b\n## Phase 2\n- c\n- d\n## Next steps\n1. begin\n2. go on\n"
    assert titles(text) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("heading", "holds_work"),
    [
        ("Device support", True),
        ("File format import", True),
        ("Tools", True),
        ("Project structure", False),
        ("Contact & Support", False),
        ("2. Technical architecture", False),
        ("Risks", False),
        ("Context — where we stand", False),
        ("Working rules", False),
    ],
)
def test_headings_about_the_plan_hold_no_work(heading: str, holds_work: bool) -> None:
    assert titles(f"# Wishes\n## Editing\n- a\n## {heading}\n- b\n") == (["a", "b"] if holds_work else ["a"])


def test_inside_a_phase_any_heading_holds_work_but_criteria_and_asides() -> None:
    text = """
        ## Now
        ### Documentation
        - write it
        ### Remote direction
        - keep it
        ### Benefits
        - quick
        ### Success criteria
        - it works
        """
    assert titles(text) == ["write it", "keep it"]


def test_notes_on_acceptance_are_no_tasks_of_a_phase() -> None:
    assert titles("## Phase 0\n- build\n- Acceptance: it builds\n- **Goal:** x\n- Status: open") == ["build"]


def test_a_section_that_was_shipped_is_done() -> None:
    text = "## Shipped in v0.1 (current)\n- a\n## Complete: Core\n- b\n## Planned for v0.2\n- c\n"
    assert states(text) == {"a": "done", "b": "done", "c": "pending"}


def test_activities_below_a_label_in_a_list() -> None:
    text = (
        "## Phase 0\n- **Objective**: x\n- **Key Activities**:\n  - **Align**:\n    - audit\n  - Harden it\n"
    )
    assert titles(text) == ["Align:", "Harden it"]


def test_bold_lines_that_name_phases_are_phases() -> None:
    roadmap = read("# T\n**Week 1: Start**\n- [ ] a\n\n**Week 2: Go**\n- [ ] b")
    assert [place for place, _ in roadmap.walk()] == [("Week 1: Start",), ("Week 2: Go",)]


def test_a_section_copied_whole_counts_once() -> None:
    section = "## Phase 8\n- [ ] a\n- [ ] b\n"
    roadmap = read(f"# T\n{section}{section}## Phase 9\n- [ ] a\n")
    assert [task.id for task in roadmap.tasks()] == ["a", "b", "phase-9-a"]
    assert reasons(roadmap)[6] == "repeats a task of line 3"


def test_ids_do_not_change_when_other_lines_come_above() -> None:
    text = "## Phase 1\n- [ ] write tests\n## Phase 2\n- [ ] write tests\n"
    before = [task.id for task in read(text).tasks()]
    after = [task.id for task in read("# New title\n\nwords\n\n" + text).tasks()]
    assert before == after == ["write-tests", "phase-2-write-tests"]


WORK = """
## Phase 1
- [ ] write tests
- [x] Parse it (A-1)
### Notes
- [ ] write tests
## Phase 2
- [ ] write tests
"""


@given(st.data())
def test_words_added_anywhere_change_no_id_no_state_and_no_order(data: st.DataObject) -> None:
    lines = WORK.strip().split("\n")
    before = [(task.id, task.state) for task in markdown.read("\n".join(lines), HERE).tasks()]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines)))
        lines.insert(place, data.draw(st.sampled_from(["", "Some words.", "> quoted", "<!-- x -->"])))
    after = list(markdown.read("\n".join(lines), HERE).tasks())
    assert [(task.id, task.state) for task in after] == before
    assert all("write tests" in lines[task.line - 1] or "Parse" in lines[task.line - 1] for task in after)


def test_needs_the_order_cannot_keep_are_left_out_with_a_reason() -> None:
    text = """
        ## Phase 1
        - [ ] A-1 first (depends on A-3)
        - [ ] A-2 round (depends on A-4)
        - [ ] A-4 about (depends on A-2)
        ## Phase 2
        - [ ] A-3 last (depends on A-1)
        """
    roadmap = read(text)
    assert {task.id: task.needs for task in roadmap.tasks()} == {
        "A-1": (), "A-2": ("A-4",), "A-4": (), "A-3": ("A-1",),
    }  # fmt: skip
    assert reasons(roadmap)[2] == "need not followed: A-3 comes later in the file's order"
    assert reasons(roadmap)[4] == "need not followed: A-2 waits for A-4 itself"
    assert problems_of(roadmap) == []


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# Only a title\n", "words\n", "```\n- [ ] a\n", "---\na: b\n---\n"]
)
def test_no_tasks_is_an_empty_roadmap(text: str) -> None:
    assert list(markdown.read(text, HERE).tasks()) == []


def test_line_ends_do_not_matter() -> None:
    text = dedent(YEAR)
    found = [(t.id, t.line, t.state) for t in markdown.read(text, HERE).tasks()]
    assert [(t.id, t.line, t.state) for t in markdown.read(text.replace("\n", "\r\n"), HERE).tasks()] == found


@pytest.mark.parametrize(
    ("path", "claimed"),
    [
        ("ROADMAP.md", True),
        ("docs/IMPLEMENTATION_ROADMAP.md", True),
        ("IMPLEMENTATION_PLAN.md", True),
        ("fix_plan.md", True),
        ("TODO.md", True),
        ("specs/001-a/tasks.md", False),
        ("roadmap.yaml", False),
        ("README.md", False),
    ],
)
def test_paths(path: str, claimed: bool) -> None:
    assert markdown.claims_path(Path(path)) is claimed


def test_texts() -> None:
    assert markdown.claims_text("# A\n")
    assert markdown.claims_text("1. a")
    assert not markdown.claims_text('{"tasks": []}')
    assert not markdown.claims_text("just words\n")
