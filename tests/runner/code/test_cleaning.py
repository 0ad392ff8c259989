"""Cleaning removes what holds nothing more, or is named; all else survives, with the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from beastmode.errors import SettingError
from beastmode.runner.code.cleaning import Cleaning, clean
from beastmode.runner.code.repository import repository_at
from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.worktrees.roots import worktrees_root
from tests.repositories import committed, everything_of, git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces

BRANCHES = ("for-each-ref", "--format=%(refname:lstrip=3)", "refs/heads/beast")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return committed(repository(tmp_path / "shop"), {".gitignore": "*.secret\n__pycache__/\n"})


@asynccontextmanager
async def run(checkout: Path, name: str = "r1") -> AsyncIterator[Workspaces]:
    """A run of a list, in the folder that its worktrees really have."""
    async with workspaces(checkout, worktrees_root(checkout / ".git", "list.md"), name) as spaces:
        yield spaces


async def worked(spaces: Workspaces, task: str) -> Place:
    place = await entered(spaces, task)
    (place.path / task).write_text(f"{task}\n")
    await spaces.save(place, f"{task}\n")
    return place


async def merged(spaces: Workspaces, task: str) -> None:
    place = await worked(spaces, task)
    await merge(spaces, place)


async def merge(spaces: Workspaces, place: Place) -> None:
    """As the queue does: one commit of ours on top of the result."""
    git(
        spaces.repository.top,
        "update-ref",
        f"refs/heads/beast/{spaces.run}/result",
        f"refs/heads/{place.branch}",
    )


async def cleaned(checkout: Path, *names: str, dry: bool = False) -> Cleaning:
    before = everything_of(checkout)
    found = await clean(await repository_at(checkout), names, dry=dry)
    assert everything_of(checkout) == before
    return found


def told(cleaning: Cleaning) -> dict[str, str]:
    """What is kept, and why."""
    return {f"{item.kind} {item.named_by}": item.used or item.holds for item in cleaning.kept}


@in_a_loop
async def test_what_is_merged_everywhere_goes_without_a_trace(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await merged(spaces, "one")
        await spaces.finish("one")
    git(checkout, "merge", "--quiet", "--ff-only", "beast/r1/result")
    await cleaned(checkout)
    assert git(checkout, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert len(git(checkout, "worktree", "list").splitlines()) == 1


@in_a_loop
async def test_the_result_stays_until_a_branch_of_the_user_has_it(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await merged(spaces, "one")
        await spaces.finish("one")
    found = await cleaned(checkout)
    assert told(found) == {"branch r1": "1 merged task in no branch of yours"}
    git(checkout, "merge", "--quiet", "--squash", "beast/r1/result")
    git(checkout, "commit", "--quiet", "--message", "squashed")
    assert told(await cleaned(checkout)) == {}


@in_a_loop
async def test_work_that_is_not_merged_survives_unless_it_is_named(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await merged(spaces, "one")
        await worked(spaces, "two")
    kept = told(await cleaned(checkout))
    assert kept["branch r1/two"] == "1 commit not merged"
    assert kept["worktree r1/two"] == "its work is not merged"
    await cleaned(checkout, "r1/two")
    assert git(checkout, *BRANCHES) == "r1/result"


@in_a_loop
async def test_uncommitted_work_survives_unless_it_is_named(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await merged(spaces, "one")
        (spaces.path_of("one") / "late").write_text("late\n")
        (spaces.path_of("one") / "one").write_text("changed\n")
    assert told(await cleaned(checkout))["worktree r1/one"] == "uncommitted: one, late"
    assert (spaces.path_of("one") / "late").exists()
    await cleaned(checkout, "r1/one")
    assert not spaces.path_of("one").exists()


@in_a_loop
async def test_ignored_files_survive_unless_they_are_named(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await merged(spaces, "one")
        (spaces.path_of("one") / "key.secret").write_text("secret\n")
        (spaces.path_of("one") / "__pycache__").mkdir()
        (spaces.path_of("one") / "__pycache__/one.pyc").touch()
    assert told(await cleaned(checkout))["worktree r1/one"] == "ignored, and only there: key.secret"
    await cleaned(checkout, str(spaces.path_of("one")))
    assert not spaces.path_of("one").exists()


@in_a_loop
async def test_what_was_set_aside_survives_unless_it_is_named(checkout: Path) -> None:
    async with run(checkout) as spaces:
        place = await entered(spaces, "one")
        (place.path / "half").write_text("half\n")
        place = await entered(spaces, "one", number=2)
        await merge(spaces, await worked(spaces, "one"))
        await spaces.finish("one")
    kept = await cleaned(checkout)
    assert [item.name for item in kept.kept] == ["beast/r1/kept/one/1", "beast/r1/result"]
    await cleaned(checkout, "beast/r1/kept/one/1")
    assert git(checkout, *BRANCHES) == "r1/result"


@in_a_loop
async def test_work_is_merged_although_others_have_changed_the_same_lines_since(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await merged(spaces, "one")
        await spaces.finish("one")
        place = await entered(spaces, "two")
        (place.path / "one").write_text("changed again\n")
        await spaces.save(place, "two\n")
        await merge(spaces, place)
        await spaces.finish("two")
    assert told(await cleaned(checkout)) == {"branch r1": "2 merged tasks in no branch of yours"}


@in_a_loop
async def test_a_run_that_is_at_work_is_left_alone_even_where_it_is_named(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await worked(spaces, "one")
        found = await cleaned(checkout, "r1")
        assert found.removed == ()
        assert set(told(found).values()) == {"run r1 is at work", "it runs now"}


@in_a_loop
async def test_a_branch_that_the_user_stands_on_stays(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await merged(spaces, "one")
        await spaces.finish("one")
    git(checkout, "switch", "--quiet", "beast/r1/task/one")
    found = await cleaned(checkout, "r1")
    assert [item.name for item in found.kept] == ["beast/r1/task/one"]


@in_a_loop
async def test_a_dry_run_changes_nothing(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await worked(spaces, "one")
    before = git(checkout, *BRANCHES)
    found = await cleaned(checkout, "r1", dry=True)
    assert {item.kind for item in found.removed} == {"worktree", "branch"}
    assert (git(checkout, *BRANCHES), spaces.path_of("one").exists()) == (before, True)


@in_a_loop
async def test_a_name_that_means_nothing_is_told(checkout: Path) -> None:
    async with run(checkout) as spaces:
        await worked(spaces, "one")
    with pytest.raises(SettingError, match=r"there is no 'r9' to clean[^$]*There is: r1, r1/one"):
        await cleaned(checkout, "r9")
