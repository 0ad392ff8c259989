"""Columns: rows of cells as the lines of a table."""

from __future__ import annotations

from collections.abc import Sequence


def in_columns(rows: Sequence[Sequence[str]], widest: int | None = None) -> list[str]:
    """A line for each row, its cells below those of the others, two blanks between them; nothing behind the last.

    rows: all of one length, at least one.   widest: a cell that is longer shifts the rest of its own line only.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if widest is not None:
        widths = [min(width, widest) for width in widths]
    return ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
