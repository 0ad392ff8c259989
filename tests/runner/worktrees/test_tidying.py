"""Tidying: what git does not see goes, and only folders that were touched are read again."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from beastmode.runner.worktrees.tidying import Tidying


def a_tree(top: Path) -> Path:
    """Folders with files in them, and nothing that is to go."""
    for name in ("a/deep/file", "b/file", "top"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("x", encoding="ascii")
    return top


def litter(folder: Path) -> None:
    """All that git does not see. Returns once the disk has another time for the folder than before."""
    before = folder.stat().st_ctime_ns
    while folder.stat().st_ctime_ns == before:
        (folder / "again").touch()
        (folder / "again").unlink()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(folder / "socket"))
    os.mkfifo(folder / "pipe")
    (folder / "empty/in/empty").mkdir(parents=True)


def names(top: Path) -> list[str]:
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*"))


def test_what_git_does_not_see_goes(tmp_path: Path) -> None:
    tree = a_tree(tmp_path)
    os.symlink("nowhere", tree / "b/link")
    before = names(tree)
    for folder in ("", "a/deep", "b"):
        litter(tree / folder)
    Tidying()(tree)
    assert names(tree) == before


def test_only_what_was_touched_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = a_tree(tmp_path / "tree")
    read: list[str] = []
    scandir = os.scandir

    def seen(path: str) -> Iterator[os.DirEntry[str]]:
        read.append(Path(path).relative_to(tree).as_posix())
        return scandir(path)

    monkeypatch.setattr("beastmode.runner.worktrees.tidying.os.scandir", seen)
    before, tidying = names(tree), Tidying(settled_ns=-(10**18))
    for touched in ([".", "a", "a/deep", "b"], [], ["a/deep"], ["a", "b"]):
        for folder in touched:
            litter(tree / folder)
        read.clear()
        tidying(tree)
        assert [folder for folder in sorted(read) if "empty" not in folder] == touched
        assert names(tree) == before
        tidying(tree)  # what it took away itself has touched them, too
    tree = tree.rename(tmp_path / "moved")
    litter(tree / "a")
    tidying(tree)
    assert names(tree) == before


def test_what_was_just_touched_is_not_remembered(tmp_path: Path) -> None:
    tree, tidying = a_tree(tmp_path), Tidying()
    for _ in range(20):  # within one tick of the disk's clock, at least once
        tidying(tree)
        (tree / "b/empty").mkdir()
        tidying(tree)
        assert not (tree / "b/empty").exists()
