"""Bring: the result of a run into the branch that a person is on; only on that person's word, with git's own merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beastmode.errors import PreconditionError
from beastmode.runner.code.changes import result_of
from beastmode.runner.code.combine import merged_tree
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import result_ref
from beastmode.runner.printable import some


@dataclass(frozen=True, slots=True)
class Bringing:
    """What would be brought.   branch: that a person is on, at `head`.   result: the commit it is to hold.   commits:
    that it lacks, oldest first, as (id, subject).   forward: the branch only has to be moved on.   files: that change.
    """

    branch: str
    head: str
    result: str
    commits: tuple[tuple[str, str], ...]
    forward: bool
    files: tuple[str, ...]


async def look(git: Git, run: str) -> Bringing:
    """What a merge would do. Raises PreconditionError where it could not be done whole; nothing is changed here."""
    result, branch = await result_of(git, run), await _branch(git, run)
    head = await git("rev-parse", "--verify", "HEAD")
    log = await git("log", "--reverse", "-z", "--format=%H %s", f"{head}..{result}")
    commits = tuple(row.partition(" ")[::2] for row in log.split("\0") if row)
    forward = await git.holds(result, head)
    tree = result if forward else await _merged_tree(git, run, head, result)
    out = await git("diff-tree", "-r", "--no-renames", "--name-only", "-z", head, tree) if commits else ""
    files = tuple(name for name in out.split("\0") if name)
    await _refuse_overlap(git, run, files)
    return Bringing(branch, head, result, commits, forward, files)


def command_of(run: str, bringing: Bringing) -> list[str]:
    """The command of git that does it."""
    how = ["--ff-only"] if bringing.forward else ["--no-edit"]
    return ["git", "merge", *how, result_ref(run)]  # by its full name: a tag may have the short one


async def _branch(git: Git, run: str) -> str:
    branch = await git.branch()
    if not branch:
        tip = "Go to the branch that is to have it: git switch BRANCH"
        raise PreconditionError("you are on no branch: HEAD is detached", where=str(git.folder), tip=tip)
    if branch.startswith(f"beast/{run}/"):
        tip = "Go to a branch of your own: git switch BRANCH"
        raise PreconditionError(
            f"you are on {branch}, which is the run's own", where=str(git.folder), tip=tip
        )
    return branch


async def _merged_tree(git: Git, run: str, head: str, result: str) -> str:
    tree = await merged_tree(git, head, result)
    if isinstance(tree, str):
        return tree
    paths = dict.fromkeys(path for conflict in tree for path in conflict.paths)
    tip = f"Merge it by hand, and resolve them: git merge beast/{run}/result"
    raise PreconditionError(f"it conflicts with your branch in {some(list(paths))}", tip=tip)


async def _refuse_overlap(git: Git, run: str, files: Sequence[str]) -> None:
    """What is changed and not committed, tracked or not, must not be what the merge changes."""
    out = await git("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    changed = {row[3:] for row in out.split("\0") if row}
    if overlap := [name for name in files if name in changed or _above(name) & changed]:
        tip = f"Commit them or put them away (git stash -u), then: git merge beast/{run}/result"
        raise PreconditionError(
            f"you have uncommitted changes in {some(overlap)}", where=str(git.folder), tip=tip
        )


def _above(name: str) -> set[str]:
    """The folders of a path: a file that is not committed may stand where one of them is to be."""
    parts = name.split("/")
    return {"/".join(parts[:depth]) for depth in range(1, len(parts))}
