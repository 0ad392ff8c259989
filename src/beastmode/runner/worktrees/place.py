"""Place: what is said when there is none."""

from __future__ import annotations

from pathlib import Path

from beastmode.failures import classify
from beastmode.runner.place import Place, Saved, WorkspaceError

__all__ = ["Place", "Saved", "WorkspaceError", "no_place"]


def no_place(
    cause: str, path: Path, tip: str | None = None, *, passing: bool | None = None
) -> WorkspaceError:
    """The error of a worktree at a path."""
    return WorkspaceError(classify.of_coding("workspace", cause, tip, passing=passing, where=str(path)))
