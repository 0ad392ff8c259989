"""Edits on a real disk: only inside the worktree, all or none, and everything that was not touched as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

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


def test_a_file_with_other_names_is_replaced_and_they_keep_what_they_had(world: World) -> None:
    assert not world.do(Replace("hard", "outside\n", "inside\n"))
    assert (world.work / "hard").read_bytes() == b"inside\n"
    assert (world.outside / "secret").read_bytes() == b"outside\n"


def test_modes_and_line_ends_stay(world: World) -> None:
    os.chmod(world.work / "README.md", 0o750)
    assert not world.do(Replace("README.md", "World\n", "You\n"), Write("deep/er/new.py", "x\n"))
    assert (world.work / "README.md").read_bytes() == b"# Hello\r\nYou\r\n"
    assert (world.work / "README.md").stat().st_mode & 0o777 == 0o750
    assert (world.work / "deep" / "er" / "new.py").stat().st_mode & 0o777 == 0o644


LINKS = {
    "link/secret": "'link' on the way to it is a symbolic link",
    "file-link": "it is a symbolic link",
    "dangling": "it is a symbolic link",
    "src/up/outside/secret": "'up' on the way to it is a symbolic link",
    "pipe": "it is no plain file",
    "module/x.py": "module is another repository",
}


@pytest.mark.parametrize("path", LINKS)
def test_what_leads_out_is_named(world: World, path: str) -> None:
    for edit in (Write(path, "x\n"), Delete(path), Rename("README.md", path)):
        [problem] = world.do(edit)
        assert LINKS[path] in problem


def test_a_folder_goes_with_its_last_file(world: World) -> None:
    assert not world.do(Write("a/b/c.py", "x\n"))
    assert not world.do(Delete("a/b/c.py"))
    assert not (world.work / "a").exists()
    assert not world.do(Delete("src/app.py"))
    assert (world.work / "src").exists()  # something else is in it


@pytest.mark.parametrize("at", range(4))
def test_what_fails_on_the_way_is_taken_back(world: World, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """The disk fails at any of the moves: all is as it was."""
    before = tree_of(world.top)
    changes = world.patch(
        Replace("src/app.py", "two\n", "2\n"), Write("new/one.py", "x\n"), Delete("README.md")
    ).changes
    moves, rename = [], os.rename

    def failing(*arguments: Any, **more: Any) -> None:
        moves.append(arguments)
        if len(moves) == at + 1:
            raise OSError(28, "No space left on device")
        rename(*arguments, **more)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="No space"):
        apply(changes, Inside(world.work), world.top)
    assert len(moves) > at
    assert tree_of(world.top) == before


def test_a_link_that_comes_between_looking_and_writing_is_not_followed(world: World) -> None:
    changes = world.patch(Write("src/app.py", "x\n"), Write("fresh/new.py", "x\n")).changes
    (world.work / "src" / "app.py").unlink()
    (world.work / "src" / "app.py").symlink_to("../../outside/secret")
    (world.work / "fresh").symlink_to("../outside")
    outside = tree_of(world.outside)
    with pytest.raises(RefusedPathError, match="symbolic link"):
        apply(changes, Inside(world.work), world.top)
    assert tree_of(world.outside) == outside


def test_what_a_kill_has_left_beside_is_removed(world: World) -> None:
    (world.top / ".beast-edits-work").mkdir()
    (world.top / ".beast-edits-work" / "old-0").write_text("x\n", encoding="ascii")
    assert not world.do(Write("new.py", "x\n"))
    assert sorted(os.listdir(world.top)) == ["outside", "work"]


def test_a_folder_that_comes_between_is_not_moved_away(world: World) -> None:
    changes = world.patch(Write("new.py", "x\n")).changes
    (world.work / "new.py").mkdir()
    (world.work / "new.py" / "kept").write_text("kept\n", encoding="ascii")
    with pytest.raises(RefusedPathError, match="is a folder"):
        apply(changes, Inside(world.work), world.top)
    assert (world.work / "new.py" / "kept").exists()


def test_the_folder_to_work_in_may_be_no_link(world: World) -> None:
    for below, why in (("link", "symbolic link"), ("src/up", "symbolic link"), ("src/../..", "leads out")):
        with pytest.raises(RefusedPathError, match=why):
            Inside(world.work, below).check()
    Inside(world.work, "src").check()
