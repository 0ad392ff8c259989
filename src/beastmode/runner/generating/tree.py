"""Tree: the files of a worktree that may be shown and changed, as git and the declarations of the task say."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.generating.covering import covers
from beastmode.runner.generating.listing import Listed
from beastmode.runner.generating.paths import refused, same_name

PROMISED = "the task may change only"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a task may change, beside what paths may be called at all.

    below: the folder that paths are relative to, within the repository.   cwd: the same, within the project.
    touches: declared patterns within the project, none: everything.   copies: patterns, and kept: paths, within the
    repository: files that no commit of a task holds; the list of tasks.
    """

    below: str = ""
    cwd: str = ""
    touches: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def forbids(self, path: str) -> str:
        """Why a path may not be changed; "" where it may."""
        whole = _joined(self.below, path)
        if any(same_name(whole) == same_name(kept) for kept in self.kept):
            return "it is the list of tasks that this one comes from"
        if covers(self.copies, whole):
            return "it is copied from the checkout, and no commit holds it"
        if self.touches and not covers(self.touches, _joined(self.cwd, path)):
            return f"{PROMISED} {', '.join(self.touches)}; others are at work on the rest"
        return ""

    def hides(self, path: str) -> bool:
        """Whether a file is not shown to a model: what is copied may hold secrets."""
        return covers(self.copies, _joined(self.below, path))


def _joined(folder: str, path: str) -> str:
    return "/".join(part for part in (*folder.split("/"), *path.split("/")) if part not in ("", "."))


async def files_of(git: Git, folder: Path) -> list[Listed]:
    """The files that git has or would take, sorted by path; no links, no other repositories, nothing that is ignored.

    Paths are relative to `folder`; those that no edit could name are not among them.
    """
    said = await git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    top = str(folder)
    return [Listed(path, size) for path in _paths(said) if (size := _size(f"{top}/{path}")) is not None]


async def changed_since(git: Git, base: str) -> list[str]:
    """Files of the folder that differ from a commit, sorted; what is gone is not among them."""
    said = await git(
        "diff", "-z", "--name-only", "--no-renames", "--diff-filter=d", "--relative", base, "--", "."
    )
    return _paths(said)


async def ignored_among(git: Git, paths: Iterable[str]) -> set[str]:
    """Those that git ignores: what is written there is in no commit.

    Of paths beyond a link or in another repository git says nothing at all; such are refused elsewhere.
    """
    asked = "\0".join(path for path in dict.fromkeys(paths) if not refused(path))
    if not asked:
        return set()
    _, said, _ = await git.run("check-ignore", "-z", "--stdin", stdin=asked.encode())
    return set(said.decode("utf-8", "surrogateescape").split("\0")) - {""}


def _paths(said: str) -> list[str]:
    return sorted({path for path in said.split("\0") if not refused(path)})


def _size(path: str) -> int | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
