"""What agents do to their worktrees: work is never lost, and what cannot be saved is said."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.runner.code.workspace import Place, Saved, WorkspaceError
from tests.repositories import committed, everything_of, git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces

Misdeed = Callable[[Place], object]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return committed(
        repository(tmp_path / "shop"), {"old": "1\n", "folder/inner": "1\n", ".gitignore": "*.log\n"}
    )


async def saved_after(checkout: Path, misdeed: Misdeed) -> Saved:
    """What is saved of a worktree after something was done in it beside some work."""
    before = everything_of(checkout)
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.folder / "work").write_text("work\n")
        misdeed(place)
        saved = await spaces.save(place, "One\n")
        again = await entered(spaces, "one", number=2)
        assert git(again.path, "status", "--porcelain") == ""
        assert git(again.path, "symbolic-ref", "HEAD") == "refs/heads/beast/r1/task/one"
    unchanged = everything_of(checkout)
    assert {**unchanged, "refs": ""} == {**before, "refs": ""}
    assert git(checkout, "rev-parse", "beast/r1/task/one") == saved.commit
    differ = git(checkout, "diff-tree", "-r", "--no-renames", "--name-only", "-z", place.base, saved.commit)
    assert list(saved.files) == differ.split("\0")[:-1]
    return saved


async def refused_after(checkout: Path, misdeed: Misdeed) -> str:
    """What is said where it cannot be saved; the next attempt finds a worktree as it was saved last."""
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.folder / "work").write_text("work\n")
        misdeed(place)
        with pytest.raises(WorkspaceError) as caught:
            await spaces.save(place, "One\n")
        again = await entered(spaces, "one", number=2)
        assert git(again.path, "status", "--porcelain") == ""
        assert git(again.path, "rev-parse", "HEAD") == again.base
        assert caught.value.failure.class_ == "workspace"
    return caught.value.failure.cause


def commit(place: Place, message: str = "mine") -> None:
    git(place.path, "add", "--all")
    git(place.path, "commit", "--quiet", "--message", message)


def detach(place: Place) -> None:
    git(place.path, "checkout", "--quiet", "--detach")
    commit(place)


def switch(place: Place) -> None:
    git(place.path, "switch", "--quiet", "--create", "feature")
    commit(place)


def link_in_the_place_of_a_folder(place: Place) -> None:
    shutil.rmtree(place.path / "folder")
    (place.path / "folder").symlink_to("..")


def folder_in_the_place_of_a_file(place: Place) -> None:
    (place.path / "old").unlink()
    (place.path / "old").mkdir()
    (place.path / "old/deep").write_text("deep\n")


def lose_link(place: Place) -> None:
    (place.path / ".git").unlink()


def start_anew(place: Place) -> None:
    lose_link(place)
    git(place.path, "init", "--quiet")
    commit(place)


def lock_index(place: Place) -> None:
    Path(git(place.path, "rev-parse", "--absolute-git-dir"), "index.lock").touch()


def odd_files(place: Place) -> None:
    os.mkfifo(place.path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(place.path)
        listener.bind("socket")
        os.chdir(here)


def link_out(place: Place) -> None:
    (place.path / "passwords").symlink_to("/etc/passwd")
    (place.path / "everything").symlink_to("/")


@pytest.mark.parametrize(
    "misdeed",
    [
        *(commit, detach, switch, lose_link, start_anew, lock_index, odd_files, link_out),
        *(link_in_the_place_of_a_folder, folder_in_the_place_of_a_file),
    ],
    ids=lambda one: one.__name__,
)
@in_a_loop
async def test_work_is_saved_whatever_was_done_beside_it(checkout: Path, misdeed: Misdeed) -> None:
    saved = await saved_after(checkout, misdeed)
    assert "work" in saved.files
    assert git(checkout, "show", f"{saved.commit}:work") == "work"


@in_a_loop
async def test_a_repository_made_in_place_of_the_worktrees_own_is_put_aside(checkout: Path) -> None:
    await saved_after(checkout, start_anew)
    [made] = (checkout.parent / "trees/.aside/one").iterdir()
    assert git(made, "log", "--format=%s") == "mine"


def delete_all(place: Place) -> None:
    shutil.rmtree(place.path)


def delete_after_commit(place: Place) -> None:
    detach(place)
    shutil.rmtree(place.path)


def link_instead(place: Place) -> None:
    place.path.rename(place.path.with_name("elsewhere"))
    place.path.symlink_to("elsewhere")


def leave_rebase(place: Place) -> None:
    commit(place)
    git(place.path, "switch", "--quiet", "--create", "other", "HEAD~")
    (place.path / "work").write_text("other\n")
    commit(place)
    with pytest.raises(Exception, match="returned non-zero"):
        git(place.path, "rebase", "--quiet", "beast/r1/task/one")


def leave_conflict(place: Place) -> None:
    commit(place)
    git(place.path, "switch", "--quiet", "--detach", "HEAD~")
    (place.path / "work").write_text("other\n")
    commit(place)
    with pytest.raises(Exception, match="returned non-zero"):
        git(place.path, "merge", "--quiet", "beast/r1/task/one")


def go_back(place: Place) -> None:
    git(place.path, "reset", "--quiet", "--hard", "HEAD~")
    (place.path / "work").write_text("work\n")
    commit(place)


def nest(place: Place) -> None:
    repository(place.path / "inner", {"deep": "work\n"})


def swell(place: Place) -> None:
    with (place.path / "huge.bin").open("wb") as file:
        file.truncate(100_000_001)


def unregister(place: Place) -> None:
    git(place.path, "worktree", "unlock", ".")
    link = (place.path / ".git").read_text()
    shutil.rmtree(link.removeprefix("gitdir: ").strip())


@pytest.mark.parametrize(
    ("misdeed", "cause"),
    [
        (delete_all, "the agent deleted its worktree"),
        (delete_after_commit, "the agent deleted its worktree"),
        (link_instead, "the agent deleted its worktree"),
        (leave_rebase, "the agent left conflicts in work, of a rebase"),
        (leave_conflict, "the agent left conflicts in work, of a merge"),
        (go_back, "which does not come from"),
        (nest, "the agent left what no commit can hold: inner is a git repository of its own"),
        (swell, "huge.bin has 100 MB"),
        (unregister, "the agent took its worktree out of git"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
@in_a_loop
async def test_what_cannot_be_saved_is_said_and_the_next_attempt_begins_clean(
    checkout: Path, misdeed: Misdeed, cause: str
) -> None:
    assert cause in await refused_after(checkout, misdeed)


@pytest.mark.parametrize("misdeed", [delete_after_commit, leave_rebase, leave_conflict, go_back, nest, swell])
@in_a_loop
async def test_work_that_cannot_be_saved_is_kept_on_a_branch(checkout: Path, misdeed: Misdeed) -> None:
    await refused_after(checkout, misdeed)
    kept = git(checkout, "for-each-ref", "--format=%(refname)", "refs/heads/beast/r1/kept/one").split()
    assert "work" in {git(checkout, "show", f"{ref}:work") for ref in kept}


@in_a_loop
async def test_what_no_commit_can_hold_is_put_aside(checkout: Path) -> None:
    await refused_after(checkout, nest)
    assert (checkout.parent / "trees/.aside/one/inner.1/deep").read_text() == "work\n"


@in_a_loop
async def test_files_that_were_taken_out_of_git_are_put_aside(checkout: Path) -> None:
    await refused_after(checkout, unregister)
    assert (checkout.parent / "trees/.aside/one/one.1/work").read_text() == "work\n"
