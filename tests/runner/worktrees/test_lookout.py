"""What attempts leave elsewhere than in their worktree: by whom as far as that can be known, and how it is put back.
Every command that is told is run, and what it promises is looked at."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.worktrees.strays import Stray
from tests.repositories import committed, everything_of, git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces

Deed = Callable[[Place, Path], object]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shop = committed(repository(tmp_path / "shop"), {"old": "1\n"})
    git(shop, "branch", "other")
    git(shop, "tag", "v1")
    return shop


def shell(command: str) -> str:
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


async def strays_of(spaces: Workspaces, place: Place, *, walled: bool = False) -> list[Stray]:
    """After its work was saved."""
    await spaces.save(place, "One\n")
    return await spaces.strays(place, walled=walled)


async def strays_after(checkout: Path, deed: Deed) -> list[Stray]:
    """Of an agent that does its work, and something else. What it did there can be looked at and put back."""
    before = everything_of(checkout)
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        deed(place, checkout)
        (place.path / "work").write_text("work\n")
        strays = await strays_of(spaces, place)
        assert git(checkout, "show", "beast/r1/task/one:work") == "work"
        for stray in reversed(strays):
            shell(stray.show)
            shell(stray.back)
    after = everything_of(checkout)
    assert {**after, "index": ""} == {**before, "index": ""}
    return strays


def commits(folder: Path, name: str = "more") -> None:
    committed(folder, {name: "more\n"})


def commit_on_a_branch_of_the_user(place: Place, _: Path) -> None:
    git(place.path, "switch", "--quiet", "other")
    commits(place.path)
    git(place.path, "switch", "--quiet", place.branch)


def commit_on_a_new_branch(place: Place, _: Path) -> None:
    git(place.path, "switch", "--quiet", "--create", "feature")
    commits(place.path)


def make_a_branch_and_come_back(place: Place, _: Path) -> None:
    git(place.path, "switch", "--quiet", "--create", "feature")
    git(place.path, "switch", "--quiet", place.branch)


def push_to_the_branch_of_the_user(place: Place, _: Path) -> None:
    commits(place.path)
    git(place.path, "update-ref", "refs/heads/main", "HEAD")


def tag_its_work(place: Place, _: Path) -> None:
    commits(place.path)
    git(place.path, "tag", "v2")


def move_a_tag(place: Place, _: Path) -> None:
    commits(place.path)
    git(place.path, "tag", "--force", "v1")


def stash_in_its_worktree(place: Place, _: Path) -> None:
    (place.path / "old").write_text("2\n")
    git(place.path, "stash")


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (commit_on_a_branch_of_the_user, "the branch other was moved from "),
        (commit_on_a_new_branch, "the branch feature was made, by its agent"),
        (make_a_branch_and_come_back, "the branch feature was made, by its agent"),
        (push_to_the_branch_of_the_user, "the branch main was moved from "),
        (tag_its_work, "the tag v2 was made, by its agent"),
        (move_a_tag, "the tag v1 was moved from "),
        (stash_in_its_worktree, "the stash "),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
@in_a_loop
async def test_what_an_agent_is_known_to_have_done_is_said_of_it(
    checkout: Path, deed: Deed, told: str
) -> None:
    (stray,) = await strays_after(checkout, deed)
    assert stray.told.startswith(told)
    assert stray.told.endswith(", by its agent")
    assert stray.as_fact()["by"] == "agent"


def commit_in_the_checkout(_: Place, checkout: Path) -> None:
    commits(checkout)


def commit_and_lose_the_log(place: Place, checkout: Path) -> None:
    commit_on_a_branch_of_the_user(place, checkout)
    (Path(git(place.path, "rev-parse", "--absolute-git-dir")) / "logs/HEAD").unlink()


def delete_a_branch(place: Place, _: Path) -> None:
    git(place.path, "branch", "-D", "other")


def delete_a_tag(place: Place, _: Path) -> None:
    git(place.path, "tag", "--delete", "v1")


def switch_the_checkout(_: Place, checkout: Path) -> None:
    git(checkout, "switch", "--quiet", "other")


def write_in_the_checkout(_: Place, checkout: Path) -> None:
    (checkout / "old").write_text("changed\n")
    (checkout / "-new 'file").write_text("new\n")


def stage_in_the_checkout(_: Place, checkout: Path) -> None:
    (checkout / "old").write_text("changed\n")
    git(checkout, "add", "old")


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (commit_in_the_checkout, "the branch main was moved from "),
        (commit_and_lose_the_log, "the branch other was moved from "),
        (delete_a_branch, "the branch other was deleted, "),
        (delete_a_tag, "the tag v1 was deleted, "),
        (switch_the_checkout, "the checkout went from main to other, "),
        (write_in_the_checkout, "-new 'file, old changed in the checkout, "),
        (stage_in_the_checkout, "old changed in the checkout, "),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
@in_a_loop
async def test_of_what_the_user_may_have_done_too_nobody_is_blamed(
    checkout: Path, deed: Deed, told: str
) -> None:
    strays = await strays_after_with_stash(checkout, deed)
    (stray,) = strays
    assert stray.told.startswith(told)
    assert stray.told.endswith("while it ran: by its agent, by another task, or by you")
    assert stray.as_fact()["by"] == "unknown"


async def strays_after_with_stash(checkout: Path, deed: Deed) -> list[Stray]:
    """Files of the checkout are put back into a stash, where nothing of them is lost."""
    if deed not in (write_in_the_checkout, stage_in_the_checkout):
        return await strays_after(checkout, deed)
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        deed(place, checkout)
        strays = await strays_of(spaces, place)
    assert "old" in shell(strays[0].show)
    shell(strays[0].back)
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "show", "stash@{0}:old") == "changed"
    return strays


@in_a_loop
async def test_a_stash_of_the_user_that_is_gone_is_said_and_can_be_had_back(checkout: Path) -> None:
    for text in ("2\n", "3\n"):
        (checkout / "old").write_text(text)
        git(checkout, "stash")
    older = git(checkout, "rev-parse", "stash@{1}")

    def drop(place: Place, _: Path) -> None:
        git(place.path, "stash", "drop", "stash@{1}")

    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        drop(place, checkout)
        (stray,) = await strays_of(spaces, place)
    assert (stray.how, stray.name) == ("deleted", older)
    shell(stray.back)
    assert git(checkout, "show", "stash@{0}:old") == "2"


@in_a_loop
async def test_commits_that_were_left_on_no_branch_are_kept_and_said(checkout: Path) -> None:
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        git(place.path, "switch", "--quiet", "--detach")
        commits(place.path, "lost")
        git(place.path, "switch", "--quiet", place.branch)
        (place.path / "work").write_text("work\n")
        (stray,) = await strays_of(spaces, place)
        assert (stray.kind, stray.name) == ("commits", "beast/r1/kept/one/1")
        assert git(checkout, "show", "beast/r1/kept/one/1:lost") == "more"
        assert "More" in shell(stray.show)


@in_a_loop
async def test_what_it_amends_rebases_or_takes_along_is_nothing_to_tell(checkout: Path) -> None:
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        commits(place.path, "first")
        (place.path / "first").write_text("better\n")
        git(place.path, "commit", "--quiet", "--all", "--amend", "--no-edit")
        commits(place.path, "second")
        git(place.path, "rebase", "--quiet", "--force-rebase", place.base)
        git(place.path, "switch", "--quiet", "--detach")
        commits(place.path, "third")
        assert await strays_of(spaces, place) == []


@in_a_loop
async def test_a_stash_of_another_task_s_agent_is_not_told(checkout: Path) -> None:
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        one, two = await entered(spaces, "one"), await entered(spaces, "two")
        stash_in_its_worktree(one, checkout)
        (two.path / "work").write_text("work\n")
        assert await strays_of(spaces, two) == []
        assert [stray.kind for stray in await strays_of(spaces, one)] == ["stash"]


@in_a_loop
async def test_two_tasks_at_once_are_told_each_of_what_is_its_own(checkout: Path) -> None:
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        one, two = await entered(spaces, "one"), await entered(spaces, "two")
        commit_on_a_new_branch(one, checkout)
        commits(two.path, "work of two")
        git(two.path, "update-ref", "refs/heads/main", "HEAD")
        assert [stray.name for stray in await strays_of(spaces, two)] == ["main"]
        assert [stray.name for stray in await strays_of(spaces, one)] == ["feature"]
        git(checkout, "branch", "whose")
        again = await entered(spaces, "one", number=2)
        assert await strays_of(spaces, again) == []


@in_a_loop
async def test_what_an_agent_did_stays_its_own_when_its_worktree_is_another_s(checkout: Path) -> None:
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        one, two = await entered(spaces, "one"), await entered(spaces, "two")
        commit_on_a_new_branch(one, checkout)
        assert len(await strays_of(spaces, one)) == 1
        await spaces.finish("one")
        (two.path / "work").write_text("work\n")
        assert await strays_of(spaces, two) == []


@in_a_loop
async def test_of_what_nobody_is_known_to_have_done_every_attempt_of_that_time_is_told(
    checkout: Path,
) -> None:
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        one, two = await entered(spaces, "one"), await entered(spaces, "two")
        commits(checkout)
        names = [[stray.name for stray in await strays_of(spaces, place)] for place in (one, two)]
        assert names == [["main"], ["main"]]


@in_a_loop
async def test_an_agent_behind_walls_is_not_asked_for_the_files_of_the_checkout(checkout: Path) -> None:
    async with workspaces(checkout, checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        (checkout / "old").write_text("the user's\n")
        assert await strays_of(spaces, place, walled=True) == []
        git(checkout, "add", "old")
        (stray,) = await strays_of(spaces, place, walled=True)
        assert stray.name == "old"


@in_a_loop
async def test_the_list_of_the_run_and_what_differed_before_are_not_told(checkout: Path) -> None:
    committed(checkout, {"tasks.md": "- [ ] one\n"})
    (checkout / "notes").write_text("the user's\n")
    async with workspaces(checkout, checkout.parent / "trees", list_file=checkout / "tasks.md") as spaces:
        place = await entered(spaces, "one")
        (checkout / "tasks.md").write_text("- [x] one\n")
        assert await strays_of(spaces, place) == []


@in_a_loop
async def test_a_checkout_that_is_a_worktree_itself_is_looked_at_where_its_head_is(checkout: Path) -> None:
    git(checkout, "worktree", "add", "--quiet", str(checkout.parent / "second"), "other")
    async with workspaces(checkout.parent / "second", checkout.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        git(checkout.parent / "second", "switch", "--quiet", "--detach")
        (stray,) = await strays_of(spaces, place)
        assert (stray.kind, stray.old) == ("checkout", "other")
        shell(stray.back)
        assert git(checkout.parent / "second", "symbolic-ref", "HEAD") == "refs/heads/other"
