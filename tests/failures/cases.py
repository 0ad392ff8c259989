"""The corpus of real failures, beside this checkout, and how a case becomes Evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from beastmode.failures.evidence import Evidence

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpora" / "errors" / "cases.jsonl"
NOW_UNIX = 1_777_936_568.0 - 13_872
"""When `codex-usage-limit-plus` was met: its reset is 13,872 s later."""

Case = dict[str, Any]


def cases() -> list[Case]:
    if not CORPUS.exists():
        return []
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def evidence_of(case: Case) -> Evidence:
    return Evidence(
        status=case["status"],
        headers=case["headers"],
        body=case["body"],
        exception=case["exception"] or None,
        mid_stream=case["mid_stream"],
        provider=case["provider"],
    )
