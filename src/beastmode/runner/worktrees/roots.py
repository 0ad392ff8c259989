"""Roots: where worktrees lie, outside of the checkout; the same folder in every run of a list."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def repository_root(common: Path) -> Path:
    """Where all worktrees of a repository lie.   common: the folder of git that they share."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "beast" / "worktrees" / _short(str(common))


def worktrees_root(common: Path, key: str) -> Path:
    """Where those of one list lie.   key: of the list."""
    return repository_root(common) / _short(key)


def _short(text: str) -> str:
    return hashlib.blake2b(os.fsencode(text), digest_size=5).hexdigest()
