"""Elsewhere: what attempts moved, made or deleted elsewhere than in their worktrees, and what to do about it."""

from __future__ import annotations

from typing import Any

from beastmode.runner.progress import Progress

Plain = dict[str, Any]

MOST_LINES = 1000
"""The last ones of all tasks; the journal has the rest."""


def elsewhere_lines(progress: Progress) -> list[Plain]:
    """A line for each, by task in the order of the list."""
    lines = [
        {"task": view.id, **found}
        for view in progress.tasks.values()
        for found in (view.code.elsewhere if view.code else ())
    ]
    return lines[-MOST_LINES:]
