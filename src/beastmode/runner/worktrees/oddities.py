"""Oddities of a checkout that a person should know of before a run: what its worktrees will not be like it in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beastmode.runner.code.git import Git

_MOST_NAMED = 5


def named(names: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


async def notes_on(git: Git, base: str, common: Path, untracked: Sequence[str]) -> list[str]:
    """One sentence for each oddity.   untracked: files that no commit has."""
    notes = []
    if untracked:
        notes.append(
            f"No task sees {named(untracked)}: in no commit. Commit what tasks need, or name it under `copy`."
        )
    if (common / "shallow").exists():
        notes.append("The clone is shallow: agents see no history before its first commit.")
    if await _says(git, "core.sparseCheckout"):
        notes.append("The checkout is sparse: worktrees have the same part of the files.")
    return notes + await _notes_on_links(git, base, common) + await _notes_on_filters(git, base)


async def _says(git: Git, name: str) -> bool:
    code, out, _ = await git.run("config", "--type=bool", name)
    return code == 0 and out.strip() == b"true"


async def submodules_of(git: Git, commit: str) -> dict[str, str]:
    """Folders of the submodules that a commit names in its `.gitmodules`, and the names that git knows them by."""
    code, out, _ = await git.run(
        "config", "--blob", f"{commit}:.gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$"
    )
    if code:
        return {}
    rows = [row.partition("\n") for row in out.decode("utf-8", "surrogateescape").split("\0") if row]
    return {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in rows}


async def _notes_on_links(git: Git, base: str, common: Path) -> list[str]:
    names = await submodules_of(git, base)
    missing = [path for path, name in names.items() if not (common / "modules" / name / "HEAD").exists()]
    if not missing:
        return []
    return [
        f"{named(missing)} will be empty, as in the checkout. Fetch it before, if tasks need it: "
        "git submodule update --init"
    ]


async def _notes_on_filters(git: Git, base: str) -> list[str]:
    """Git LFS: whether the files behind its pointers will be there."""
    code, _, _ = await git.run("grep", "-q", "filter=lfs", base, "--", ":(glob)**/.gitattributes")
    if code or await filter_works(git):
        return []
    return ["Files kept by Git LFS will be their pointers only: git-lfs is not installed, or not set up."]


async def filter_works(git: Git) -> bool:
    """Whether files kept by Git LFS can be made from their pointers."""
    code, _, _ = await git.run("config", "filter.lfs.process")
    return code == 0 and await git.succeeds("lfs", "version")


NO_FILTER = {
    "filter.lfs.process": "",
    "filter.lfs.smudge": "",
    "filter.lfs.clean": "",
    "filter.lfs.required": "false",
}
"""Where Git LFS is asked for and is not there: files stay the pointers that they are in the commit, and no command
fails because of them."""
