"""Ticking of every format: a few characters change, in lines of the tasks, and the list reads as before, but done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.runner.formats import markdown, spec_kit
from beastmode.runner.formats.asked import ALL
from beastmode.runner.formats.edit import Edit, made
from beastmode.runner.formats.readers import READERS
from beastmode.runner.formats.reading import read_text
from beastmode.runner.formats.status_lines import without_marks, without_states
from beastmode.runner.formats.ticking import ticked
from beastmode.runner.resume import fingerprint
from beastmode.runner.roadmap import Roadmap

_PLACES = (up / "shared" / "corpora" / "roadmaps" for up in Path(__file__).parents)
CORPUS = next(filter(Path.exists, _PLACES), Path("nowhere"))
MOST = 16
"""Characters of a tick besides the blanks and the end of its line: `"done": true, ` has 14."""
OWN_LINES = ("native", "spec-kit", "markdown")
"""Elsewhere a line above may be ticked too, as that of a task of Kiro is once its parts are done."""


class Case(NamedTuple):
    reader: ModuleType
    path: Path
    text: str

    @property
    def roadmap(self) -> Roadmap:
        return read_text(self.reader, self.text, self.path, ALL)


def cases() -> Iterator[Any]:
    """The files of the corpus whose readers can tick them."""
    lines = (CORPUS / "expected.jsonl").read_text(encoding="utf-8").splitlines() if CORPUS.exists() else []
    for entry in map(json.loads, lines):
        path = Path(entry["path"])
        text = (CORPUS / "files" / entry["file"]).read_bytes().decode("utf-8-sig")
        reader = next((r for r in READERS if r.claims_path(path)), None) or next(
            (r for r in READERS if r.claims_text(text)), None
        )
        if reader is not None and hasattr(reader, "ticks"):
            yield pytest.param(Case(reader, path, text), id=str(entry["file"])[:60])


every_file = pytest.mark.parametrize("case", list(cases()))


def test_the_corpus_is_there() -> None:
    if not list(cases()) and not os.environ.get("CI"):
        pytest.skip("the corpus of real roadmaps is not on this machine")
    assert len(list(cases())) >= 16


def pending(roadmap: Roadmap) -> list[str]:
    return [task.id for task in roadmap.tasks() if task.state == "pending"]


def unlike(before: Roadmap, after: Roadmap, done: set[str]) -> list[object]:
    """Where two readings differ in more than that some tasks are done."""
    pairs = list(zip(before.walk(), after.walk(), strict=True))
    found: list[object] = [
        (place, task, there, then)
        for (place, task), (there, then) in pairs
        if (
            place,
            task.id,
            without_marks(task.title),
            task.needs,
            task.options,
            task.parallel,
            fingerprint(task),
        )
        != (
            there,
            then.id,
            without_marks(then.title),
            then.needs,
            then.options,
            then.parallel,
            fingerprint(then),
        )
        or without_states(task.details) != without_states(then.details)
    ]
    states = [(task.id, then.state) for (_, task), (_, then) in pairs]
    return found + [
        (name, state)
        for (name, state), (_, task) in zip(states, (pair[0] for pair in pairs), strict=True)
        if state != ("done" if name in done else task.state)
    ]


def lines_of(case: Case) -> set[int]:
    """The numbers of the lines that belong to tasks; of lists that tell."""
    lines = [(task.line, task.details.count("\n") + 1) for task in case.roadmap.tasks()]
    return {number for line, more in lines for number in range(line, line + more + 1)}


def assert_only(case: Case, edits: list[Edit], after: str) -> None:
    """The difference is the edits, each of them is small and in a line of a task, and all else is as it was."""
    at, kept, lines = 0, [], lines_of(case)
    for edit in sorted(edits):
        assert edit.path is None
        assert len(edit.text.strip()) <= MOST
        assert case.reader.NAME not in OWN_LINES or case.text.count("\n", 0, edit.start) + 1 in lines
        kept.append(case.text[at : edit.start])
        at = edit.end
    kept.append(case.text[at:])
    rest = after
    for part in kept:
        assert part in rest
        rest = rest[rest.index(part) + len(part) :]
    assert len(after) == len(case.text) + sum(len(edit.text) - (edit.end - edit.start) for edit in edits)


@every_file
def test_every_task_that_can_run_is_ticked_and_nothing_else_changes(case: Case) -> None:
    roadmap = case.roadmap
    done = pending(roadmap)
    edits = case.reader.ticks(case.text, case.path, roadmap, set(done))
    after = made(case.text, edits)
    assert_only(case, edits, after)
    assert unlike(roadmap, read_text(case.reader, after, case.path, ALL), set(done)) == []
    assert ticked(case.text, case.path, dict.fromkeys(done, ""))[0] == after


@every_file
def test_a_second_time_changes_nothing(case: Case) -> None:
    done = dict.fromkeys(pending(case.roadmap), "")
    after, first = ticked(case.text, case.path, done)
    again, second = ticked(after, case.path, done)
    assert again == after
    assert (sorted(second.ids), second.left) == (sorted(first.ids), [])


@every_file
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_of_the_tasks_in_any_order_and_layout(case: Case, data: st.DataObject) -> None:
    text = case.text.replace("\r\n", "\n")
    if case.path.suffix == ".md" and data.draw(st.booleans()):
        text = text.replace("\n", data.draw(st.sampled_from(["\r\n", "  \n", "\t\n"])))
    if data.draw(st.booleans()):
        text = text.rstrip()
    laid = Case(case.reader, case.path, text)
    before = laid.roadmap
    wanted = data.draw(st.lists(st.sampled_from(pending(before) or [""]), unique=True, max_size=6))
    wanted = [name for name in wanted if name]
    for name in wanted:
        text, result = ticked(text, case.path, {name: ""})
        assert (result.ids, result.left) == ([name], [])
    assert unlike(before, read_text(case.reader, text, case.path, ALL), set(wanted)) == []


PIECES = [
    "# Plan", "## Phase 1: a ✅", "### Task 1.1: a [ ]", "### 2. Title ##", "- [ ] T001 [P] a",
    "- [x] T002 b", "- ⬜ a", "T003 - c", "1. **Bold** 🚧 more", "2. b", "**Tasks:**",
    "- Status: pending", "**Status:** `[0.5]`", "```", "<!--", "-->", "| a | b |", "|--|--|",
    "| task | status |", "| 🔄 x | |", "", "  - [ ] deep", "- 🚀 go", "Title", "-----", "-\xa0[ ] n",
    "- [                ] wide", "\\[ ] half", "- [todo] w", "☐ c", "1) [~] p", "---", "### ⏳ A-1: x",
    "tasks:", "  - id: a",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_whatever_is_read_is_ticked_or_told_and_reads_the_same(
    pieces: list[str], end: str, spec: bool
) -> None:
    text = end.join(pieces)
    path = Path("specs/001-x/tasks.md" if spec else "ROADMAP.md")
    reader = spec_kit if spec else markdown
    before = reader.read(text, path)
    done = pending(before)
    after, result = ticked(text, path, dict.fromkeys(done, ""))
    assert sorted([*result.ids, *(name for name, _ in result.left)]) == sorted(done)
    assert unlike(before, reader.read(after, path), set(result.ids)) == []
