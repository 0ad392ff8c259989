"""Lists that are no file: `gh:` and `gh:owner/name`, asked live."""

from __future__ import annotations

from pathlib import Path

_LIVE = ("gh:", "github:")


def is_live(path: Path) -> bool:
    """Whether a name means a list that is asked for, and not a file."""
    return str(path).startswith(_LIVE) and not path.exists()


def without_scheme(path: Path) -> str:
    """What stands behind the colon."""
    return str(path).partition(":")[2]
