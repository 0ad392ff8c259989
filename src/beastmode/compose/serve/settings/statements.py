"""Settings file: a TOML text as single statements, each with its line; everything that is wrong in one go.

Python's own reader tells no lines, and stops at the first mistake. So each statement is given to it alone, and the
whole once more at the end: what it refuses is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.printable import printable

MOST_BYTES = 256 * 1024
_MOST_LINES = 500
"""Of one value. One that never ends is a mistake in its first line, not in all that follow."""
_MOST_BITS = 63
_MOST_SHOWN = 300
_UNFINISHED = "(at end of document)"
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

Path_ = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """One value.   path: tables and key.   line: where its statement begins, from 1."""

    path: Path_
    value: Any
    line: int


@dataclass(slots=True)
class Document:
    """What a file says.   tables: of each header, the line.   faults: what is wrong with it as TOML."""

    name: str
    values: list[Written] = field(default_factory=list)
    tables: dict[Path_, int] = field(default_factory=dict)
    faults: list[SettingError] = field(default_factory=list)

    def fault(self, line: int, what: str, tip: str) -> None:
        """Note something wrong in a line."""
        where = f"{self.name}:{line}"
        self.faults.append(SettingError(_shown(what), where=where, tip=_shown(tip)))


def read_file(path: Path) -> Document:
    """What stands in a file. Raises PreconditionError where it cannot be read, SettingError where it is no text."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        tip = "Name a file that can be read with --config."
        raise PreconditionError(f"it cannot be read: {error.strerror}", where=str(path), tip=tip) from None
    if len(data) > MOST_BYTES:
        tip = "A file of settings is small: is this the right one?"
        raise SettingError(f"it is larger than {MOST_BYTES // 1024} KB", where=str(path), tip=tip)
    return read_text(_decoded(data, path), str(path))


def read_text(text: str, name: str) -> Document:
    """What stands in a text.   name: of its file, for what is said of it."""
    document = Document(name)
    table: Path_ | None = ()
    for line, said, error, is_header in _statements(text.replace("\r\n", "\n").split("\n")):
        if error is not None:
            document.fault(line, *_in_words(error))
            table = None if is_header else table
        elif is_header:
            table = _header(said, line, document)
        elif table is not None:  # below a header that cannot be read, nobody knows what a key means
            _note(said, table, line, document)
    if not document.faults:
        _ask_the_whole(text, document)
    return document


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        line = data.count(b"\n", 0, error.start) + 1
        what = "it is UTF-16" if utf16 else f"byte {data[error.start]:#x} is no UTF-8"
        where = str(path) if utf16 else f"{path}:{line}"
        raise SettingError(what, where=where, tip="Save the file as UTF-8.") from None


def _statements(
    lines: list[str],
) -> Iterator[tuple[int, dict[str, Any], ValueError | None, bool]]:
    """Line, content, what is wrong, and whether it is the header of a table."""
    at = 0
    while at < len(lines):
        end, said, error = _statement(lines, at)
        is_header = lines[at].lstrip().startswith("[")
        if said or error is not None:
            yield at + 1, said, error, is_header
        at = end


def _statement(lines: list[str], at: int) -> tuple[int, dict[str, Any], ValueError | None]:
    """Where the statement that begins in a line ends: a value may take several lines."""
    first: ValueError | None = None
    for end in range(at + 1, min(len(lines), at + _MOST_LINES) + 1):
        try:
            return end, tomllib.loads("\n".join(lines[at:end])), None
        except ValueError as error:
            first = first or error
            if not str(error).endswith(_UNFINISHED):
                break
        except RecursionError:
            first = first or ValueError("Too many brackets in each other")
            break
    return at + 1, {}, first


def _header(said: dict[str, Any], line: int, document: Document) -> Path_ | None:
    path: list[str] = []
    inner: Any = said
    while isinstance(inner, dict) and inner:
        name, inner = next(iter(inner.items()))
        path.append(name)
    table = tuple(path)
    if isinstance(inner, list):
        document.fault(line, f"[[{'.'.join(path)}]] is a list of tables", "Write it in single brackets.")
        return None
    if (before := document.tables.setdefault(table, line)) != line:
        tip = "Put everything of it below the first of them."
        document.fault(line, f"[{'.'.join(path)}] is written twice, first in line {before}", tip)
    return table


def _note(said: dict[str, Any], table: Path_, line: int, document: Document) -> None:
    known = {one.path: one.line for one in document.values}
    for path, value in _leaves(said, table):
        if path in known:
            what = f"{path[-1]} is written twice, first in line {known[path]}"
            document.fault(line, what, "Keep one of them.")
        elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
            document.fault(line, f"{path[-1]}: a number beyond 64 bits", "Write a smaller one.")
        elif value == {}:
            document.tables.setdefault(path, line)
        else:
            document.values.append(Written(path, value, line))


def _leaves(said: dict[str, Any], above: Path_) -> Iterator[tuple[Path_, Any]]:
    for key, value in said.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _ask_the_whole(text: str, document: Document) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        position = _POSITION.search(str(error))
        document.fault(int(position[1] or 1) if position else 1, *_in_words(error))


def _shown(text: str) -> str:
    """Keys are the writer's own words: on one line, bounded, without anything that a terminal would obey."""
    shown = str(printable(text))
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"


def _in_words(error: ValueError) -> tuple[str, str]:
    said = _POSITION.sub("", str(error))
    return (
        f"this is no TOML: {said[:1].lower()}{said[1:]}",
        'Write `key = value`, with texts in quotes: rate = "8/s".',
    )
