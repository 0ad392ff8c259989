"""What must be right with a repository before a run: what is missing is said, with what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.repository import repository_of
from beastmode.runner.worktrees.room import check_room
from tests.repositories import committed, everything_of, git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces


async def refused(folder: Path, settings: CodingSettings | None = None) -> PreconditionError:
    with pytest.raises(PreconditionError) as caught:
        await repository_of(folder, settings or CodingSettings())
    return caught.value


@in_a_loop
async def test_a_plain_one(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"web/a": "1"})
    found = await repository_of(checkout / "web", CodingSettings())
    assert (found.top, found.inside, found.branch, found.notes) == (checkout, "web", "main", ())
    assert found.base == git(checkout, "rev-parse", "HEAD")


@in_a_loop
async def test_one_whose_filter_fails(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"a.odd": "1\n", ".gitattributes": "*.odd filter=odd\n"})
    for name, value in (("clean", "false"), ("required", "true")):
        git(checkout, "config", f"filter.odd.{name}", value)
    (checkout / "a.odd").write_text("2\n")  # of the same size: only the filter can tell
    error = await refused(checkout)
    assert error.what.startswith("git cannot read the repository: ")
    assert error.tip == f"Correct that first; it shows here too: git -C {checkout} status"


@in_a_loop
async def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = await refused(tmp_path)
    assert (error.what, error.tip) == ("there is no git on PATH", "Install git 2.38 or newer.")


@in_a_loop
async def test_a_git_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\necho git version 2.37.4\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert (await refused(tmp_path)).what == "git version 2.37.4 is too old"


@in_a_loop
async def test_no_repository(tmp_path: Path) -> None:
    error = await refused(tmp_path)
    assert error.what == "this is no git repository"
    assert "git init && git add -A && git commit" in error.tip


@in_a_loop
async def test_a_bare_one_and_the_folder_of_git(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    git(tmp_path, "clone", "--quiet", "--bare", str(checkout), "bare")
    assert "the repository is bare" in (await refused(tmp_path / "bare")).what
    assert "keeps for itself" in (await refused(checkout / ".git/refs")).what


@in_a_loop
async def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert (await refused(tmp_path)).what == "the repository has no commit yet"


@in_a_loop
async def test_a_base_that_is_not_there(tmp_path: Path) -> None:
    error = await refused(repository(tmp_path / "shop"), CodingSettings(base="nowhere"))
    assert error.what == "there is no commit 'nowhere'"


@in_a_loop
async def test_a_repository_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = repository(tmp_path / "shop")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    error = await refused(checkout)
    assert error.what == "git refuses the repository: it belongs to another user"
    assert f"safe.directory {checkout}" in error.tip


@in_a_loop
async def test_a_detached_head_will_do(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    git(checkout, "checkout", "--quiet", "--detach")
    assert (await repository_of(checkout, CodingSettings())).branch == ""


@in_a_loop
async def test_untracked_files_are_told(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    (checkout / "notes.txt").touch()
    found = await repository_of(checkout, CodingSettings())
    assert found.notes[0].startswith("No task sees notes.txt: in no commit.")


@in_a_loop
async def test_uncommitted_changes_are_refused_with_three_ways_out(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"a": "1", "b": "2"})
    (checkout / "a").write_text("changed")
    (checkout / "b").unlink()
    error = await refused(checkout)
    assert error.what.startswith("a, b changed, but no task would see it")
    assert all(word in error.tip for word in ("Commit it", "--stash", "--base"))
    assert (await repository_of(checkout, CodingSettings(base="main"))).base == git(
        checkout, "rev-parse", "main"
    )


@in_a_loop
async def test_a_list_that_changed_is_no_reason_to_refuse(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"tasks.md": "- [ ] one", "a": "1"})
    (checkout / "tasks.md").write_text("- [ ] two")
    await repository_of(checkout, CodingSettings(), checkout / "tasks.md")


@in_a_loop
async def test_a_folder_that_is_the_list_may_change_too(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"backlog/tasks/1.md": "one", "a": "1"})
    (checkout / "backlog/tasks/1.md").write_text("two")
    await repository_of(checkout, CodingSettings(), checkout / "backlog")
    (checkout / "a").write_text("2")
    with pytest.raises(PreconditionError, match="a changed"):
        await repository_of(checkout, CodingSettings(), checkout / "backlog")


@in_a_loop
async def test_changes_are_taken_along_and_the_checkout_keeps_them(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"a": "1", "b": "2", "tasks.md": "old"})
    (checkout / "a").write_text("changed")
    (checkout / "b").unlink()
    (checkout / "c").write_text("added")
    (checkout / "tasks.md").write_text("new")
    git(checkout, "add", "c")
    before = everything_of(checkout)
    settings = CodingSettings(stash=True)
    found = await repository_of(checkout, settings, checkout / "tasks.md")
    assert everything_of(checkout) == before
    assert git(checkout, "show", f"{found.base}:a") == "changed"
    assert git(checkout, "ls-tree", "--name-only", found.base).split() == ["a", "c", "tasks.md"]
    assert git(checkout, "show", f"{found.base}:tasks.md") == "old"
    assert "the checkout keeps the changes too" in found.notes[-1]
    assert (await repository_of(checkout, settings, checkout / "tasks.md")).base == found.base


@in_a_loop
async def test_a_merge_with_conflicts_is_refused_even_so(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"a": "1"})
    git(checkout, "switch", "--quiet", "--create", "side")
    committed(checkout, {"a": "2"})
    git(checkout, "switch", "--quiet", "main")
    committed(checkout, {"a": "3"})
    with pytest.raises(Exception, match="non-zero"):
        git(checkout, "merge", "--quiet", "side")
    error = await refused(checkout, CodingSettings(stash=True))
    assert error.what == "a merge with conflicts is not finished"


@in_a_loop
async def test_a_base_that_moves_while_it_runs_moves_no_task(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        began = spaces.repository.base
    committed(checkout, {"new": "1"})
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        assert (await entered(spaces, "one")).base == began


@in_a_loop
async def test_the_same_worktrees_are_not_used_from_two_homes(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees", "r1"):
        with pytest.raises(
            PreconditionError, match="another runner is at work in the worktrees of this list"
        ):
            async with workspaces(checkout, tmp_path / "trees", "r2"):
                pass


@in_a_loop
async def test_a_result_branch_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    git(checkout, "branch", "beast/r1/result")
    with pytest.raises(PreconditionError, match="that no run of ours made"):
        async with workspaces(checkout, tmp_path / "trees"):
            pass


@pytest.mark.parametrize("name", ["beast", "beast/r1"])
@in_a_loop
async def test_a_branch_where_ours_would_have_their_folder_is_said(tmp_path: Path, name: str) -> None:
    checkout = repository(tmp_path / "shop")
    git(checkout, "branch", name)
    with pytest.raises(PreconditionError, match=f"there is a branch {name}, ") as caught:
        async with workspaces(checkout, tmp_path / "trees"):
            pass
    assert caught.value.tip == f"Rename it: git branch -m {name} NEW-NAME"


@in_a_loop
async def test_a_lock_that_a_killed_git_has_left_is_said_as_git_says_it(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    (checkout / ".git/refs/beast").mkdir()
    (checkout / ".git/refs/beast/r1.lock").touch()
    (checkout / ".git/refs/beast/r1").write_text(git(checkout, "rev-parse", "main") + "\n")
    with pytest.raises(PreconditionError, match="ended with exit code") as caught:
        async with workspaces(checkout, tmp_path / "trees"):
            pass
    assert "lock" in caught.value.tip


@in_a_loop
async def test_a_disk_without_room_is_told_before_anything_costs(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {f"f{number}": "x" * 4096 for number in range(100)})
    found = await repository_of(checkout, CodingSettings())
    await check_room(found, tmp_path / "trees", 16, free_bytes=100 * 4096 * 20)
    with pytest.raises(PreconditionError) as caught:
        await check_room(found, tmp_path / "trees", 16, free_bytes=100 * 4096 * 8)
    assert caught.value.what == "18 worktrees of 410 kB each do not fit: 3 MB are free"
    assert "--max-concurrency 5" in caught.value.tip
