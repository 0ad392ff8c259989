"""docs/failures-compared.md is current, and no other rule wastes or misses as few retries."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.failures.cases import CORPUS, ROOT

needs_corpus = pytest.mark.skipif(not CORPUS.exists(), reason="shared/corpora is not beside this checkout")
PAGE = ROOT / "docs" / "failures-compared.md"


@needs_corpus
def test_the_table_is_current() -> None:
    script = ROOT / "scripts" / "failures_compared.py"
    done = subprocess.run(
        [sys.executable, str(script), str(CORPUS), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rows() -> dict[str, list[tuple[int, int, int]]]:
    """Wasted, too early and missed of each rule, once per table of the page."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].isdecimal():
            found.setdefault(cells[0], []).append((int(cells[2]), int(cells[3]), int(cells[4])))
    return found


def test_ours_wastes_and_misses_least() -> None:
    table = rows()
    ours = table.pop("beastmode")
    assert len(table) == 3
    for theirs in table.values():
        for mine, other in zip(ours, theirs, strict=True):
            assert all(one < another for one, another in zip(mine, other, strict=True))
