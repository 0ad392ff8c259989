"""Spare worktrees: tasks come first; what they wait for comes before that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.making import make
from beastmode.runner.worktrees.spares import Spares
from tests.repositories import git, repository
from tests.runner.workplace import in_a_loop


class Story:
    """Spares of a repository, and one worktree that nobody needs any more."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shop = folder, repository(folder / "shop")
        self.git, self.cleaned = Git(self.shop), asyncio.Event()
        self.spares = Spares(self.git, self.shop / ".git", folder / "trees", ())
        self.commit = git(self.shop, "rev-parse", "HEAD")

    async def clean(self) -> bool:
        self.cleaned.set()
        return True

    async def give(self) -> None:
        tree = await make(self.git, self.shop / ".git", self.folder / "trees/one", self.commit)
        self.spares.give(tree, self.clean)


@in_a_loop
async def test_while_a_task_is_ahead_nothing_is_cleaned(tmp_path: Path) -> None:
    story = Story(tmp_path)
    with story.spares.ahead():
        await story.give()
        with story.spares.ahead():
            pass
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(story.cleaned.wait(), 0.05)
    await story.cleaned.wait()
    await story.spares.end()


@in_a_loop
async def test_unless_a_task_waits_for_it(tmp_path: Path) -> None:
    story = Story(tmp_path)
    with story.spares.ahead():
        await story.give()
        taken = await story.spares.take(tmp_path / "trees/two", story.commit)
    assert story.cleaned.is_set()
    assert git(taken.path, "status", "--porcelain") == ""
    assert not (tmp_path / "trees/one").exists()
    await story.spares.end()


@in_a_loop
async def test_a_task_takes_one_that_is_being_made(tmp_path: Path) -> None:
    story = Story(tmp_path)
    with story.spares.ahead():
        story.spares.prepare(story.commit, 2)
        paths = [tmp_path / "trees" / name for name in "abc"]
        taken = await asyncio.gather(*(story.spares.take(path, story.commit) for path in paths))
    assert [tree.path for tree in taken] == paths
    assert sorted(tree.admin.name for tree in taken) == ["beast-1", "beast-2", "beast-3"]
    assert {git(path, "status", "--porcelain") for path in paths} == {""}
    await story.spares.end()


@in_a_loop
async def test_no_more_are_made_than_are_wanted(tmp_path: Path) -> None:
    story = Story(tmp_path)
    await story.give()
    for _ in range(3):
        story.spares.prepare(story.commit, 2)
    paths = [tmp_path / "trees" / name for name in "ab"]
    taken = [await story.spares.take(path, story.commit) for path in paths]
    assert sorted(tree.admin.name for tree in taken) == ["beast-1", "beast-2"]
    assert not list((tmp_path / "trees/.spare").iterdir())
    await story.spares.end()


@in_a_loop
async def test_none_is_begun_once_the_session_ends(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.spares.prepare(story.commit, 2)
    await story.spares.end()
    assert not (tmp_path / "trees").exists()
