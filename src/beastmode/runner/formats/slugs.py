"""Ids made of titles: words joined by `-`, safe as an argument and as the name of a file, each given once."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")
_CODE = re.compile(r"[A-Z][A-Z\d]*(?:[-_.][A-Z\d]+)*[a-zA-Z]?|[\d.]+[a-z]?")
"""An id that stays as the list writes it; all others become words in lower case."""
_LONGEST, _LONGEST_BYTES = 48, 150
"""A slug is a file name too: file systems take 255 bytes, and a phase in front wants its part."""


def slug(title: str) -> str:
    """A title as an id: lowercase words joined by `-`, letters of other scripts kept. Never empty."""
    words = _WORD.findall(_unaccented(title[:400].lower()).replace("_", " "))
    kept = ""
    for word in words:
        longer = f"{kept}-{word}" if kept else word[:_LONGEST]
        if len(longer) > _LONGEST or len(longer.encode()) > _LONGEST_BYTES:
            break
        kept = longer
    return kept or "task"


def _unaccented(text: str) -> str:
    """Letters without their accents; scripts that need their marks, like Thai or Devanagari, keep them."""
    if text.isascii():
        return text
    spread = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in spread if not "\u0300" <= c <= "\u036f"))


def safe_id(own: str) -> str:
    """A list's own id (`T001`, `Quest 0.1`) as one safe argument and file name."""
    words = re.findall(r"[\w.]+", own.strip())
    name = "-".join(words).strip("-._") if words else ""
    return name[:_LONGEST] if _CODE.fullmatch(name) else slug_with_dots(name)


def slug_with_dots(name: str) -> str:
    """A slug that keeps the dots of numbers: `Quest 0.1` becomes `quest-0.1`."""
    return re.sub(r"[^\w.]+", "-", name.lower()).strip("-._")[:_LONGEST].rstrip("-._") or "task"


class Names:
    """Ids that are each given once.

    The first task that asks for a name has it; the next gets its phase in front, then a number behind, so
    that lines added further down never rename a task.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def give(self, wanted: str, phase: str) -> str:
        name = wanted
        if name in self._taken and phase:
            name = wanted = f"{slug(phase)[:30].rstrip('-')}-{wanted}"
        count = self._counts.get(wanted, 1)
        while name in self._taken:
            count += 1
            name = f"{wanted}-{count}"
        self._counts[wanted] = count
        self._taken.add(name)
        return name
