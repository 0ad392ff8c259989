"""Making: a new worktree, whose folder in the repository appears at once, and goes at once.

`git worktree add` writes that folder file by file, and every other git that looks at all worktrees meanwhile ends with
"failed to read commondir".
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from beastmode.runner.code.git import Git, GitError
from beastmode.runner.worktrees.files import delete
from beastmode.runner.worktrees.worktree import Worktree

_LOCKED = "beast works here: `beast clean` takes it down"
"""Why git may not: neither an agent's `git worktree remove --force` nor a prune takes away what is locked."""
_IN_USE = (errno.ENOTEMPTY, errno.EEXIST)


async def make(git: Git, common: Path, path: Path, commit: str, flags: Sequence[str] = ()) -> Worktree:
    """A new worktree of a repository, detached at a commit.

    common: the folder of git that all worktrees share.   path: free.   Raises GitError, OSError.
    """
    path.mkdir(parents=True)
    new = Path(tempfile.mkdtemp(prefix="beast-new-", dir=common))
    worktree = Worktree(git, path, new, flags)
    try:
        await _fill(git, new, path, commit)
        worktree = Worktree(git, path, _put(new, common / "worktrees"), flags)
        worktree.mend(path.parent)
        await worktree.git("reset", "--quiet", "--hard", commit)
    except (GitError, OSError):
        take_down(worktree)
        raise
    return worktree


async def _fill(git: Git, new: Path, path: Path, commit: str) -> None:
    """What git wants to find in the folder of a worktree. Of a sparse checkout, it has the same part."""
    new.chmod(0o755)
    facts = {"commondir": "../..", "gitdir": path / ".git", "HEAD": commit, "locked": _LOCKED}
    for name, fact in facts.items():
        (new / name).write_text(f"{fact}\n", encoding="utf-8", errors="surrogateescape")
    names = ("info/sparse-checkout", "config.worktree")
    own = Path(await git("rev-parse", "--absolute-git-dir"))
    for name in names:
        if (own / name).exists():
            (new / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(own / name, new / name)
    if (new / names[1]).exists():
        for setting in ("core.worktree", "core.bare"):
            await git.run("config", "--file", str(new / names[1]), "--unset-all", setting)


def _put(new: Path, folder: Path) -> Path:
    """Where the folder of a worktree was put, under a name that was free."""
    folder.mkdir(exist_ok=True)
    for number in count(1):
        try:
            return new.rename(folder / f"beast-{number}")
        except OSError as error:
            if error.errno not in _IN_USE:
                raise
    raise AssertionError("there are always more numbers")


def take_down(worktree: Worktree) -> None:
    """Delete a worktree with all that is in it. Its branch stays."""
    delete(worktree.path)
    if worktree.admin.parent.name == "worktrees" and worktree.admin.exists():
        gone = tempfile.mkdtemp(prefix="beast-gone-", dir=worktree.admin.parent.parent)
        delete(worktree.admin.rename(gone))
    else:
        delete(worktree.admin)
