"""Text of programs as a page shows it: the end of a log, a diff. Pure; what it holds may be anything.

A template escapes it. Here goes what a page could not show, or what would hide or reorder what a person reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]*[ -/]*[@-~]"  # colours, movements of the cursor
    rb"|[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"  # titles, links, strings for the terminal
    rb"|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]{0,4096}|[ -/]*)?\Z")
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""All control characters but tabs and line ends; marks that turn the direction of text."""


def log_text(data: bytes, cut: int = 0) -> str:
    """A log without the commands that it has for a terminal.   cut: show what is from here on; what is before only
    tells where a character or a command began that the cut would halve.

    Of what a program wrote over itself on one line (progress bars) the last is shown. What is not whole at the end is
    left out: it may be still to come.
    """
    begin = _whole_from(data, min(cut, len(data)))
    shown = _SEQUENCE.sub(b"", _without_half(data[begin:]))
    lines = shown.decode("utf-8", "replace").split("\n")
    return shown_text("\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))


def shown_text(text: str) -> str:
    """The same without what a page cannot show, each such character replaced by one that says so."""
    return _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def _whole_from(data: bytes, cut: int) -> int:
    """Where the first whole thing begins, from the cut on."""
    if cut:
        for sequence in _SEQUENCE.finditer(data):
            if sequence.start() >= cut:
                break
            if sequence.end() > cut:
                return sequence.end()
    lead = next((back for back in range(1, min(3, cut) + 1) if data[cut - back] & 0xC0 != 0x80), 0)
    if lead and cut < len(data) and lead < _length(data[cut - lead]):
        while cut < len(data) and data[cut] & 0xC0 == 0x80:
            cut += 1
    return cut


def _without_half(data: bytes) -> bytes:
    """Without a character or a command at the end that is not whole."""
    data = _UNFINISHED.sub(b"", data)
    for back in range(1, min(3, len(data)) + 1):
        if data[-back] & 0xC0 != 0x80:
            return data[:-back] if back < _length(data[-back]) else data
    return data


def _length(lead: int) -> int:
    """Bytes of the character that begins with this one."""
    return 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


@dataclass(frozen=True, slots=True)
class DiffLine:
    """kind: `file`, `place`, `added`, `removed`, `same`."""

    kind: str
    text: str


def diff_lines(text: str) -> Iterator[DiffLine]:
    """A diff of git line by line. Within a piece a line says by its first character what it is; a removed line that
    begins with `-- ` looks like a header, and is none."""
    in_piece = False
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("diff --git "):
            in_piece = False
        elif line.startswith("@@ "):
            in_piece = True
            yield DiffLine("place", shown_text(line))
            continue
        yield DiffLine(_kind(line, in_piece), shown_text(line))


def _kind(line: str, in_piece: bool) -> str:
    if not in_piece:
        return "file"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")
