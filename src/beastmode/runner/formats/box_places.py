"""Where in a text the state of a box stands, so that it can be ticked and nothing else changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from beastmode.runner.formats.edit import Edit

_END = re.compile(r"\r\n|\r|\n")
_BOX = re.compile(r"\ufeff?[ \t]*(?:[-*+•]|\d{1,4}[.)])?[ \t]*\\?\[([^\[\]]{0,14}?)\\?\]")


def box_edits(text: str, lines: Iterable[int]) -> list[Edit]:
    """What ticks the boxes of these lines.   lines: numbers from 1; one without a box gets no edit."""
    starts = _starts(text)
    edits = []
    for number in sorted(set(lines)):
        begin, end = starts[number - 1], starts[number] if number < len(starts) else len(text)
        if match := _BOX.match(text, begin, end):
            edits.append(Edit(match.start(1), match.end(1), "x"))
    return edits


def _starts(text: str) -> list[int]:
    """Where each line begins, counted as a reader counts them."""
    return [0, *(match.end() for match in _END.finditer(text))]
