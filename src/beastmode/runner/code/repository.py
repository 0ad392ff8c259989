"""Repository: the one a run works for; what it begins from, and what must be right with it before anything costs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.commits import signed_like
from beastmode.runner.code.git import Git, GitError, GitHungError
from beastmode.runner.worktrees.excludes import settings_of
from beastmode.runner.worktrees.oddities import NO_FILTER, filter_works, named, notes_on

_OLDEST_GIT = (2, 38)
"""The first whose `merge-tree` merges without a worktree."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A user's checkout, and the commit that a run of it begins from. Nothing here writes to it.

    top: of the checkout.   git: runs at top.   inside: the folder that beast was started in, relative to top, "" at
    top.   base: full id of a commit.   branch: of the user, "" where detached.   common: the folder of git that all
    its worktrees share.   notes: what a person should know before, one sentence each.
    """

    top: Path
    git: Git
    inside: str
    base: str
    branch: str
    common: Path
    notes: tuple[str, ...] = field(default=())


async def repository_of(folder: Path, settings: CodingSettings, list_file: Path | None = None) -> Repository:
    """The repository that `folder` is in, and the base that the settings name.

    With `settings.stash`, changes that are in no commit become one on top of the base; the checkout keeps them as they
    are.   list_file: may be changed: no task sees it.   Raises PreconditionError with what to do.
    """
    git = Git(folder)
    await _modern(git)
    top, inside, common = await _checkout_of(git)
    git = await _robust(git.at(top))
    base = await _commit_of(git, settings.base)
    try:
        changes = await _changes(git, top, list_file)
    except GitError as error:
        raise _unreadable(top, error) from None
    notes = await notes_on(git, base, common, changes.untracked)
    if changes.tracked and settings.base == "HEAD":
        if not settings.stash or changes.merging:
            raise _uncommitted(top, changes)
        base = await _with_changes(git, base, list_file)
        notes.append(
            f"It begins with {named(changes.tracked)} as changed in the checkout, in a commit of their own; the "
            "checkout keeps the changes too."
        )
    return Repository(top, git, inside, base, await git.branch(), common, tuple(notes))


async def repository_at(folder: Path) -> Repository:
    """The repository that `folder` is in, as it stands; its base is the commit that the checkout stands on.

    Raises PreconditionError where there is none, or no commit in it.
    """
    git = Git(folder)
    await _modern(git)
    top, inside, common = await _checkout_of(git)
    git = await _robust(git.at(top))
    return Repository(top, git, inside, await _commit_of(git, "HEAD"), "", common)


async def _modern(git: Git) -> None:
    try:
        said = await git("version")
    except (FileNotFoundError, NotADirectoryError):
        if not git.folder.is_dir():
            raise PreconditionError("the folder is not there", where=str(git.folder)) from None
        raise PreconditionError("there is no git on PATH", tip="Install git 2.38 or newer.") from None
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST_GIT:
        raise PreconditionError(
            f"{said} is too old", tip="Install git 2.38 or newer: it can merge on the side."
        )


async def _checkout_of(git: Git) -> tuple[Path, str, Path]:
    """Top of the checkout, the folder inside of it, and the folder that git keeps."""
    where = str(git.folder)
    try:
        bare, inside_git = (
            await git("rev-parse", "--is-bare-repository", "--is-inside-git-dir")
        ).splitlines()
        if bare == "true":
            tip = f"Make a checkout of it, and run there: git clone {shlex.quote(where)} DIR"
            raise PreconditionError(
                "the repository is bare: there are no files to work on", where=where, tip=tip
            )
        if inside_git == "true":
            tip = "Go to the files of the project, then run it again."
            raise PreconditionError("this is the folder that git keeps for itself", where=where, tip=tip)
        top = Path(await git("rev-parse", "--show-toplevel"))
        inside = (await git("rev-parse", "--show-prefix")).rstrip("/")
        common = Path(await git("rev-parse", "--path-format=absolute", "--git-common-dir"))
    except GitError as error:
        raise _no_repository(git.folder, error) from None
    return top, inside, common


async def _robust(git: Git) -> Git:
    """Git that does not fail at files of Git LFS where that is set up and missing."""
    return git if await filter_works(git) else git.at(git.folder, settings_of(NO_FILTER, os.environ))


def _no_repository(folder: Path, error: GitError) -> PreconditionError:
    where = str(folder)
    if "dubious ownership" in error.said:
        named = re.search(r"repository at '(.+?)'", error.said)
        owned = shlex.quote(named[1] if named else where)
        tip = f"If you trust it: git config --global --add safe.directory {owned}"
        return PreconditionError(
            "git refuses the repository: it belongs to another user", where=where, tip=tip
        )
    if "not a git repository" in error.said:
        tip = "Code is written in worktrees of git: git init && git add -A && git commit -m 'First commit'"
        return PreconditionError("this is no git repository", where=where, tip=tip)
    return _unreadable(folder, error)


def _unreadable(folder: Path, error: GitError) -> PreconditionError:
    """As of a damaged index, or a filter that is needed and fails."""
    if isinstance(error, GitHungError):
        return PreconditionError(error.what, where=str(folder), tip=error.tip)
    tip = f"Correct that first; it shows here too: git -C {shlex.quote(str(folder))} status"
    return PreconditionError(f"git cannot read the repository: {error.said}", where=str(folder), tip=tip)


async def _commit_of(git: Git, name: str) -> str:
    if commit := await git.commit_of(name):
        return commit
    if name == "HEAD":
        tip = "Make the first one: git add -A && git commit -m 'First commit'"
        raise PreconditionError("the repository has no commit yet", where=str(git.folder), tip=tip)
    tip = "Name a branch, a tag or a commit of this repository with --base."
    raise PreconditionError(f"there is no commit {name!r}", where=str(git.folder), tip=tip)


@dataclass(frozen=True, slots=True)
class _Changes:
    """What the checkout has that its commit has not.   merging: left over from a merge with conflicts."""

    tracked: tuple[str, ...]
    untracked: tuple[str, ...]
    merging: bool


async def _changes(git: Git, top: Path, list_file: Path | None) -> _Changes:
    """As of now. Changes inside of a submodule are its own affair, those of its commit are not."""
    out = await git("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty")
    rows = [(row[:2], row[3:]) for row in out.split("\0") if row]
    rows = [row for row in rows if list_file is None or not (top / row[1]).is_relative_to(list_file)]
    tracked = tuple(name for state, name in rows if state != "??")
    merging = any("U" in state or state in ("AA", "DD") for state, _ in rows)
    return _Changes(tracked, tuple(name for state, name in rows if state == "??"), merging)


def _uncommitted(top: Path, changes: _Changes) -> PreconditionError:
    if changes.merging:
        tip = "Finish that merge, or abort it, then run it again."
        return PreconditionError("a merge with conflicts is not finished", where=str(top), tip=tip)
    return PreconditionError(
        f"{named(changes.tracked)} changed, but no task would see it: what a task begins from is a commit",
        where=str(top),
        tip="Commit it; or begin with these changes and leave the checkout as it is: --stash; or begin without "
        "them: --base with the name of a branch or commit.",
    )


async def _with_changes(git: Git, base: str, list_file: Path | None) -> str:
    """A commit on top of `base` with all changes of tracked files. The index of the checkout is only read."""
    index = Path(await git("rev-parse", "--path-format=absolute", "--git-path", "index"))
    with tempfile.TemporaryDirectory(prefix="beast-index-") as folder:
        copy = Path(folder) / "index"
        shutil.copyfile(index, copy)
        env = {"GIT_INDEX_FILE": str(copy)}
        await git("add", "--update", env=env)
        if list_file is not None and list_file.is_relative_to(git.folder):
            await git("reset", "--quiet", "--", str(list_file), env=env)
        tree = await git("write-tree", env=env)
    message = b"Changes of the checkout that were in no commit when the run began\n"
    return await git("commit-tree", tree, "-p", base, stdin=message, env=await signed_like(git, base))
