"""The Markdown report: tables and lists stay what they are, whatever the texts are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from beastmode.runner.report.markdown import markdown, text
from tests.runner.report.hostile import ATTACKS, told

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def structure(source: str) -> list[str]:
    """The kinds of all blocks and inline pieces that a reader sees, texts left out."""
    inside = [token for block in READER.parse(source) for token in [block, *(block.children or [])]]
    return [token.type for token in inside if token.type not in ("text", "text_special", "softbreak")]


def shown(tokens: list[Token]) -> str:
    return "".join(child.content for block in tokens for child in block.children or [])


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_no_text_of_others_becomes_markup(attack: str, empty_journal: Path) -> None:
    assert structure(markdown(told(attack, empty_journal))) == structure(
        markdown(told("word", empty_journal))
    )


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=40))
def test_any_line_is_shown_as_it_is(line: str) -> None:
    line = line.strip()
    tokens = READER.parse(f"a {text(line)}")
    assert shown(tokens) == f"a {line}".rstrip()
    assert structure(f"a {text(line)}") == ["paragraph_open", "inline", "paragraph_close"]


def test_every_part_of_a_report_is_there(empty_journal: Path) -> None:
    source = markdown(told("word", empty_journal))
    for part in (
        "Success rate",
        "## What failed, and what to do",
        "**What to do:** word",
        "## Next steps",
        "## Tasks by phase",
        "| Phase | Task | State | Attempts | Last attempt took |",
        "## Safety",
        "## Performance",
        "Time of a task: p95",
        "Runner: most memory",
        "## Dog-fooding",
        "0 of 1 tasks",
        "## Sessions",
        "## Proof",
    ):
        assert part in source, part


def test_times_in_a_table_are_read_without_marks(empty_journal: Path) -> None:
    table = markdown(told("0.5 s", empty_journal)).partition("## Tasks by phase")[2].partition("##")[0]
    assert "0.5 s" in table
    assert "\\." not in table
