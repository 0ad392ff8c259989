"""Copies: files of the checkout that no commit has, inside of the worktree and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError
from beastmode.runner.worktrees.copies import copy_all, matches, sizes


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for name in (".env", "web/.env", "web/node_modules/a/index.js", ".git/config", "src/main.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ((".env",), [".env"]),
        (("**/.env",), [".env", "web/.env"]),
        (("*/node_modules", "web/node_modules/a"), ["web/node_modules"]),
        (("missing",), []),
        (("**/config", ".git"), []),
    ],
)
def test_what_patterns_mean(top: Path, patterns: tuple[str, ...], found: list[str]) -> None:
    assert matches(top, patterns) == found


@pytest.mark.parametrize("pattern", ["../secrets", "/etc/passwd", "a/../../b", "", " "])
def test_a_pattern_that_leaves_the_checkout_is_refused(top: Path, pattern: str) -> None:
    with pytest.raises(PreconditionError, match="names nothing inside the checkout"):
        matches(top, [pattern])


def test_folders_come_whole_with_links_and_modes_but_without_pipes(top: Path, tmp_path: Path) -> None:
    tool = top / "web/node_modules/tool"
    tool.write_text("#!/bin/sh")
    tool.chmod(0o755)
    (top / "web/node_modules/link").symlink_to("tool")
    os.mkfifo(top / "web/node_modules/pipe")
    (tmp_path / "tree").mkdir()
    copy_all(top, tmp_path / "tree", matches(top, ["web/node_modules"]))
    copied = tmp_path / "tree/web/node_modules"
    assert sorted(path.name for path in copied.iterdir()) == ["a", "link", "tool"]
    assert os.readlink(copied / "link") == "tool"
    assert os.access(copied / "tool", os.X_OK)


def test_a_link_that_an_agent_put_in_the_way_is_not_followed(top: Path, tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (tree / "web").symlink_to(outside)
    (tree / ".env").symlink_to(outside / "new")
    copy_all(top, tree, [".env", "web/.env"])
    assert list(outside.iterdir()) == []
    assert (tree / "web/.env").read_text() == "web/.env"


def test_their_size(top: Path) -> None:
    assert sizes(top, [".env", "web"]) == len(".env") + len("web/.env") + len("web/node_modules/a/index.js")
