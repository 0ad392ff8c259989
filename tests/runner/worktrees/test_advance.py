"""A worktree that is brought from one commit to another: its files and its index are those, whatever differs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.making import make
from tests.repositories import git, repository
from tests.runner.workplace import in_a_loop


def write(top: Path, name: str, text: str = "new\n") -> None:
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def swap(top: Path, gone: str, new: str) -> None:
    git(top, "rm", "-r", "--quiet", gone)
    write(top, new)


def write_many(top: Path) -> None:
    for number in range(2100):
        write(top, f"many/{number}")


CHANGES: dict[str, Callable[[Path], None]] = {
    "a file more": lambda top: write(top, "deep/er/new"),
    "a name that is a pattern": lambda top: write(top, "*[a] é\n"),
    "changed": lambda top: write(top, "README"),
    "can be run": lambda top: (top / "README").chmod(0o755),
    "a link": lambda top: os.symlink("README", top / "link"),
    "gone with its folder": lambda top: swap(top, "src", "other"),
    "a file for a folder": lambda top: swap(top, "src", "src"),
    "a folder for a file": lambda top: swap(top, "README", "README/in"),
    "attributes": lambda top: write(top, ".gitattributes", "*.txt text eol=crlf\n"),
    "many": write_many,
    "nothing": lambda top: None,
}


@pytest.mark.parametrize("change", CHANGES)
@in_a_loop
async def test_files_and_index_are_those_of_the_commit(tmp_path: Path, change: str) -> None:
    shop = repository(
        tmp_path / "shop", {"README": "x\n", "src/deep/a": "a\n", "notes.txt": "a\nb\n", "z": "z\n"}
    )
    old = git(shop, "rev-parse", "HEAD")
    CHANGES[change](shop)
    write(shop, "notes.txt", "a\nb\nc\n")
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "-m", change)
    new = git(shop, "rev-parse", "HEAD")
    tree = await make(Git(shop), shop / ".git", tmp_path / "tree", old)
    for commit in (new, old, new):
        await tree.advance(commit)
        assert git(tree.path, "rev-parse", "HEAD") == commit
        assert git(tree.path, "status", "--porcelain", "--ignored") == ""
        assert git(tree.path, "write-tree") == git(shop, "rev-parse", f"{commit}^{{tree}}")
        assert not [folder for folder, names, files in os.walk(tree.path) if not names and not files]
    assert (b"\r\n" in (tree.path / "notes.txt").read_bytes()) == (change == "attributes")


@in_a_loop
async def test_what_a_sparse_worktree_leaves_out_stays_out(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", {"in/a": "a", "out/b": "b"})
    git(shop, "sparse-checkout", "set", "in")
    old = git(shop, "rev-parse", "HEAD")
    tree = await make(Git(shop), shop / ".git", tmp_path / "tree", old)
    git(shop, "sparse-checkout", "disable")
    write(shop, "out/c")
    write(shop, "in/d")
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "-m", "more")
    await tree.advance(git(shop, "rev-parse", "HEAD"))
    assert sorted(path.name for path in tree.path.rglob("*") if path.is_file()) == [".git", "a", "d"]
    assert git(tree.path, "status", "--porcelain") == ""
