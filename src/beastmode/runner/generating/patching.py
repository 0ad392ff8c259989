"""Patching: the edits of one answer are made in memory, all of them or none, against the files as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from beastmode.runner.generating.edits import Delete, Edit, Rename, Replace, Write
from beastmode.runner.generating.inside import File, Inside, RefusedPathError
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.lines import Lines, NotTextError, lines_of, plain_lines
from beastmode.runner.generating.locating import Place, locate
from beastmode.runner.generating.paths import same_name

_NEW, _NEW_PROGRAM = 0o644, 0o755
_MOST_PROBLEMS = 20
_MOST_ELIDED, _MOST_KNOWN = 300, 2000
_ELIDED = re.compile(
    r"^\s*(?:#|//|/\*|--|<!--)\s*(?:\.\.\.|…)?\s*\(?(?:the )?(?:rest of|remaining|existing|other|previous|unchanged)\b"
    r".*(?:\.\.\.|…|\bunchanged\b|\bsame\b|\bas before\b|\bhere\b).*$",
    re.IGNORECASE,
)
"""`# ... existing code ...`, `// rest of the file unchanged`."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one path.   before, after: None where there is no file."""

    path: str
    before: File | None
    after: File | None


@dataclass(slots=True)
class Patch:
    """What an answer comes to.   changes: by path; only what really changes.   problems: then nothing of it may be
    written."""

    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _EditError(Exception):
    """An edit that cannot be made; says why, in words for the model."""


def patch(
    edits: Iterable[Edit],
    inside: Inside,
    limits: Limits,
    forbidden: Callable[[str], str],
    known: Iterable[str] = (),
) -> Patch:
    """The changes that the edits come to, one after the other; every edit that cannot be made is named.

    forbidden: says why a path of the project may not be changed, "" where it may.   known: paths that exist, for the
    words on one that does not. Raises OSError where a folder cannot be read.
    """
    return _Patching(inside, limits, forbidden, list(known)).all(edits)


class _Patching:
    """before, after: of the paths that edits have named, as far as they have been gone through."""

    def __init__(
        self, inside: Inside, limits: Limits, forbidden: Callable[[str], str], known: list[str]
    ) -> None:
        self._inside, self._limits, self._forbidden, self._known = inside, limits, forbidden, known
        self._before: dict[str, File | None] = {}
        self._after: dict[str, File | None] = {}
        self._whole: set[str] = set()

    def all(self, edits: Iterable[Edit]) -> Patch:
        problems: list[str] = []
        for number, edit in enumerate(edits, 1):
            if number > self._limits.edits:
                problems.append(f"there are more than {self._limits.edits} edits")
            if len(problems) >= _MOST_PROBLEMS or number > self._limits.edits:
                break
            try:
                self._make(edit)
            except (_EditError, NotTextError, RefusedPathError) as error:
                problems.append(f"edit {number}, {edit.path}: {error}")
        changes = [
            Change(path, self._before[path], after)
            for path, after in self._after.items()
            if after != self._before[path]
        ]
        problems += _collisions(path for path, after in self._after.items() if after is not None)
        if len(changes) > self._limits.files:
            problems.append(f"{len(changes)} files at once are more than the {self._limits.files} allowed")
        return Patch([] if problems else changes, problems)

    def _make(self, edit: Edit) -> None:
        file = self._file(edit.path)
        if isinstance(edit, Write) or (isinstance(edit, Replace) and not edit.search):
            self._write(edit, file)
        elif file is None:
            raise _EditError(f"there is no such file{self._near(edit.path)}")
        elif isinstance(edit, Replace):
            self._replace(edit, file)
        elif isinstance(edit, Delete):
            self._after[edit.path] = None
        else:
            self._rename(edit, file)

    def _rename(self, edit: Rename, file: File) -> None:
        try:
            taken = self._file(edit.to) is not None
        except RefusedPathError as error:
            raise _EditError(f"to {edit.to}: {error}") from None
        if taken:
            raise _EditError(f"{edit.to} exists; delete it first, or choose another name")
        self._after[edit.to], self._after[edit.path] = file, None

    def _write(self, edit: Write | Replace, file: File | None) -> None:
        text = edit.text if isinstance(edit, Write) else edit.replace
        if isinstance(edit, Replace) and file and file.content:
            raise _EditError("the SEARCH text is empty, but the file has content: copy the lines that change")
        if isinstance(edit, Write) and edit.new and file:
            raise _EditError(
                "the file exists: put its path on the line before the block if it is the whole file"
            )
        if edit.path in self._whole:
            raise _EditError("it is written as a whole twice")
        if isinstance(edit, Write):
            self._whole.add(edit.path)
        before = lines_of(file.content) if file else Lines()
        self._keep(edit.path, before, before.with_text(text), file)

    def _replace(self, edit: Replace, file: File) -> None:
        lines = lines_of(file.content)
        place = locate(lines.plain, plain_lines(edit.search), plain_lines(edit.replace))
        if not isinstance(place, Place):
            raise _EditError(place)
        self._keep(edit.path, lines, lines.with_lines(place.begin, place.end, place.new), file)

    def _keep(self, path: str, before: Lines, after: Lines, file: File | None) -> None:
        there = set(before.plain)
        for line in after.plain:
            if len(line) <= _MOST_ELIDED and _ELIDED.match(line) and line not in there:
                raise _EditError(f"{line.strip()[:80]!r} stands for lines that are left out: write them")
        content = after.encoded()
        if len(content) > self._limits.file_bytes:
            raise _EditError(f"it would have {len(content)} bytes, more than {self._limits.file_bytes}")
        new = _NEW_PROGRAM if content.startswith(b"#!") else _NEW
        self._after[path] = File(content, file.mode if file else new)

    def _file(self, path: str) -> File | None:
        """The file as the edits so far have left it."""
        if path not in self._after:
            found = self._inside.read(path, self._limits.file_bytes)
            if why := self._forbidden(path):
                raise RefusedPathError(why)
            self._before[path] = self._after[path] = found
        return self._after[path]

    def _near(self, path: str) -> str:
        close = get_close_matches(path, self._known[:_MOST_KNOWN], n=1)
        return f"; did you mean {close[0]}?" if close else "; for a new one, leave the SEARCH part empty"


def _collisions(paths: Iterable[str]) -> Iterator[str]:
    """Paths of one answer that cannot all exist together, on every file system."""
    spelt: dict[str, str] = {}
    files: set[str] = set()
    for path in paths:
        files.add(path)
        names = path.split("/")
        for depth in range(1, len(names) + 1):
            here = "/".join(names[:depth])
            other = spelt.setdefault(same_name(here), here)
            if other != here:
                yield f"{here} and {other} differ only in case or composition"
    for folder in sorted(
        {path[:at] for path in files for at, sign in enumerate(path) if sign == "/"} & files
    ):
        yield f"{folder} cannot be a file and a folder"
