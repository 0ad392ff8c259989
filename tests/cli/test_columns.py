"""Rows of cells as a table."""

from __future__ import annotations

from beastmode.cli.columns import in_columns


def test_cells_stand_below_each_other_and_nothing_stands_behind_the_last() -> None:
    rows = [("NAME", "STATE", ""), ("a", "valid", "x"), ("longer", "", "")]
    assert in_columns(rows) == ["NAME    STATE", "a       valid  x", "longer"]


def test_a_cell_that_is_too_wide_shifts_its_own_line_only() -> None:
    assert in_columns([("1234567", "a"), ("1", "b")], widest=3) == ["1234567  a", "1    b"]
