"""Showing: the part of a repository that the model sees: the map, and whole files as far as there is room."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from beastmode.runner.generating.inside import Inside, RefusedPathError
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.lines import NotTextError, lines_of
from beastmode.runner.generating.listing import Listed, listing
from beastmode.runner.generating.outlines import outline

_OUTLINED_BYTES = 200_000
_LEAST_BYTES = 1000
"""Of the beginning of a file; less says nothing."""
_TICKS = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


class Shown:
    """Shows files of one tree, each once, as far as there is room."""

    def __init__(self, inside: Inside, limits: Limits) -> None:
        self._inside, self._limits = inside, limits
        self._left = self._share = 0
        self._whole: set[str] = set()

    def map(self, files: Sequence[Listed]) -> str:
        """The map of the repository."""
        return listing(files, self._limits.map_bytes, self._outline)

    def files(self, paths: Iterable[str], most_bytes: int) -> str:
        """The files, each under its path, `most_bytes` of them; "" where none of them is new. One that cannot be shown
        says why."""
        self._left, self._share = most_bytes, most_bytes // 4
        return "\n\n".join(self._file(path) for path in dict.fromkeys(paths) if path not in self._whole)

    def _file(self, path: str) -> str:
        try:
            text = "".join(f"{line}\n" for line in self._lines(path))
        except (RefusedPathError, NotTextError) as error:
            return f"{path} is not shown: {error}."
        if not text:
            return f"{path} is empty."
        size = len(text.encode())
        if size > self._left:
            return self._beginning(path, text, size)
        self._left -= size
        self._whole.add(path)
        return fenced(path, text)

    def _beginning(self, path: str, text: str, size: int) -> str:
        """Of a file that is too long: it may not take the room of all others."""
        room = min(self._left, self._share)
        head, line_break, _ = text.encode()[:room].decode(errors="ignore").rpartition("\n")
        if room < _LEAST_BYTES or not line_break:
            return f"{path} is not shown: there is no room for its {size} bytes."
        self._left -= room
        lines = head.count("\n") + 1
        whole = text.count("\n")
        return f"{fenced(path, head + line_break)}\n(these are its first {lines} lines of {whole})"

    def _lines(self, path: str) -> list[str]:
        file = self._inside.read(path, self._limits.file_bytes)
        if file is None:
            raise RefusedPathError("there is no such file")
        return lines_of(file.content).plain

    def _outline(self, path: str) -> str:
        try:
            file = self._inside.read(path, _OUTLINED_BYTES)
            return outline(path, "\n".join(lines_of(file.content).plain)) if file else ""
        except (RefusedPathError, NotTextError):
            return ""


def fenced(path: str, text: str) -> str:
    """A file as it is shown: as an answer writes it, so that the model sees the form once more."""
    ticks = "`" * max([3, *(len(match[1]) + 1 for match in _TICKS.finditer(text))])
    return f"{path}\n{ticks}\n{text}{ticks}"
