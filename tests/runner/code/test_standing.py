"""Standing: what stays answers as a command of its own does, also where it was killed."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from beastmode.runner.code.git import Git, GitError
from beastmode.runner.code.standing import StandingGit
from tests.crash.story import none_is_left
from tests.repositories import committed, git, repository
from tests.runner.workplace import in_a_loop

KINDS: list[Callable[[Path], Git]] = [Git, StandingGit]
both = pytest.mark.parametrize("kind", KINDS)


@asynccontextmanager
async def opened(kind: Callable[[Path], Git], folder: Path) -> AsyncIterator[Git]:
    made = kind(folder)
    try:
        yield made
    finally:
        if isinstance(made, StandingGit):
            await made.close()


@both
@in_a_loop
async def test_refs_that_are_there_and_those_that_are_not(
    tmp_path: Path, kind: Callable[[Path], Git]
) -> None:
    shop = repository(tmp_path / "shop")
    head = git(shop, "rev-parse", "HEAD")
    async with opened(kind, shop) as asked:
        assert await asked.refs("refs/heads/main", "refs/beast/none", "refs/heads") == {
            "refs/heads/main": head
        }
        await asked.move(f"create refs/beast/new {head}")
        assert await asked.refs("refs/beast/new") == {"refs/beast/new": head}
        git(shop, "update-ref", "-d", "refs/beast/new")
        assert await asked.refs("refs/beast/new") == {}
        git(shop, "pack-refs", "--all")
        assert await asked.refs("refs/heads/main") == {"refs/heads/main": head}


@both
@in_a_loop
async def test_what_a_commit_says(tmp_path: Path, kind: Callable[[Path], Git]) -> None:
    shop = repository(tmp_path / "shop")
    async with opened(kind, shop) as asked:
        first = await asked.commit(git(shop, "rev-parse", "HEAD"))
        assert (first.parents, first.date, first.subject) == ((), 1700000000, "First")
        committed(shop, {"b": "b"}, "Two lines,\none subject\n\nand a body")
        git(shop, "gc", "--quiet")
        second = await asked.commit(git(shop, "rev-parse", "HEAD"))
        assert second.tree == git(shop, "rev-parse", "HEAD^{tree}")
        assert (second.parents, second.subject) == ((first.id,), "Two lines, one subject")
        git(shop, "-c", "i18n.commitEncoding=latin1", "commit", "--allow-empty", "--quiet", "-m", "x")
        assert (await asked.commit(git(shop, "rev-parse", "HEAD"))).subject is None


@both
@in_a_loop
async def test_how_trees_differ(tmp_path: Path, kind: Callable[[Path], Git]) -> None:
    shop = committed(repository(tmp_path / "shop"), {"over\n": "a", "b\nover\n": "b", 'ü/\t"': "c"})
    old, new = [git(shop, "rev-parse", f"{commit}^{{tree}}") for commit in ("HEAD~1", "HEAD")]
    async with opened(kind, shop) as asked:
        for _ in range(2):
            said = await asked.differing(old, new)
            assert said.split("\0")[1::2] == ["b\nover\n", "over\n", 'ü/\t"']
            assert (await asked.differing(new, old)).split("\0")[1::2] == said.split("\0")[1::2]
            assert await asked.differing(new, new) == ""
        with pytest.raises(GitError):
            await asked.differing(old, "1" * 40)


@both
@in_a_loop
async def test_no_commit_of_that_id(tmp_path: Path, kind: Callable[[Path], Git]) -> None:
    shop = repository(tmp_path / "shop")
    async with opened(kind, shop) as asked:
        for none in ("0" * 40, git(shop, "rev-parse", "HEAD^{tree}")):
            with pytest.raises(GitError):
                await asked.commit(none)


@both
@in_a_loop
async def test_refs_move_all_or_none(tmp_path: Path, kind: Callable[[Path], Git]) -> None:
    shop = committed(repository(tmp_path / "shop"), {"b": "b"})
    old, new = git(shop, "rev-parse", "HEAD~1"), git(shop, "rev-parse", "HEAD")
    async with opened(kind, shop) as asked:
        await asked.move(f"create refs/beast/a {old}", f"create refs/beast/b {old}")
        with pytest.raises(GitError, match="refs/beast/a"):
            await asked.move(f"update refs/beast/b {new} {old}", f"update refs/beast/a {new} {new}")
        assert set((await asked.refs("refs/beast/a", "refs/beast/b")).values()) == {old}
        await asked.move(f"update refs/beast/a {new} {old}", f"delete refs/beast/b {old}")
        assert await asked.refs("refs/beast/a", "refs/beast/b") == {"refs/beast/a": new}


@in_a_loop
async def test_one_that_was_killed_is_asked_again(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop")
    head, tree = git(shop, "rev-parse", "HEAD"), git(shop, "rev-parse", "HEAD^{tree}")
    async with opened(StandingGit, shop) as asked:
        for number in range(3):
            await asked.move(f"create refs/beast/{number} {head}")
            assert (await asked.refs(f"refs/beast/{number}", "refs/none")) == {f"refs/beast/{number}": head}
            assert await asked.differing(tree, tree) == ""
            for pid in standing():
                os.kill(pid, signal.SIGKILL)
    assert len(git(shop, "for-each-ref", "refs/beast").splitlines()) == 3


@in_a_loop
async def test_none_is_left_and_worktrees_share_them(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop")
    git(shop, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    async with opened(StandingGit, shop) as asked:
        await asked.refs("refs/heads/main")
        before = standing()
        assert await asked.at(tmp_path / "tree").refs("refs/heads/tree")
        assert standing() == before
        assert len(before) == 1
    none_is_left(tmp_path)


def standing() -> list[int]:
    """The commands of git that this process has as its children."""
    threads = Path("/proc/self/task").iterdir()
    children = [pid for thread in threads for pid in (thread / "children").read_text().split()]
    return [int(pid) for pid in children if "git" in Path(f"/proc/{pid}/cmdline").read_text()]
