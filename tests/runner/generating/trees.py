"""Trees: everything below a folder as one value, so that two moments can be compared."""

from __future__ import annotations

import os
from pathlib import Path

Entry = tuple[str, int, bytes]


def tree_of(top: Path) -> dict[str, Entry]:
    """Kind, mode and content of all that lies below, links not followed."""
    found: dict[str, Entry] = {}
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            here = str(path.relative_to(top))
            if path.is_symlink():
                found[here] = ("link", 0, os.fsencode(path.readlink()))
            elif path.is_dir():
                found[here] = ("folder", mode & 0o777, b"")
            else:
                found[here] = ("file", mode & 0o777, path.read_bytes() if path.is_file() else b"")
    return found
