"""Ignored files: which of them a worktree may lose, and which somebody may still want."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from beastmode.runner.worktrees.worktree import Row, State, is_below

CACHES = frozenset(
    (
        "__pycache__",
        ".cache",
        ".eggs",
        ".gradle",
        ".hypothesis",
        ".mypy_cache",
        ".next",
        ".nox",
        ".nuxt",
        ".parcel-cache",
        ".pytest_cache",
        ".ruff_cache",
        ".svelte-kit",
        ".terraform",
        ".tox",
        ".turbo",
        ".venv",
        "bower_components",
        "build",
        "coverage",
        "dist",
        "htmlcov",
        "node_modules",
        "target",
        "venv",
        ".coverage",
        ".DS_Store",
    )
)
"""Files and folders that tools make again by themselves."""
_SUFFIXES = (".egg-info", ".pyc", ".pyo", ".o", ".class", ".tsbuildinfo")


def is_cache(path: str) -> bool:
    """Whether a file or folder is what a tool makes again."""
    parts = PurePosixPath(path).parts
    return any(part in CACHES or part.endswith(_SUFFIXES) for part in parts)


def precious_among(state: State | None, rows: Iterable[Row]) -> list[str]:
    """The ignored files that came while a worktree was worked in and are no tool's cache: only it has them.

    state: whose it is.   rows: of it, ignored ones too.
    """
    known = (*state.excluded, *state.made) if state else ()
    paths = [row.path.rstrip("/") for row in rows if row.is_ignored]
    return [path for path in paths if not is_below(path, known) and not is_cache(path)]
