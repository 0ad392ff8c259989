"""A thin bar that shows tasks by state. Pure; the template only draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beastmode.dashboard.words import amount, counts_in

WIDTH = 100.0
_THINNEST = 0.8
"""One failed task of a million is seen."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Of one state.   x, width: of 0 … WIDTH."""

    state: str
    words: str
    x: float
    width: float


def pieces_of(counts: Mapping[str, int]) -> list[Piece]:
    """Side by side, all of WIDTH together; none of no tasks."""
    named = counts_in(counts)
    total = sum(count for _, _, count in named)
    widths = [max(_THINNEST, WIDTH * count / total) for _, _, count in named]
    scale, x = WIDTH / sum(widths) if widths else 1.0, 0.0
    pieces = []
    for (state, name, count), width in zip(named, widths, strict=True):
        pieces.append(Piece(state, f"{amount(count)} {name}", round(x, 3), round(width * scale, 3)))
        x += width * scale
    return pieces
