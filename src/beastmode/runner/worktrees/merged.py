"""Merged: whether the work of a branch is in another one, however it came there."""

from __future__ import annotations

from beastmode.runner.code.git import Git

_MOST_LOOKED_AT = 200


async def is_in(git: Git, part: str, whole: str) -> bool:
    """Whether merging `part` into `whole` would change nothing; False where it would, or where they conflict."""
    if await git.holds(whole, part):
        return True
    code, out, _ = await git.run("merge-tree", "--write-tree", whole, part)
    return code == 0 and out.decode().strip() == await git("rev-parse", f"{whole}^{{tree}}")


async def is_merged(git: Git, part: str, start: str, result: str) -> bool:
    """Whether work is in a result branch, or was once: later tasks may have changed the same lines again.

    start: of the run.
    """
    if await is_in(git, part, result):
        return True
    code, out, _ = await git.run("merge-base", part, result)
    if code:
        return False
    changed = await git("diff-tree", "-r", "--name-only", "-z", out.decode().strip(), part)
    paths = [path for path in changed.split("\0") if path][:_MOST_LOOKED_AT]
    later = await git("--literal-pathspecs", "rev-list", f"{start}..{result}", "--", *paths)
    for commit in later.splitlines()[:_MOST_LOOKED_AT]:
        if await is_in(git, part, commit):
            return True
    return False


async def is_in_a_branch_of_the_user(git: Git, commit: str) -> bool:
    """Whether a branch that no run of ours made has all of a commit."""
    out = await git("for-each-ref", "--format=%(refname)", "--contains", commit, "refs/heads", "refs/remotes")
    if any(not ref.startswith("refs/heads/beast/") for ref in out.splitlines()):
        return True
    return await is_in(git, commit, "HEAD")
