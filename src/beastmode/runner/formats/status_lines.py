"""Lines below a task that say its state: `- Status: pending`, `**State:** [0.5]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from beastmode.runner.formats.finished import says_done_in_words
from beastmode.runner.formats.lines import GLYPHS_DONE, GLYPHS_NOT_DONE, Line

_STATUS = re.compile(
    r"(\s*(?:[-*+•]\s+|\d{1,4}[.)]\s+|#{1,6}\s+)?(?:\[[^\[\]]{0,14}\]\s*)?[*`\s]*(?:status|state)[*`\s]*:[*`\s]*)(.*?)[*`\s]*$",
    re.IGNORECASE,
)
_MARKS = re.compile(f"[{GLYPHS_DONE}{GLYPHS_NOT_DONE}]\ufe0f?")
_WHOLE = "[1.0]"
"""Done, where a list says how much of a task is."""


class Said(NamedTuple):
    """What a line says of a state.   start: where its words begin in the line."""

    start: int
    words: str

    @property
    def done(self) -> bool:
        return self.words == _WHOLE or says_done_in_words(self.words)


def state_in(text: str) -> Said | None:
    """What a line says of the state of its task; None where it speaks of something else."""
    match = _STATUS.match(text) if ":" in text else None
    return Said(match.end(1), match[2]) if match else None


def first_state(lines: Iterable[Line]) -> tuple[Line, Said] | None:
    """The first of some lines that says a state, and what it says. Code and comments say none."""
    told = (line for line in lines if line.kind not in ("fence", "comment"))
    return next(((line, said) for line in told if (said := state_in(line.text))), None)


def without_marks(title: str) -> str:
    """A title without the state marks in it (`Name 🚧 half`), which change as the task is done."""
    return title if title.isascii() else " ".join(_MARKS.sub(" ", title).split())


def without_states(details: str) -> str:
    """The details of a task without what they say of its state, which changes as the task is done."""
    if "stat" not in details.lower():
        return details
    lines = details.split("\n")
    return "\n".join(line[: said.start] if (said := state_in(line)) else line for line in lines)
