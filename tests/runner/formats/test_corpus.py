"""Real files of public repositories: what is counted in them, and that each of their lines is told once."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.runner.formats import execplan, kiro, markdown, openspec, spec_kit
from beastmode.runner.roadmap import Phase, Roadmap, Task, problems_of

CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "roadmaps"
READERS: tuple[ModuleType, ...] = (kiro, openspec, execplan, spec_kit, markdown)
NOTES = ("unknown state [", "in progress [", "need not followed: ", "order not followed: ", "remark: ")
"""Reasons that only remark on a line which has its place already."""


def entries() -> list[dict[str, Any]]:
    if not CORPUS.exists():
        return []
    lines = (CORPUS / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = {reader.NAME for reader in READERS}
    return [entry for entry in map(json.loads, lines) if entry["kind"] in wanted]


def text_of(entry: dict[str, Any]) -> str:
    return (CORPUS / "files" / str(entry["file"])).read_bytes().decode("utf-8-sig")


def read(entry: dict[str, Any]) -> Roadmap:
    reader = next(reader for reader in READERS if entry["kind"] == reader.NAME)
    roadmap = reader.read(text_of(entry), Path(entry["path"]))
    assert isinstance(roadmap, Roadmap)
    return roadmap


def expected(entry: dict[str, Any]) -> tuple[int, int, int]:
    """Tasks, done, marked parallel. Where boxes have parts only the innermost are tasks, though all are counted."""
    leaves = entry["extra"] if entry["kind"] == "kiro" else {}
    tasks = leaves.get("leaf_tasks", entry["expected_task_count"])
    return tasks, leaves.get("leaf_done", entry["expected_done_count"]), entry["expected_parallel_marked"]


every_file = pytest.mark.parametrize("entry", entries(), ids=lambda entry: str(entry["repo"]))


def test_the_corpus_is_there() -> None:
    if not entries() and not os.environ.get("CI"):
        pytest.skip("the corpus of real roadmaps is not on this machine")
    assert len(entries()) >= 26


@every_file
def test_counts(entry: dict[str, Any]) -> None:
    tasks = list(read(entry).tasks())
    counts = len(tasks), sum(t.state == "done" for t in tasks), sum(t.parallel for t in tasks)
    assert counts == expected(entry)


@every_file
def test_the_content_alone_tells_the_format(entry: dict[str, Any]) -> None:
    claiming = [reader.NAME for reader in READERS if reader.claims_text(text_of(entry))]
    assert claiming[0] == entry["kind"]
    assert not any(reader.claims_path(Path(entry["file"])) for reader in READERS)


@every_file
def test_every_line_is_accounted_for_once(entry: dict[str, Any]) -> None:
    assert unaccounted(text_of(entry), read(entry)) == {}


@every_file
def test_roadmaps_can_run(entry: dict[str, Any]) -> None:
    roadmap = read(entry)
    assert problems_of(roadmap) == []
    assert all(is_safe(task.id) for task in roadmap.tasks())


def test_the_twelve_months() -> None:
    entry = next((e for e in entries() if "12_MONTH" in e["file"]), None)
    if entry is None:
        pytest.skip("the corpus of real roadmaps is not on this machine")
    places = [place for place, _ in read(entry).walk()]
    assert places[0] == (
        "QUARTER 1: Foundation & Optimization", "MONTH 1: Fix & Monitor (January 2026)",
        "Week 1-2: Fix Monitoring Gaps",
    )  # fmt: skip
    assert len({place[1] for place in places}) == 12
    assert set(Counter(places).values()) == {3}
    assert all("**Deliverable:**" in task.details for task in read(entry).tasks())


def is_safe(name: str) -> bool:
    return (
        bool(name) and name[0] not in "-." and not set(name) & set("/\\ \t\n\0") and len(name.encode()) < 255
    )


def lines_of_phases(children: Sequence[Phase | Task]) -> Iterator[int]:
    for child in children:
        if isinstance(child, Phase):
            yield child.line
            yield from lines_of_phases(child.children)


def unaccounted(text: str, roadmap: Roadmap) -> dict[int, int]:
    """How often each line has a place, for those where it is not once; blank lines have none."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    told = Counter(lines_of_phases(roadmap.children))
    for task in roadmap.tasks():
        told[task.line] += 1
        for number, line in enumerate(task.details.split("\n") if task.details else (), task.line + 1):
            assert lines[number - 1] == line
            told[number] += bool(line.strip())
    for entry in roadmap.ignored:
        assert lines[entry.line - 1] == entry.text
        told[entry.line] += not entry.reason.startswith(NOTES)
    wanted = {number: int(bool(line.strip())) for number, line in enumerate(lines, 1)}
    return {number: told[number] for number, count in wanted.items() if told[number] != count}


PIECES = [
    "#### Deep",
    "# Top",
    "# T",
    "## Phase 1",
    "### Task 1.1: a [X]",
    "- [ ] T001 [P] a",
    "- [x] T002 b (depends on T001)",
    "  - detail",
    "T003 - c",
    "1. **Bold**",
    "**Tasks:**",
    "**Week 1: x**",
    "```",
    "````markdown",
    "~~~",
    "---",
    "<!--",
    "-->",
    "| a | b |",
    "|--|--|",
    "| task | status |",
    "",
    "  ",
    "\t",
    "- ✅ a",
    "⬜ b",
    "- [~] c",
    "- []",
    "- [ ]",
    "words",
    "Definition of done:",
    "===",
    "T001 → T002 → T001",
    "Depends on: Phase 1",
    "\u3000",
    "\x0b",
    "- [ ] 日本",
    "[#] T004 - d",
    "> quote",
    "- [ ] 1. a",
    "  - [x]* 1.1 b",
    "- [-] 1.2. (P) c",
    "    - _Depends: 1, 2.1_",
    "- [ ] 2. Checkpoint",
    "## Task Dependency Graph",
    '{"waves": [{"id": 0, "tasks": ["1.1"]}, ["2", "1"]]}',
    "1.1 --> 1.2 --> 2",
    "## Progress",
    "- [ ] (2025-10-01 13:00Z) d",
    "## 1. Group",
    "-[ ] e",
    "\ufeff# x",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=40).map("\n".join))
def test_any_text_is_read_and_accounted_for(text: str) -> None:
    for reader in READERS:
        reader.claims_text(text)
        roadmap = reader.read(text, Path("any.md"))
        assert unaccounted(text, roadmap) == {}
        assert all(is_safe(task.id) for task in roadmap.tasks())
        assert [p for p in problems_of(roadmap) if p.what != "no tasks found"] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutilated_files_are_read_and_accounted_for(data: st.DataObject) -> None:
    texts = [text_of(entry) for entry in entries()]
    if not texts:
        return
    lines = data.draw(st.sampled_from(texts)).split("\n")
    start = data.draw(st.integers(0, len(lines)))
    cut = lines[start : start + 120]
    place = data.draw(st.integers(0, len(cut)))
    cut[place:place] = data.draw(st.lists(st.sampled_from(PIECES), max_size=5))
    text = "\n".join(cut)
    for reader in READERS:
        assert unaccounted(text, reader.read(text, Path("any.md"))) == {}


def test_a_hundred_thousand_tasks() -> None:
    boxes = (
        f"## Week {week}\n" + "".join(f"- [ ] Thing {n} of it\n" for n in range(1_000)) for week in range(100)
    )
    assert len(list(markdown.read("".join(boxes), Path("x.md")).tasks())) == 100_000
    numbered = "".join(f"- [ ] T{number:06d} [P] do it\n" for number in range(100_000))
    roadmap = spec_kit.read(f"# Tasks\n## Phase 1\n{numbered}", Path("x.md"))
    assert [task.line for task in roadmap.tasks()] == list(range(3, 100_003))


def test_a_hundred_thousand_parts_in_waves() -> None:
    parts = "".join(f"  - [ ] 1.{number} do it\n" for number in range(100_000))
    waves = json.dumps(
        {"waves": [[f"1.{100 * wave + number}" for number in range(100)] for wave in range(1_000)]}
    )
    text = f"- [ ] 1. All of it\n{parts}\n```json\n{waves}\n```\n"
    roadmap = kiro.read(text, Path("x.md"))
    assert len(roadmap.children) == 1_000
    done = [task.id for task in roadmap.tasks()]
    assert len(kiro.ticks(text, Path("x.md"), roadmap, set(done))) == 100_001
    groups = "".join(f"- [ ] 1.{number} do it\n" for number in range(100_000))
    assert len(list(openspec.read(f"## 1. All\n{groups}", Path("x.md")).tasks())) == 100_000


@pytest.mark.parametrize(
    "text",
    [
        "# R\n" + "".join(f"## Phase {p}\n" + f"- [ ] Do thing {p} with words\n" * 100 for p in range(100)),
        "*a " * 100_000,
        "- [ ] " + "[" * 100_000,
        "- a" + " " * 100_000 + "b",
        "# " + "✅ " * 50_000,
        "- [ ] T001 a\n- [ ] T002 depends on T001-T9999\n" * 2_000,
        "- [ ] T001 a\n- [ ] T002 b\n" + "T001 -> T002 -> " * 10_000,
        "".join(" " * (i % 900) + "- [ ] x\n" for i in range(1_800)),
        "```\n" * 50_000,
        "<!--" * 50_000,
        "## Phase 1: x\n" * 20_000,
        "**Week 1: x**\n- a\n" * 15_000,
        "## Acceptance criteria\n- [ ] x\n" * 10_000,
        "- **a" * 60_000,
        "### A1 b\n### A-1-B-2 c\n" * 10_000,
        "| a \\| b |\n|--|\n" * 20_000,
        "- x (done" * 30_000,
        "# " + "complete " * 30_000,
        "- [ ] 1. a\n  - [ ] 1.1 a\n" * 10_000,
        "".join("- [ ] " + ".".join("1" * (i % 7 + 1)) + " x\n" for i in range(20_000)),
        "- [ ] 1. a\n## Task Dependency Graph\n```\n"
        + ("T1 & " * 3_000 + "T2 --> " + "T3 & " * 3_000 + "T4\n") * 10,
        '- [ ] 1. a\n```\n{"waves": ' + "[" * 50_000 + "\n```\n",
        "- [ ]* 1. " + "final ensure tests checkpoint (optional " * 5_000,
        "## Progress\n- [ ] " + "(2025-10-01 " * 20_000,
    ],
    ids=range(24),
)
@pytest.mark.timeout(180)
def test_hostile_files_take_time_in_proportion(text: str) -> None:
    for reader in READERS:
        reader.read(text, Path("any.md"))
