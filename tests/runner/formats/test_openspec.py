"""OpenSpec changes: what the tool counts, groups, archived changes, ticks."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from beastmode.runner.formats import openspec
from beastmode.runner.formats.reading import reader_for
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Phase, Roadmap, problems_of

HERE = Path("openspec/changes/add-login/tasks.md")

LIST = dedent("""
    ## 1. Storage

    - [x] 1.1 Write the table; verify with `make test`
    * [ ] 1.2 Write the store
      - words
      - [ ] nested step
    + [ ] not counted
    1. [ ] not counted either
    - [~] nor this
    -[ ] without a blank

    ```
    - [ ] fenced
    ```

    ## 2. Screen
    - [X] 2.1 Draw it
    - [ ]
    """).lstrip("\n")


def read(text: str, path: Path = HERE) -> Roadmap:
    return openspec.read(text, path)


def test_what_the_tool_counts_is_a_task_wherever_it_stands() -> None:
    tasks = [(task.id, task.title, task.state) for task in read(LIST).tasks()]
    assert tasks == [
        ("1.1", "Write the table; verify with `make test`", "done"),
        ("1.2", "Write the store", "pending"),
        ("nested-step", "nested step", "pending"),
        ("without-a-blank", "without a blank", "pending"),
        ("fenced", "fenced", "pending"),
        ("2.1", "Draw it", "done"),
        ("task", "task", "pending"),
    ]


def test_groups_are_phases_in_the_order_of_the_list() -> None:
    roadmap = read(LIST)
    assert [(child.title, isinstance(child, Phase)) for child in roadmap.children] == [
        ("1. Storage", True), ("2. Screen", True),
    ]  # fmt: skip
    assert problems_of(roadmap) == []
    assert [len(wave) for wave in graph_of(roadmap).waves()] == [1] * 7


def test_boxes_that_the_tool_does_not_count_are_told() -> None:
    said = {entry.line: entry.reason for entry in read(LIST).ignored}
    assert said[7] == "a box [ ] that OpenSpec does not count"
    assert said[9] == "a box [~] that OpenSpec does not count"


def test_of_an_archived_change_nothing_is_left_to_do() -> None:
    roadmap = read(LIST, Path("openspec/changes/archive/2026-01-01-add-login/tasks.md"))
    assert roadmap.rule == "none: the change is archived, so that nothing of it is to be done"
    assert {(task.state, task.options.said) for task in roadmap.tasks()} == {
        ("done", ""),
        ("dropped", "archived"),
    }


def test_ticks() -> None:
    text = LIST.replace("\n", "\r\n")
    roadmap = read(text)
    edits = openspec.ticks(text, HERE, roadmap, {task.id for task in roadmap.tasks()})
    assert len(edits) == 5
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    assert len(text) == len(LIST.replace("\n", "\r\n"))
    assert {task.state for task in read(text).tasks()} == {"done"}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("openspec/changes/a/tasks.md", "words", "openspec"),
        ("x/openspec/changes/archive/a/tasks.md", "words", "openspec"),
        ("openspec/changes/a/proposal.md", "# Why\n- words\n", "markdown"),
        ("notes", "## 1. A\n- [ ] 1.1 b\n## 2. C\n- [x] 2.1 d\n", "openspec"),
        ("notes", "## 1. A\n- [ ] 1.1 b\n- [ ] 7.1 d\n", "markdown"),
    ],
)
def test_it_is_known_by_its_path_and_by_its_content(path: str, text: str, expected: str) -> None:
    assert expected == reader_for(Path(path), text).NAME
