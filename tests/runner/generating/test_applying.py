"""Edits on a real disk: only inside the worktree, all or none, and everything that was not touched as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.runner.generating.applying import apply
from beastmode.runner.generating.edits import Delete, Edit, Rename, Replace, Write
from beastmode.runner.generating.inside import Inside, RefusedPathError
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.patching import Patch, patch
from tests.runner.generating.trees import tree_of


def allowed(_path: str) -> str:
    return ""


class World:
    """A worktree beside a folder that nobody may touch; links of all kinds lead there."""

    def __init__(self, top: Path) -> None:
        self.top, self.work, self.outside = top, top / "work", top / "outside"
        for folder in ("work/src", "work/.git/hooks", "work/module/.git", "outside/deep"):
            (top / folder).mkdir(parents=True)
        (self.work / "src" / "app.py").write_bytes(b"one\ntwo\n")
        (self.work / "README.md").write_bytes(b"# Hello\r\nWorld\r\n")
        (self.work / ".git" / "config").write_bytes(b"[core]\n")
        (self.outside / "secret").write_bytes(b"outside\n")
        (self.outside / "deep" / "file").write_bytes(b"outside\n")
        (self.work / "link").symlink_to("../outside")
        (self.work / "file-link").symlink_to("../outside/secret")
        (self.work / "dangling").symlink_to("../outside/new")
        (self.work / "src" / "up").symlink_to("../..")
        os.link(self.outside / "secret", self.work / "hard")
        os.mkfifo(self.work / "pipe")

    def patch(self, *edits: Edit, limits: Limits | None = None) -> Patch:
        return patch(edits, Inside(self.work), limits or Limits(), allowed)

    def do(self, *edits: Edit) -> list[str]:
        """Apply what can be applied; what is wrong otherwise."""
        found = self.patch(*edits)
        apply(found.changes, Inside(self.work), self.top)
        return found.problems


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


PARTS = st.one_of(
    st.sampled_from(
        [
            "src",
            "link",
            "file-link",
            "dangling",
            "up",
            "hard",
            "pipe",
            "module",
            "app.py",
            "..",
            ".",
            ".git",
            ".GIT",
            ".git.",
            "git~1",
            ".gi\u200dt",
            "CON",
            "nul.txt",
            "README.md",
            "readme.md",
            "SRC",
            "outside",
            "secret",
            "deep",
            "new",
            ".beast",
            "~",
            "C:",
            "file",
            "/etc",
            "tmp",
        ]
    ),
    st.text(min_size=1, max_size=6),
)
HOSTILE = st.builds(
    lambda lead, parts, sign: lead + sign.join(parts),
    st.sampled_from(["", "", "", "/", "./", "../", "//", "\\"]),
    st.lists(PARTS, min_size=1, max_size=5),
    st.sampled_from(["/", "/", "/", "\\", "//"]),
)
HOSTILE_EDITS = st.one_of(
    st.builds(Write, HOSTILE, st.just("new\n")),
    st.builds(Replace, HOSTILE, st.sampled_from(["", "outside\n", "one\n"]), st.just("new\n")),
    st.builds(Delete, HOSTILE),
    st.builds(Rename, HOSTILE, HOSTILE),
)


@settings(max_examples=150)
@given(st.lists(HOSTILE_EDITS, min_size=1, max_size=4))
def test_whatever_the_paths_nothing_outside_is_touched_and_it_is_all_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, edits: list[Edit]
) -> None:
    top = tmp_path_factory.mktemp("w")
    world = World(top)
    git, outside, before = tree_of(world.work / ".git"), tree_of(world.outside), tree_of(world.work)
    problems = world.do(*edits)
    assert tree_of(world.outside) == outside
    assert tree_of(world.work / ".git") == git
    assert sorted(os.listdir(top)) == ["outside", "work"]
    assert not problems or tree_of(world.work) == before
    shutil.rmtree(top)


@given(HOSTILE)
def test_even_a_path_that_was_not_checked_before_cannot_leave(
    tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    """The second line of defence: what is written goes through the same descriptors as what was read."""
    from beastmode.runner.generating.inside import File
    from beastmode.runner.generating.patching import Change

    top = tmp_path_factory.mktemp("w")
    world = World(top)
    outside, git = tree_of(world.outside), tree_of(world.work / ".git")
    with contextlib.suppress(OSError, RefusedPathError):
        apply([Change(path, None, File(b"new", 0o644))], Inside(world.work), top)
    assert tree_of(world.outside) == outside
    assert tree_of(world.work / ".git") == git
    shutil.rmtree(top)
