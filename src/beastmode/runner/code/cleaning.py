"""Cleaning: what runs have left in a repository, and what of it can go without anything being lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from beastmode.errors import SettingError
from beastmode.runner.code.cleaning_refs import RunRefs, refs_of_runs
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import branch_of, safe_name
from beastmode.runner.code.repository import Repository
from beastmode.runner.worktrees.claim import run_in
from beastmode.runner.worktrees.files import delete
from beastmode.runner.worktrees.ignored import precious_among
from beastmode.runner.worktrees.making import take_down
from beastmode.runner.worktrees.merged import is_in_a_branch_of_the_user, is_merged
from beastmode.runner.worktrees.oddities import named
from beastmode.runner.worktrees.roots import repository_root
from beastmode.runner.worktrees.surroundings import temporary_folder
from beastmode.runner.worktrees.worktree import Worktree, known


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a run has left.

    kind: `worktree`, `branch` or `files`.   name: path or branch.   run, task: whose; the task's name is that in its
    branch.   holds: what would be lost with it; "" for nothing.   used: who needs it now; then it stays even where it
    is named.
    """

    kind: str
    name: str
    run: str
    task: str
    holds: str
    used: str
    remove: Callable[[], Awaitable[object]]

    @property
    def named_by(self) -> str:
        """What names it on the command line."""
        if self.kind == "files" or not self.run:
            return self.name
        return f"{self.run}/{self.task}" if self.task else self.run

    def is_named(self, names: Sequence[str]) -> bool:
        """Whether a person has named it: its run, its task, or itself."""
        return any(name in (self.name, self.run, self.named_by) for name in names if name)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What was done, or would be.   removed, kept: as they were."""

    removed: tuple[Item, ...]
    kept: tuple[Item, ...]


async def clean(repository: Repository, names: Sequence[str], *, dry: bool = False) -> Cleaning:
    """Remove what holds nothing, and what is named; keep the rest.

    names: runs (`r7`), tasks (`r7/one`), branches or paths.   dry: only say so. Raises SettingError where a name means
    nothing.
    """
    items = await survey(repository)
    unknown = [name for name in names if not any(item.is_named([name]) for item in items)]
    if unknown:
        known_names = named(sorted({item.named_by for item in items})) or "nothing"
        raise SettingError(f"there is no {unknown[0]!r} to clean", tip=f"There is: {known_names}.")
    going = [item for item in items if not item.used and (not item.holds or item.is_named(names))]
    if not dry:
        for item in going:
            await item.remove()
    kept = tuple(item for item in items if item not in going)
    return Cleaning(tuple(going), kept)


async def survey(repository: Repository) -> list[Item]:
    """All that runs have left: worktrees first, then what was put aside, then branches."""
    git, root = repository.git, repository_root(repository.common)
    runs = await refs_of_runs(git)
    trees = [Worktree(git, path, admin) for admin, path in known(repository.common)]
    ours = [tree for tree in trees if tree.state or root in tree.path.parents]
    busy = {run_in(folder) for folder in {_list_of(root, tree.path) for tree in ours} | _folders(root)}
    items = [await _worktree_item(git, tree, runs, run_in(_list_of(root, tree.path))) for tree in ours]
    unmerged = {(item.run, item.task) for item in items if item.holds}
    others = await _shown_elsewhere(git, {str(tree.path) for tree in ours})
    items += _files_items(root, {tree.path for tree in ours})
    for run in runs.values():
        items += await _branch_items(git, run, unmerged, others, "it runs now" if run.name in busy else "")
    return items


def _list_of(root: Path, path: Path) -> Path:
    """The folder with the worktrees of one list, of which one lies at a path."""
    return next((folder for folder in path.parents if folder.parent == root), path.parent)


def _folders(root: Path) -> set[Path]:
    return {path for path in root.iterdir() if path.is_dir()} if root.is_dir() else set()


async def _worktree_item(git: Git, tree: Worktree, runs: dict[str, RunRefs], busy: str) -> Item:
    """busy: the run that uses the worktrees of that list now."""
    state = tree.state
    run, task = (state.run, safe_name(state.task)) if state else ("", "")
    holds = await _held_by(git, tree, runs.get(run)) if state and not busy else ""
    used = f"run {busy} is at work" if busy else ""
    return Item(
        "worktree", str(tree.path), run, task, holds, used, partial(asyncio.to_thread, _take_down, tree)
    )


def _take_down(tree: Worktree) -> None:
    take_down(tree)
    folder = temporary_folder(tree.path)
    if folder.exists():
        delete(folder)


async def _held_by(git: Git, tree: Worktree, run: RunRefs | None) -> str:
    """What a worktree has that is nowhere else, or is not merged."""
    if not tree.is_there:
        return ""
    rows = await tree.rows(ignored=True)
    changed = [row.path for row in rows if not row.is_ignored and row.path not in tree.excluded]
    if changed:
        return f"uncommitted: {named(changed)}"
    ignored = precious_among(tree.state, rows)
    if ignored:
        return f"ignored, and only there: {named(ignored)}"
    head, _ = await tree.head()
    if run is None or not run.result:
        return "its run has no result branch" if head else ""
    return "" if not head or await is_merged(git, head, run.start, run.result) else "its work is not merged"


def _files_items(root: Path, trees: set[Path]) -> list[Item]:
    """What was put aside because no commit can hold it.   trees: worktrees are no mere files."""
    items = []
    for folder in sorted(_folders(root)):
        busy = run_in(folder)
        used = f"run {busy} is at work" if busy else ""
        for path in sorted((folder / ".aside").glob("*/*")):
            if path not in trees:
                holds = "put aside: no commit can hold it"
                items.append(Item("files", str(path), "", "", holds, used, partial(_delete, path)))
    return items


async def _delete(path: Path) -> None:
    await asyncio.to_thread(delete, path)


async def _branch_items(
    git: Git, run: RunRefs, unmerged: set[tuple[str, str]], others: dict[str, str], used: str
) -> list[Item]:
    """The branches of a run, tasks first; each with the refs that belong to it."""
    items = []
    for task, branches in sorted(run.tasks.items()):
        for ref, commit in sorted(branches.items()):
            holds = await _unmerged(git, run, commit)
            if not holds and (run.name, task) in unmerged and ref.rpartition("/task/")[1]:
                holds = "its worktree holds more"
            own = run.hidden.get(task, {}) if "/task/" in ref else {}
            remove = partial(_delete_refs, git, {ref: commit, **own})
            items.append(
                Item("branch", branch_of(ref), run.name, task, holds, used or others.get(ref, ""), remove)
            )
    held = any(item.holds or item.used for item in items)
    if run.result:
        holds = await _result_holds(git, run, held)
        own = (
            {ref: commit for rest in run.hidden.values() for ref, commit in rest.items()} if not held else {}
        )
        remove = partial(_delete_refs, git, {run.result_ref: run.result, **own})
        in_use = used or others.get(run.result_ref, "")
        items.append(Item("branch", branch_of(run.result_ref), run.name, "", holds, in_use, remove))
    return items


async def _unmerged(git: Git, run: RunRefs, commit: str) -> str:
    if run.start and run.result and await is_merged(git, commit, run.start, run.result):
        return ""
    if not run.result and await is_in_a_branch_of_the_user(git, commit):
        return ""
    count = await git(
        "rev-list", "--count", commit, *([f"^{run.result}"] if run.result else ["--not", "HEAD"])
    )
    return f"{count} commit{'s' * (count != '1')} not merged"


async def _result_holds(git: Git, run: RunRefs, held: bool) -> str:
    if held:
        return "its tasks need it"
    if run.result == run.start or await is_in_a_branch_of_the_user(git, run.result):
        return ""
    count = await git("rev-list", "--count", run.result, *([f"^{run.start}"] if run.start else []))
    return f"{count} merged task{'s' * (count != '1')} in no branch of yours"


async def _delete_refs(git: Git, refs: dict[str, str]) -> None:
    """All of them, unless one has moved meanwhile; one that is gone already is no matter."""
    code, out, _ = await git.run("for-each-ref", "--format=%(refname)", *refs)
    there = set(out.decode().split()) if code == 0 else set()
    lines = "".join(f"delete {ref} {commit}\n" for ref, commit in refs.items() if ref in there)
    if lines:
        await git("update-ref", "--no-deref", "--stdin", stdin=lines.encode())


async def _shown_elsewhere(git: Git, ours: set[str]) -> dict[str, str]:
    """Branches that a checkout of the user's stands on, and where."""
    found, path = {}, ""
    for line in (await git("worktree", "list", "--porcelain")).splitlines():
        word, _, rest = line.partition(" ")
        path = rest if word == "worktree" else path
        if word == "branch" and path not in ours:
            found[rest] = f"{path} stands on it"
    return found
