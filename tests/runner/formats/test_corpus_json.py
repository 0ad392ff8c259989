"""Real files of public repositories in JSON and front matter: what is counted in them, and what ticking changes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from beastmode.runner.formats import backlog, beads, feature_list, prd, taskmaster
from beastmode.runner.formats.asked import Asked
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.readers import READERS
from beastmode.runner.formats.reading import read_roadmap, reader_for
from beastmode.runner.roadmap import Roadmap, problems_of

CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "roadmaps"
OURS: tuple[ModuleType, ...] = (taskmaster, beads, prd, feature_list, backlog)


def entries() -> list[dict[str, Any]]:
    if not CORPUS.exists():
        return []
    lines = (CORPUS / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = {reader.NAME for reader in OURS}
    return [entry for entry in map(json.loads, lines) if entry["kind"] in wanted]


def path_of(entry: dict[str, Any]) -> Path:
    return CORPUS / "files" / str(entry["file"])


def text_of(entry: dict[str, Any]) -> str:
    return path_of(entry).read_bytes().decode("utf-8-sig")


def lists_of(entry: dict[str, Any]) -> Iterator[Roadmap]:
    """Every list of a file: of Task Master, one for each tag."""
    for tag in entry.get("extra", {}).get("tags", [""]):
        yield read_roadmap(path_of(entry), Asked(tag=tag))


every_file = pytest.mark.parametrize("entry", entries(), ids=lambda entry: str(entry["repo"]))


def test_the_corpus_is_there() -> None:
    if not entries() and not os.environ.get("CI"):
        pytest.skip("the corpus of real roadmaps is not on this machine")
    assert len(entries()) >= 13


@every_file
def test_counts(entry: dict[str, Any]) -> None:
    tasks = [task for roadmap in lists_of(entry) for task in roadmap.tasks()]
    counts = len(tasks), sum(t.state == "done" for t in tasks), sum(t.parallel for t in tasks)
    assert counts == tuple(
        entry[f"expected_{name}"] for name in ("task_count", "done_count", "parallel_marked")
    )


@every_file
def test_the_content_alone_tells_the_format(entry: dict[str, Any]) -> None:
    claiming = [reader.NAME for reader in READERS if reader.claims_text(text_of(entry))]
    assert claiming[0] == entry["kind"]


@every_file
def test_its_path_in_its_repository_tells_the_format(entry: dict[str, Any]) -> None:
    assert entry["kind"] == reader_for(Path(entry["path"]), text_of(entry)).NAME


@every_file
def test_tasks_stand_where_their_line_says(entry: dict[str, Any]) -> None:
    lines = text_of(entry).split("\n")
    for roadmap in lists_of(entry):
        assert problems_of(roadmap) == []
        assert all(lines[task.line - 1].lstrip()[:1] in "{-" for task in roadmap.tasks())


@every_file
def test_ticked_all_is_done_and_only_states_have_changed(entry: dict[str, Any]) -> None:
    text, reader = text_of(entry), next(one for one in OURS if entry["kind"] == one.NAME)
    for roadmap in lists_of(entry):
        left = {task.id for task in roadmap.tasks() if task.state == "pending"}
        edits = reader.ticks(text, path_of(entry), roadmap, left)
        assert len(edits) == len(left)
        assert {(text[edit.start : edit.end], edit.text) for edit in edits} <= {
            ('"pending"', '"done"'),
            ('"in-progress"', '"done"'),
            ('"open"', '"closed"'),
            ('"in_progress"', '"closed"'),
            ("false", "true"),
            ("To Do", "Done"),
            ("In-Progress", "Done"),
        }
        again = read_again(reader, applied(text, edits), path_of(entry), roadmap.part)
        assert {task.id for task in again.tasks() if task.state == "pending"} == set()
        assert [(task.id, task.needs) for task in again.tasks()] == [
            (task.id, task.needs) for task in roadmap.tasks()
        ]


def test_lists_of_other_formats_are_left_to_their_readers() -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus of real roadmaps is not on this machine")
    ours = {str(entry["file"]) for entry in entries()}
    others = [path for path in (CORPUS / "files").iterdir() if path.name not in ours]
    assert len(others) >= 20
    for path in others:
        text = path.read_bytes().decode("utf-8-sig")
        assert not [reader.NAME for reader in OURS if reader.claims_text(text) or reader.claims_path(path)]


def applied(text: str, edits: list[Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def read_again(reader: ModuleType, text: str, path: Path, part: str) -> Roadmap:
    roadmap = reader.read_part(text, path, part) if part else reader.read(text, path)
    assert isinstance(roadmap, Roadmap)
    return roadmap
