"""Combine: the work of a task, as one commit, on top of what was merged before; or why it does not fit there.

Only objects are made here: no ref moves, no file of a worktree changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from beastmode.runner.code.commits import signed_like
from beastmode.runner.code.git import Commit, Git, GitError
from beastmode.runner.printable import printable
from beastmode.runner.roadmap import Task

TRAILER = "Beast-Task"
"""In each commit of a result branch: the id of its task."""

_LONGEST_SUBJECT, _MOST_SUBJECTS = 200, 20
_CONFLICTS = 1
"""Exit code of `git merge-tree` where something conflicts."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a task has made.   commit: the last of its own.   base: where it began; it is in the result branch."""

    commit: str
    base: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that does not fit.   kind: as git calls it, like `contents` or `modify/delete`.   said: in full."""

    paths: tuple[str, ...]
    kind: str
    said: str


async def combined(git: Git, task: Task, work: Work, tip: str) -> str | list[Conflict]:
    """The commit that a task's work becomes on top of `tip`, its one parent; or the conflicts that it has there.

    The merge is git's own three-way merge, renames, modes, submodules and the attributes of the tree included. The same
    work on the same tip gives the same commit.   git: in a checkout, whose attributes count.
    """
    own = await git.commit(work.commit)
    message = await _message(git, task, work, own)
    if tip == work.base:
        # Nobody came between: its tree is the one that was verified.
        return await _commit(git, own.tree, tip, message)
    whole = own.id if own.parents == (work.base,) else await _commit(git, own.tree, work.base, message)
    tree = await merged_tree(git, tip, whole, {tip: "the result branch", whole: "this task"})
    return await _commit(git, tree, tip, message) if isinstance(tree, str) else tree


async def merged_tree(
    git: Git, onto: str, commit: str, names: Mapping[str, str] | None = None
) -> str | list[Conflict]:
    """The tree that a merge of two commits has, or what conflicts.   names: words for them in what git says."""
    code, out, err = await git.run("merge-tree", "--write-tree", "-z", "--name-only", onto, commit)
    if code == _CONFLICTS:
        return conflicts_in(out, names or {})
    if code:
        raise GitError(("merge-tree",), code, err.decode("utf-8", "replace").strip())
    return out.decode("ascii").rstrip("\0\n")


async def _commit(git: Git, tree: str, parent: str, message: str) -> str:
    signature = await signed_like(git, parent)
    return await git("commit-tree", tree, "-p", parent, stdin=message.encode(), env=signature)


async def _message(git: Git, task: Task, work: Work, own: Commit) -> str:
    if own.parents == (work.base,) and own.subject is not None:
        return message_of(task, [own.subject])
    log = await git("log", "--format=%s", "--reverse", f"{work.base}..{work.commit}")
    return message_of(task, log.splitlines())


def message_of(task: Task, subjects: Sequence[str]) -> str:
    """The message of a task's commit: its title, the commits that it consists of, and its id, to be found again."""
    title = " ".join(printable(task.title or task.id).split())[:_LONGEST_SUBJECT]
    own = [line for line in dict.fromkeys(map(printable, subjects)) if line.strip() and line != title]
    more = [f"* and {len(own) - _MOST_SUBJECTS} more"] if len(own) > _MOST_SUBJECTS else []
    body = [f"* {line[:_LONGEST_SUBJECT]}" for line in own[:_MOST_SUBJECTS]] + more
    return "\n".join([title, "", *body, *([""] if body else []), f"{TRAILER}: {printable(task.id)}", ""])


def conflicts_in(output: bytes, names: Mapping[str, str]) -> list[Conflict]:
    """What `git merge-tree -z --name-only` says of conflicts, at least one.   names: words for the commits that it was
    given."""
    fields = iter(output.decode("utf-8", "replace").split("\0")[1:])
    paths = tuple(iter(lambda: next(fields, ""), ""))
    told = [conflict for conflict in _messages(fields, names) if conflict is not None]
    return told or [Conflict(paths, "", f"Merge conflict in {', '.join(paths)}")]


def _messages(fields: Iterator[str], names: Mapping[str, str]) -> Iterator[Conflict | None]:
    """Each message; None for one that tells of no conflict. Behind those of submodules stands advice, which is no
    message."""
    for count in fields:
        if not (count.isascii() and count.isdecimal()):
            return
        paths = tuple(next(fields, "") for _ in range(int(count)))
        kind, said = next(fields, ""), next(fields, "").strip()
        for commit, name in names.items():
            said = said.replace(commit, name)
        conflict = Conflict(paths, kind.removeprefix("CONFLICT").strip(" ()"), said)
        yield conflict if kind.startswith("CONFLICT") else None
