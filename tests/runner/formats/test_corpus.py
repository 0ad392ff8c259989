"""Real lists of 16 repositories: the counts are those expected, and every line is accounted for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from beastmode.runner.formats.reading import read_roadmap

CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "roadmaps"
KINDS = ("markdown", "spec-kit")


def cases() -> list[dict[str, Any]]:
    if not CORPUS.exists():
        return []
    lines = (CORPUS / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["kind"] in KINDS]


def test_the_corpus_is_there() -> None:
    if not CORPUS.exists() and os.environ.get("CI") != "true":
        pytest.skip("shared/corpora is not beside this checkout")
    assert len(cases()) == 16


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["file"][:60])
def test_counts_are_as_expected(case: dict[str, Any]) -> None:
    roadmap = read_roadmap(CORPUS / "files" / case["file"])
    tasks = list(roadmap.tasks())
    counts = (len(tasks), sum(task.state == "done" for task in tasks), sum(task.parallel for task in tasks))
    expected = ("expected_task_count", "expected_done_count", "expected_parallel_marked")
    assert counts == tuple(case[name] for name in expected)
    assert roadmap.format == case["kind"]


def test_the_12_month_roadmap_has_12_months() -> None:
    seed = [case for case in cases() if case["file"].endswith("ML_LLM_12_MONTH_ROADMAP.md")]
    for case in seed:
        months = {phases[1] for phases, _ in read_roadmap(CORPUS / "files" / case["file"]).walk()}
        assert len(months) == 12
