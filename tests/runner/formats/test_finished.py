"""What says that something is done: marks, ticks and words, in front, behind a name, at the end."""

# ruff: noqa: RUF001  (marks and brackets of other scripts)
from __future__ import annotations

import pytest

from beastmode.runner.formats.finished import marks_done, says_done, says_done_in_words


@pytest.mark.parametrize(
    ("title", "done"),
    [
        ("Phase 1 ✅", True),
        ("Phase 1: Base - ✓ COMPLETE", True),
        ("Q3 (shipped)", True),
        ("Phase 2（完了）", True),
        ("Shipped in v0.1.8 (current)", True),
        ("Complete: Core platform", True),
        ("Recently completed", True),
        ("T004 [P] [x]: Configure", True),
        ("✅ 任务1: 索引", True),
        ("Complete the API", False),
        ("Done when", False),
        ("Completed by", False),
        ("Release criteria", False),
        ("Phase 3 — in progress ✅ partly", False),
        ("Phase 4", False),
    ],
)
def test_a_heading(title: str, done: bool) -> None:
    assert says_done(title) is done


@pytest.mark.parametrize(
    ("body", "done"),
    [
        ("✅ a", True),
        ("**v0.5.1** ✅ — words", True),
        ("**A3. Toolkit** (intrinsics) — ✅ DONE. More.", True),
        ("`cmd` — ✅ works", True),
        ("Delta generation ✓", True),
        ("Add a menu (done)", True),
        ("⏰ update later", False),
        ("**Wizard** 🚧 half", False),
        ("🚀 launch", None),
        ("plain words", None),
        ("**Name** words. Later a ✅ in the text", None),
    ],
)
def test_an_item(body: str, done: bool | None) -> None:
    assert marks_done(body) is done


@pytest.mark.parametrize(
    ("text", "done"), [("✅ Approved", False), ("✅ **DONE**", True), ("Pending", False)]
)
def test_a_status(text: str, done: bool) -> None:
    assert says_done_in_words(text) is done
