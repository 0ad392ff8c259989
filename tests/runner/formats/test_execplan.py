"""ExecPlans: the boxes of Progress are the steps, with or without a time, done in part or whole."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from beastmode.runner.formats import execplan
from beastmode.runner.formats.edit import made
from beastmode.runner.formats.reading import reader_for
from beastmode.runner.roadmap import Roadmap, problems_of

HERE = Path(".agent/PLANS.md")

PLAN = dedent("""
    # Dark mode

    This ExecPlan is a living document.

    ## Purpose / Big Picture

    - [ ] not a step

    ## Progress

    Use a list with checkboxes.

    - [x] (2025-10-01 13:00Z) Write the theme
    - [x] 2026-08-13T02:12Z Wire the switch
    - [ ] (2026-02-04) Keep the choice
      across reloads
    - [ ] Draw the icons (completed: sun; remaining: moon).
    - [~] 2026-07-15 - Tell users

    ## Surprises & Discoveries

    - none

    ## Decision Log
    """).lstrip("\n")


def read(text: str) -> Roadmap:
    return execplan.read(text, HERE)


def test_the_boxes_of_progress_are_the_steps() -> None:
    assert [(task.id, task.title, task.state) for task in read(PLAN).tasks()] == [
        ("write-the-theme", "Write the theme", "done"),
        ("wire-the-switch", "Wire the switch", "done"),
        ("keep-the-choice", "Keep the choice", "pending"),
        (
            "draw-the-icons-completed-sun-remaining-moon",
            "Draw the icons (completed: sun; remaining: moon).",
            "pending",
        ),
        ("tell-users", "Tell users", "pending"),
    ]
    assert next(task for task in read(PLAN).tasks() if task.line == 15).details == "  across reloads"


def test_they_come_in_order_and_the_rest_is_told() -> None:
    roadmap = read(PLAN)
    assert (roadmap.title, roadmap.order, problems_of(roadmap)) == ("Dark mode", "sequence", [])
    said = [(entry.line, entry.reason) for entry in roadmap.ignored]
    assert (7, "a box outside of Progress") in said
    assert (9, "the heading of the list") in said
    assert (17, "remark: done in part, as it says") in said
    assert (18, "in progress [~]: taken as not done") in said


def test_several_plans_in_one_file_are_phases() -> None:
    text = "# Plans\n## A\n### Progress\n- [ ] one\n## B\n### Progress\n- [ ] one\n- [x] two\n"
    assert [(path, task.id) for path, task in read(text).walk()] == [
        (("A",), "one"), (("B",), "b-one"), (("B",), "two"),
    ]  # fmt: skip


def test_examples_of_the_rules_for_plans_are_no_steps() -> None:
    text = "The Decision Log is for decisions.\n## Progress\n"
    text += "- [x] (2025-10-01 13:00Z) Example completed step.\n- [ ] Example incomplete step.\n"
    text += "- [ ] Example partially completed step (completed: X; remaining: Y).\n"
    roadmap = read(text)
    assert list(roadmap.tasks()) == []
    assert [entry.reason for entry in roadmap.ignored][2:] == ["an example of how to write a step"] * 3


def test_a_plan_without_progress_is_read_like_any_list() -> None:
    roadmap = read("# A\n## Tasks\n- [x] one\n- [ ] two\n## Decisions\n- none\n")
    assert [(task.id, task.state) for task in roadmap.tasks()] == [("one", "done"), ("two", "pending")]
    assert roadmap.format == "markdown"


def test_rules_for_plans_without_a_box_hold_no_tasks() -> None:
    text = "# ExecPlans\n- write one before you begin\n- keep it current\n```markdown\n## Progress\n- [ ] a\n```\n"
    assert list(read(text).tasks()) == []


def test_other_languages_have_progress_too() -> None:
    for heading in ("Progreso", "進捗", "2. Fortschritt", "进度"):
        assert [
            task.title for task in read(f"# P\n## {heading}\n- [x] 2026-08-14 20:53 CST — a\n").tasks()
        ] == ["a"]


def test_ticks() -> None:
    roadmap = read(PLAN)
    edits = execplan.ticks(PLAN, HERE, roadmap, {task.id for task in roadmap.tasks()})
    assert [PLAN[edit.start : edit.end] for edit in edits] == [" ", " ", "~"]
    text = PLAN
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    assert {task.state for task in read(text).tasks()} == {"done"}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".agent/PLANS.md", "# words", "execplan"),
        ("docs/exec-plans/tech-debt-tracker.md", "# words", "markdown"),
        ("docs/exec-plans/active/login.md", "# words", "execplan"),
        ("docs/exec-plans/README.md", "# words", "markdown"),
        ("login.execplan.md", "# words", "execplan"),
        ("notes/login.md", PLAN, "execplan"),
        ("PLAN.md", PLAN, "markdown"),
        (".claude/commands/speckit.plan.md", "# words", "markdown"),
        ("notes/login.md", "# A\n## Progress\n- [ ] b\n", "markdown"),
    ],
)
def test_it_is_known_by_its_path_and_by_its_content(path: str, text: str, expected: str) -> None:
    assert expected == reader_for(Path(path), text).NAME


def test_what_was_read_like_any_list_is_ticked_like_one() -> None:
    text, path = (
        "# Plan\n\n## Steps\n\n**Tasks:**\n1. **Build it**\n2. **Try it**\n- [ ] one box\n",
        Path(".agent/execplans/x.md"),
    )
    roadmap = execplan.read(text, path)
    after = made(text, execplan.ticks(text, path, roadmap, {task.id for task in roadmap.tasks()}))
    assert {task.state for task in execplan.read(after, path).tasks()} == {"done"}
