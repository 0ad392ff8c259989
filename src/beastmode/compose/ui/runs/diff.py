"""What a task changed, for the dashboard: from git, bounded, and kept for as long as it is the same."""

from __future__ import annotations

import asyncio
import subprocess
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from beastmode.dashboard.sources.runs import DiffView
from beastmode.errors import BeastError
from beastmode.runner.code.changes import Changes, files_of
from beastmode.runner.code.git import Git, GitError, command_of
from beastmode.runner.code.whereabouts import found
from beastmode.runner.formats.asked import file_of
from beastmode.runner.progress import Progress
from beastmode.runner.views import TaskView

MOST_BYTES, MOST_FILES = 200_000, 500
_FLAGS = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")
"""Nothing that a user's configuration adds."""
_MOST_KEPT = 32


class Diffs:
    """Diffs of tasks of one home. Not thread-safe."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._kept: OrderedDict[tuple[str, str], DiffView] = OrderedDict()

    def of(self, progress: Progress, view: TaskView) -> DiffView:
        """Whatever keeps it from being shown is said in it."""
        if view.code is None:
            return _none("This task has written no code.")
        try:
            git, changes = asyncio.run(found(progress, view, list(_near(self._home, progress))))
            key = changes.base, changes.commit
            if key not in self._kept:
                self._kept[key] = asyncio.run(_diff(git, changes))
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
        except (BeastError, GitError, OSError) as error:
            return _none(" ".join(str(error).split()))


def _near(home: Path, progress: Progress) -> Iterator[Path]:
    """Folders that may be in the repository that a run worked on, where it does not lie where it did."""
    key = str(progress.started.data.get("roadmap", "")) if progress.started else ""
    if key.startswith("/"):
        yield file_of(key)[0].parent
    yield home.absolute().parent
    yield Path.cwd()


async def _diff(git: Git, changes: Changes) -> DiffView:
    files = await files_of(git, changes)
    text, cut = _bounded(git, changes)
    rows = [{"path": _utf8(file.path), "added": file.added, "removed": file.removed} for file in files]
    return DiffView(rows[:MOST_FILES], text, cut or len(rows) > MOST_FILES, changes.merged)


def _bounded(git: Git, changes: Changes) -> tuple[str, bool]:
    """As much as is shown; git ends when nobody reads on."""
    command = command_of("diff", *_FLAGS, changes.base, changes.commit)
    with subprocess.Popen(
        command, cwd=git.folder, env=git.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        data = process.stdout.read(MOST_BYTES + 1)
        with suppress(ProcessLookupError):
            process.kill()
    whole = data[:MOST_BYTES]
    if len(data) > MOST_BYTES:
        whole = whole[: whole.rfind(b"\n") + 1] or whole
    return whole.decode("utf-8", "replace"), len(data) > MOST_BYTES


def _none(why: str) -> DiffView:
    return DiffView([], "", False, False, why)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
