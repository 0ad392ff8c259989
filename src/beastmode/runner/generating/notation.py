"""Notation: how edits are written in an answer, and what its lines look like.

    src/app.py                     a path alone on a line, then a fence
    ```python
    <<<<<<< SEARCH
    lines as they are
    =======
    lines as they shall be
    >>>>>>> REPLACE
    ```

A fence below a path without these markers is the whole file. `DELETE: path`, `RENAME: path -> path` and `READ: path`
stand on lines of their own. It is the notation that models have met most: that of aider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from beastmode.runner.generating.edits import Delete, Edit, Rename, Replace

SEARCH = re.compile(r"^[ \t]*(<{5,})[ \t]*SEARCH\b[ \t:>]*$")
DIVIDER = re.compile(r"^[ \t]*(={5,})[ \t]*$")
REPLACE = re.compile(r"^[ \t]*(>{5,})[ \t]*REPLACE\b[ \t:<]*$")
FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})([^`\n]*)$")
USUAL_MARK, USUAL_FENCE = 7, 3
"""Lengths. Longer ones say that the usual ones may stand within."""

_MARKS = re.compile(r"^[ \t]*(<{5,}|={5,}|>{5,})", re.MULTILINE)
_FENCES = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def render(edits: Iterable[Edit]) -> str:
    """An answer that holds these edits: `reading.read` gives them back, in their order.

    Raises ValueError for a whole file that begins with a SEARCH marker, which cannot be written.
    """
    return "\n\n".join(map(_rendered, edits)) + "\n"


def _rendered(edit: Edit) -> str:
    if isinstance(edit, Delete):
        return f"DELETE: {_name(edit.path)}"
    if isinstance(edit, Rename):
        return f"RENAME: {_name(edit.path)} -> {_name(edit.to)}"
    if isinstance(edit, Replace):
        return _fenced(edit.path, _block(edit), USUAL_FENCE)
    lines = edit.text.split("\n")
    if SEARCH.match(next((line for line in lines if line.strip()), "")):
        raise ValueError(f"{edit.path}: a whole file that begins with a SEARCH marker cannot be written")
    # Said twice, for the first is taken for the name.
    again = f"{edit.path}\n" if lines[0] == edit.path else ""
    return _fenced(edit.path, again + edit.text, USUAL_FENCE + bool(_MARKS.search(edit.text)))


def _block(edit: Replace) -> str:
    marks = max((len(mark[1]) for mark in _MARKS.finditer(edit.search + "\n" + edit.replace)), default=0)
    length = max(USUAL_MARK + 1, marks + 1) if marks else USUAL_MARK
    begin, middle, end = "<" * length, "=" * length, ">" * length
    return f"{begin} SEARCH\n{_ended(edit.search)}{middle}\n{_ended(edit.replace)}{end} REPLACE\n"


def _fenced(path: str, body: str, least: int) -> str:
    fence = "`" * max([least, *(len(match[1]) + 1 for match in _FENCES.finditer(body))])
    return f"{_name(path)}\n{fence}\n{_ended(body)}{fence}"


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _name(path: str) -> str:
    """Marked as a name where it could be taken for words."""
    plain = re.fullmatch(r"[\w./@+-]+", path, re.ASCII) and re.search(r"[\w/][./]\w", path)
    return path if plain else f"`{path}`"
