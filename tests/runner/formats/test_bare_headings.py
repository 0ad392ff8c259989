"""Headings that are tasks: phases that list nothing, numbers that run on through all phases, lists of fields."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from beastmode.runner.formats import markdown
from beastmode.runner.roadmap import Roadmap


def read(text: str) -> Roadmap:
    return markdown.read(dedent(text).lstrip("\n"), Path("ROADMAP.md"))


def found(text: str) -> list[tuple[str, str]]:
    return [(task.title, task.state) for task in read(text).tasks()]


def test_phases_that_list_nothing_are_the_tasks() -> None:
    text = """
        # Plan
        ## Milestones
        ### M0 — Skeleton — ✅ DONE 2026-01-02
        Some words.
        ### M1 — Two pools
        More words.
        ### M2 — Dashboard (done)
        - one remark
        """
    assert found(text) == [
        ("M0 — Skeleton", "done"),
        ("M1 — Two pools", "pending"),
        ("M2 — Dashboard", "done"),
    ]
    assert [task.line for task in read(text).tasks()] == [3, 5, 7]


def test_an_id_stays_when_its_heading_is_ticked() -> None:
    before = read("## Phase 1: Base\nwords\n## Phase 2: Build\nwords\n")
    after = read("## Phase 1: Base — ✅ DONE 2026-01-02\nwords\n## Phase 2: Build (completed)\nwords\n")
    assert [task.id for task in before.tasks()] == [task.id for task in after.tasks()]
    assert [task.state for task in after.tasks()] == ["done", "done"]


def test_phases_with_criteria_and_goals_only_list_nothing() -> None:
    text = """
        ### Phase 1: Base ✓ COMPLETE
        **Goal:** stand
        **Success Criteria:**
        1. ✓ it stands
        ### Phase 2: Build
        **Success Criteria:**
        1. it is built
        """
    assert found(text) == [("Phase 1: Base", "done"), ("Phase 2: Build", "pending")]


def test_numbered_headings_in_phases_that_list_nothing_are_the_tasks() -> None:
    text = """
        ## Phase 1: Front
        ### 1.1 Manifest
        ```json
        {}
        ```
        ### 1.2 Tool
        Words.
        ## Phase 2: Back
        ### 2.1 Command
        ### 2.2 Locator
        - a remark
        """
    assert [(task.id, task.title) for task in read(text).tasks()] == [
        ("1.1", "Manifest"), ("1.2", "Tool"), ("2.1", "Command"), ("2.2", "Locator"),
    ]  # fmt: skip


def test_phases_with_lists_keep_their_lists() -> None:
    text = "## Phase 1\n### 1.1 A\n- one\n- two\n### 1.2 B\n- three\n## Phase 2\nwords\n"
    assert [title for title, _ in found(text)] == ["one", "two", "three"]


def test_numbers_that_run_on_through_the_phases_are_tasks_whatever_they_list() -> None:
    text = """
        ## Phase 1
        ### 1. Daemon
        - prerequisite
        ### 2. Ticker
        - polling
        ## Phase 2
        ### 3. Paper trading
        - wallet
        ## Marketing
        ✅ not the plan
        - ✅ npm
        - ❌ stars
        """
    assert [task.title for task in read(text).tasks()] == ["Daemon", "Ticker", "Paper trading"]


def test_numbers_that_begin_anew_are_places_not_tasks() -> None:
    text = "## Phase 1\n### 1. A\n- a\n### 2. B\n- b\n## Phase 2\n### 1. C\n- c\n"
    assert [title for title, _ in found(text)] == ["a", "b", "c"]


def test_lists_that_only_fill_in_fields_leave_the_headings_as_tasks() -> None:
    sections = "".join(
        f"### {number}. {name}\n- What it is:\nwords\n- Why: words\n"
        for number, name in enumerate(("Privacy", "Oracle", "Scheduler"), 1)
    )
    assert [task.title for task in read(f"# R\n## Projects\n{sections}").tasks()] == [
        "Privacy", "Oracle", "Scheduler",
    ]  # fmt: skip


def test_codes_of_several_parts_name_tasks() -> None:
    text = (
        "## Phase 1\n### **CORE-UI-001-MENU**\n- a feature\n### **CORE-UI-002**: Router\n**Status:** Done\n"
    )
    assert [(task.id, task.state) for task in read(text).tasks()] == [
        ("CORE-UI-001-MENU", "pending"),
        ("CORE-UI-002", "done"),
    ]


def test_headings_of_a_series_of_codes_are_tasks() -> None:
    text = "## Core\n" + "".join(
        f"### **PR{number}: {name}** {mark}\nwords\n"
        for number, (name, mark) in enumerate(
            (("Base", "✅"), ("Quality gate", ""), ("Upload", ""), ("Calendar", "")), 1
        )
    )
    assert found(text) == [
        ("Base", "done"), ("Quality gate", "pending"), ("Upload", "pending"), ("Calendar", "pending"),
    ]  # fmt: skip


def test_questions_and_requirements_are_no_series_of_tasks() -> None:
    text = "".join(f"### FR{number}: x\n" for number in range(1, 6)) + "## Phase 1\n- a\n"
    assert [title for title, _ in found(text)] == ["a"]


def test_a_table_of_states_speaks_for_phases_without_lists() -> None:
    text = """
        ## Status
        | Phase | Outcome | Status |
        |---|---|---|
        | 1. Base | stands | Complete |
        | 2. Build | built | Planned |
        ## Phase 1 - Base
        Words.
        ## Phase 2 - Build
        Words.
        """
    assert [state for _, state in found(text)] == ["done", "pending"]
