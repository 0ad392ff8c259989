"""An edit: a few characters of a list that give way to others, as a tick does."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Edit(NamedTuple):
    """The characters `start` to `end` of a list's text become `text`.

    start, end: places in the text as a reader gets it: without a byte order mark, line ends as they are.   path: the
    file, where a folder is the list; None: the list's own.
    """

    start: int
    end: int
    text: str
    path: Path | None = None
