"""What a person asks of a file beyond its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a file is to be read.

    tag: which of its lists, where it holds several; "": the one that its own tool would take.   optional: whether
    tasks that the list calls optional are to be done; False: they are dropped.
    """

    tag: str = ""
    optional: bool = True


ALL = Asked()
"""All of it, as its own tool would take it."""


def file_of(key: str) -> tuple[Path, Asked]:
    """The file of a roadmap that is known by this, and what of the file it is."""
    path = Path(key)
    if "#" in path.name and not path.exists():
        file, _, part = key.rpartition("#")
        return Path(file), Asked(part)
    return path, ALL
