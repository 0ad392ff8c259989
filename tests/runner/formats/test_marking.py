"""Ticks in Markdown and spec-kit lists of every dialect: what stands there before, and after."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from beastmode.runner.formats import markdown, spec_kit
from beastmode.runner.formats.ticking import ticked

HERE = {markdown: Path("ROADMAP.md"), spec_kit: Path("specs/001-x/tasks.md")}


def all_ticked(text: str, reader: ModuleType = markdown) -> str:
    """The text with all of its tasks ticked, each of which is taken."""
    path = HERE[reader]
    tasks = [task.id for task in reader.read(text, path).tasks() if task.state == "pending"]
    after, result = ticked(text, path, dict.fromkeys(tasks, ""))
    assert (result.left, len(result.ids)) == ([], len(tasks))
    return after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- [ ] a\n- [] b\n- [~] c", "- [x] a\n- [x] b\n- [x] c"),
        ("- [X] a\n- [ ] b\n", "- [X] a\n- [X] b\n"),
        ("- \\[ \\] a\n* [todo] b\n[ ] c\n", "- \\[x\\] a\n* [done] b\n[x] c\n"),
        ("-   [  ]   a  \n\t- [ ] b\n3.\t[ ] c", "-   [x]   a  \n\t- [x] b\n3.\t[x] c"),
        ("1. [x] a\n2. [ ] b\n3. c\n", "1. [x] a\n2. [x] b\n3. [x] c\n"),
        ("## Phase 1\n- a **b**\n- ⏳ c  \n", "## Phase 1\n- a **b** ✅\n- ✅ c  \n"),
        ("**Tasks:**\n1. **Title**\n   - more\n2. b ⏳", "**Tasks:**\n1. **Title** ✅\n   - more\n2. b ✅"),
        ("## Phase 1\n- 🚀 go\n- **Name** 🚧 half", "## Phase 1\n- 🚀 go ✅\n- **Name** ✅ half"),
        ("- ⬜ a\n- 🔄 b\n- ✅ c\n- ⬜ d\n", "- ✅ a\n- ✅ b\n- ✅ c\n- ✅ d\n"),
        ("☐ a\n☐ b\n", "☑ a\n☑ b\n"),
    ],
)
def test_items(before: str, after: str) -> None:
    assert all_ticked(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("### Task 1: a\n### Task 2: b ##\n", "### Task 1: a ✅\n### Task 2: b ✅ ##\n"),
        ("### Task 1: a [X]\n### Task 2: b\n", "### Task 1: a [X]\n### Task 2: b [X]\n"),
        ("### Task 1: a [ ]\n### ⏳ Task 2: b\n", "### Task 1: a [x]\n### ✅ Task 2: b\n"),
        ("### Task 1: drop pending items\n", "### Task 1: drop pending items [x]\n"),
        ("### Task 1: a\n**Status:** Pending\n", "### Task 1: a\n**Status:** Done\n"),
        ("### Task 1: a\n- State: `[0.5]`\n", "### Task 1: a\n- State: `[1.0]`\n"),
        ("### Task 1: a\n```\nstatus: open\n```\n", "### Task 1: a ✅\n```\nstatus: open\n```\n"),
        ("### Task 1: a\nStatus: until Bob is back\n", "### Task 1: a ✅\nStatus: until Bob is back\n"),
        (
            "### Task 1: a\nStatus: ✅ Complete\n### Task 2: b\nStatus: 🔄 In Progress\n",
            "### Task 1: a\nStatus: ✅ Complete\n### Task 2: b\nStatus: ✅ Complete\n",
        ),
        (
            "Phase 1\n-------\nwords\n\nPhase 2\n-------\n",
            "Phase 1 ✅\n-------\nwords\n\nPhase 2 ✅\n-------\n",
        ),
    ],
)
def test_headings(before: str, after: str) -> None:
    assert all_ticked(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pending", "done"),
        ("**TODO**", "**DONE**"),
        ("⏳ In Progress", "✅ Done"),
        ("⬜", "✅"),
        ("40%", "100%"),
        ("待开始", "已完成"),
        ("waiting for Bob", "waiting for Bob ✅"),
        ("partial, see Bob", "partial, see Bob [x]"),
    ],
)
def test_cells(before: str, after: str) -> None:
    table = "| Task | Status | Who |\n|--|--|--|\n| a \\| b | {} | x |\n"
    assert all_ticked(table.format(before)) == table.format(after)


def test_cells_take_the_word_of_their_column_and_tables_without_states_a_mark() -> None:
    states = "|Task|Status|\n|-|-|\n|a|Shipped|\n|b|Open|\n"
    assert all_ticked(states) == states.replace("Open", "Shipped")
    bare = "## Phase 1\n| Task | Who |\n|--|--|\n| Build | me |\n"
    assert all_ticked(bare) == bare.replace("Build", "Build ✅")


SPEC = "# Tasks: x\n## Phase 1: Setup\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- [ ] T001 [P] a\n- [ ] T002 b", "- [X] T001 [P] a\n- [X] T002 b"),
        ("- [x] T001 a\n- [ ] T002 b", "- [x] T001 a\n- [x] T002 b"),
        ("### T001 [P]: a [ ]\n### T002 [ ]: b", "### T001 [P]: a [X]\n### T002 [X]: b"),
        ("T001 - a [P]\nT002 - b\n- Status: pending", "T001 - a [P] ✅\nT002 - b\n- Status: done"),
        ("- T001 a [P]\n- T002 b (pending)\n", "- T001 a [P] ✅\n- T002 b (pending) ✅\n"),
        ("[#] T001 - a\n[ ] T002 - b", "[X] T001 - a\n[X] T002 - b"),
    ],
)
def test_spec_kit(before: str, after: str) -> None:
    assert all_ticked(SPEC + before, spec_kit) == SPEC + after


def test_a_list_known_by_its_open_marks_is_still_known_when_the_last_is_gone() -> None:
    text = "# List\n- ⬜ a\n- ✅ b\n\nwords\n\n- no task\n"
    assert all_ticked(text) == text.replace("⬜", "☑")
    warned = "## Now\n- ⚠️ a\n- ✅ b\n\n## Later\n- plain\n"
    assert all_ticked(warned) == warned.replace("⚠️ a", "☑ ⚠️ a")


def test_the_other_lines_of_a_repeated_task_stay_as_they_are() -> None:
    text = "## A\n- [ ] AB-1: x\n## B\n- [ ] AB-1: x\n"
    assert all_ticked(text) == "## A\n- [x] AB-1: x\n## B\n- [ ] AB-1: x\n"
