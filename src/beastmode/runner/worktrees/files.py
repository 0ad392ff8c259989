"""Files: deleted for good, or moved out of the way without being lost; also where an agent took away its own rights."""

from __future__ import annotations

import os
import shutil
from itertools import count
from pathlib import Path


def delete(path: Path) -> None:
    """A file, a link or a folder with all in it, also where something in it may not be changed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=_allowed)
    else:
        path.unlink(missing_ok=True)


def _allowed(_function: object, path: str, _error: object) -> None:
    """Once more, after the folder it is in was made writable."""
    parent = Path(path).parent
    os.chmod(parent, 0o700)
    if Path(path).is_dir() and not Path(path).is_symlink():
        os.chmod(path, 0o700)
        shutil.rmtree(path)
    else:
        Path(path).unlink(missing_ok=True)


def move_aside(path: Path, folder: Path) -> Path:
    """Where a file or folder was put so that it is not lost."""
    return Path(shutil.move(path, free_name(path.name, folder)))


def free_name(name: str, folder: Path) -> Path:
    """A path in a folder, which is made, that nothing has yet."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = name.lstrip(".") or "files"
    taken = {entry.name for entry in folder.iterdir()}
    return folder / next(new for number in count(1) if (new := f"{plain}.{number}") not in taken)
