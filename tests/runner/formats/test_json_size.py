"""Long and hostile JSON: a hundred thousand tasks, and what would take for ever if it were walked twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.errors import RoadmapError
from beastmode.runner.formats import beads, taskmaster
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.readers import READERS
from beastmode.runner.formats.reading import read_roadmap

MANY = 100_000


def long_list(kind: str) -> str:
    if kind == "taskmaster":
        tasks = (
            {"id": n, "title": "t", "status": "pending", "dependencies": [n - 1] if n else []}
            for n in range(MANY)
        )
        return json.dumps({"master": {"tasks": list(tasks)}}, indent=0)
    link = {"type": "blocks"}
    return "".join(
        json.dumps({"id": f"b{n}", "title": "t", "status": "open", "priority": 1, "issue_type": "task"}
                   | ({"dependencies": [{**link, "depends_on_id": f"b{n - 1}"}]} if n else {})) + "\n"
        for n in range(MANY)
    )  # fmt: skip


@pytest.mark.parametrize("reader", [taskmaster, beads], ids=lambda reader: str(reader.NAME))
@pytest.mark.timeout(200)
def test_a_hundred_thousand_tasks_are_read_and_ticked(reader: Any) -> None:
    text = long_list(reader.NAME)
    assert reader.claims_text(text)
    roadmap = reader.read(text, Path("x.json"))
    tasks = list(roadmap.tasks())
    assert (len(tasks), tasks[-1].needs, tasks[-1].line) == (MANY, (tasks[-2].id,), roadmap_line(text, MANY))
    edits: list[Edit] = reader.ticks(text, Path("x.json"), roadmap, {task.id for task in tasks})
    assert len(edits) == MANY
    assert edits[-1].start > len(text) - 200


def roadmap_line(text: str, number: int) -> int:
    """The line on which the object of this number begins."""
    at = -1
    for _ in range(number):
        at = text.index('{"id"' if text[0:5] == '{"id"' else '{\n"id"', at + 1)
    return text.count("\n", 0, at) + 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 200_000,
        '{"tasks":' + "[" * 200_000,
        '{"master": {"tasks": [' + '{"id": 1}, ' * 200_000 + "]}}",
        '{"master": {"tasks": [{' + '"status": "done", ' * 200_000 + '"id": 1}]}}',
        '{"userStories": [{"title": "' + "\\u0000" * 300_000 + '"}]}',
        '[{"passes": false, "description": "' + "a" * 3_000_000 + '"}]',
        '{"features": [' + ", ".join(['{"name": "same", "passes": false}'] * 30_000) + "]}",
        '{"features": ['
        + ", ".join('{"name": "%s", "passes": false}' % ("!" * n) for n in range(2_000))
        + "]}",
        "[" + ", ".join('{"number": 1, "title": "x", "state": "OPEN"}' for _ in range(30_000)) + "]",
        '{"id": "a", "title": "t", "status": "open", "issue_type": "task"}\n' * 50_000,
        "9" * 1_000_000,
        '"' + "\\" * 999_999 + '"',
        "[" + "NaN," * 300_000,
        "[" * 900 + "NaN" + "]" * 900,
    ],
    ids=range(15),
)
@pytest.mark.timeout(120)
def test_hostile_files_take_time_in_proportion(text: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.json"
    path.write_text(text)
    for reader in READERS:
        reader.claims_text(text)
    try:
        roadmap = read_roadmap(path)
    except RoadmapError as error:
        assert error.problems  # noqa: PT017
        return
    assert len(list(roadmap.tasks())) < 100_000
