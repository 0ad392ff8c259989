"""Salvage: work that no commit of its branch holds is set aside, as branches of their own, before anything goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beastmode.runner.code.commits import signed_like
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import kept_ref, kept_refs, task_ref
from beastmode.runner.worktrees.files import move_aside
from beastmode.runner.worktrees.odd_files import odd_among
from beastmode.runner.worktrees.worktree import Row, Worktree, is_below


async def keep(git: Git, run: str, task: str, commit: str) -> str:
    """The branch that now holds a commit as kept of a task: the one that does already, or a new one."""
    prefix = kept_refs(run, task)
    rows = await git("for-each-ref", "--format=%(objectname) %(refname)", prefix)
    held = {name: ref for name, _, ref in (row.partition(" ") for row in rows.splitlines())}
    if commit in held:
        return held[commit]
    numbers = [int(ref.rpartition("/")[2]) for ref in held.values() if ref.rpartition("/")[2].isdecimal()]
    ref = kept_ref(run, task, max(numbers, default=0) + 1)
    await git.move(f"create {ref} {commit}")
    return ref


async def set_aside(
    git: Git, worktree: Worktree, run: str, task: str, saved: str, aside: Path, why: str, shown: str = ""
) -> list[str]:
    """The branches that hold all of a worktree that `saved` does not; none where there is nothing more.

    What no commit can hold is moved to the folder `aside`. The worktree is left dirty: the caller makes it what it
    is to be next.   why: in the message.   shown: a commit of ours that it may stand on, and that needs no keeping.
    """
    tips = [await _snapshot(git, worktree, saved, aside, why)]
    tips += (await git.refs(task_ref(run, task))).values()
    more = [tip for tip in dict.fromkeys(tips) if tip != shown and not await git.holds(saved, tip)]
    return [await keep(git, run, task, tip) for tip in more]


async def _snapshot(git: Git, worktree: Worktree, saved: str, aside: Path, why: str) -> str:
    """A commit of the files as they are; where they are those of the commit that it stands on, that one."""
    head, _ = await worktree.head()
    parent = head or saved
    rows = ours(await worktree.rows(), worktree.excluded)
    for odd in odd_among(worktree.path, rows):
        move_aside(worktree.path / odd.path, aside)
    await worktree.stage(row.path for row in rows if not row.is_repository)
    await leave_out(worktree, parent, worktree.excluded)
    tree = await worktree.git("write-tree")
    if tree == (await git.commit(parent)).tree:
        return parent
    env = await signed_like(git, parent)
    return await git("commit-tree", tree, "-p", parent, stdin=f"{why}\n".encode(), env=env)


def ours(rows: Sequence[Row], excluded: Sequence[str]) -> list[Row]:
    """The rows that a commit may hold."""
    return [row for row in rows if not is_below(row.path, excluded)]


async def leave_out(worktree: Worktree, base: str, excluded: Sequence[str]) -> bool:
    """Give the index what `base` has at paths that no commit may hold. False: it had that already."""
    if not excluded:
        return False
    literal = {"GIT_LITERAL_PATHSPECS": "1"}
    out = await worktree.git(
        "diff-index", "--cached", "--name-only", "-z", base, "--", *excluded, env=literal
    )
    if not out:
        return False
    await worktree.git("reset", "--quiet", base, "--", *excluded, env=literal)
    return True
