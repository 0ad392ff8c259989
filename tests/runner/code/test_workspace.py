"""Workspaces: a worktree for each task; the user's checkout is never touched."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from beastmode.runner.code.workspace import WorkspaceError
from beastmode.runner.work import Coding, Command
from tests.repositories import committed, everything_of, git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces


@in_a_loop
async def test_work_is_saved_on_its_branch_and_the_checkout_stays_as_it_is(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    before = everything_of(checkout)
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.folder / "new.txt").write_text("new\n")
        saved = await spaces.save(place, "One\n")
    assert saved.files == ("new.txt",)
    assert git(checkout, "show", "beast/r1/task/one:new.txt") == "new"
    assert git(checkout, "log", "--format=%s", "main..beast/r1/task/one") == "One"
    assert everything_of(checkout) == before


@in_a_loop
async def test_nothing_changed_is_told(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        saved = await spaces.save(place, "One\n")
    assert (saved.changed, saved.commit) == (False, place.base)


@in_a_loop
async def test_the_same_work_gives_the_same_commit_at_the_same_path_in_every_run(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    commits, paths = set(), set()
    for run in ("r1", "r2"):
        async with workspaces(checkout, tmp_path / "trees", run) as spaces:
            place = await entered(spaces, "one")
            (place.folder / "new.txt").write_text("new\n")
            commits.add((await spaces.save(place, "One\n")).commit)
            paths.add(place.path)
    assert len(commits) == len(paths) == 1


@in_a_loop
async def test_what_a_killed_attempt_left_is_set_aside_and_the_next_begins_as_it_did(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.folder / "half.txt").write_text("half")
        (place.folder / "README").unlink()
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        again = await entered(spaces, "one", number=2)
        assert sorted(path.name for path in again.path.iterdir()) == [".git", "README"]
    assert git(checkout, "show", "beast/r1/kept/one/1:half.txt") == "half"
    assert git(checkout, "ls-tree", "--name-only", "beast/r1/kept/one/1") == "half.txt"


@in_a_loop
async def test_a_later_attempt_goes_on_from_what_was_saved(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.folder / "a").write_text("1")
        await spaces.save(place, "One\n")
        again = await entered(spaces, "one", number=2)
        assert (place.has_work, again.has_work) == (False, True)
        (again.folder / "b").write_text("2")
        saved = await spaces.save(again, "One, better\n")
    assert (again.base, saved.files) == (place.base, ("a", "b"))
    assert "kept" not in git(checkout, "branch", "--list", "beast/*")


@in_a_loop
async def test_a_new_worktree_begins_at_the_tip_of_the_result(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.folder / "a").write_text("1")
        saved = await spaces.save(place, "One\n")
        git(checkout, "update-ref", "refs/heads/beast/r1/result", saved.commit)
        await spaces.finish("one")
        assert (await entered(spaces, "two")).base == saved.commit


@in_a_loop
async def test_copies_come_along_and_are_in_no_commit(tmp_path: Path) -> None:
    """Not even where the project does not ignore them, and the agent adds them by force."""
    checkout = repository(tmp_path / "shop")
    (checkout / ".env").write_text("SECRET=1\n")
    (checkout / "node_modules/x").mkdir(parents=True)
    (checkout / "node_modules/x/index.js").write_text("x")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one", Coding(copy=(".env", "node_modules")))
        assert (place.path / "node_modules/x/index.js").read_text() == "x"
        (place.folder / "work").write_text("work")
        git(place.path, "add", "--force", ".env", "node_modules", "work")
        git(place.path, "commit", "--quiet", "--message", "all of it")
        saved = await spaces.save(place, "One\n")
    assert saved.files == ("work",)
    assert git(checkout, "log", "--all", "--format=%h", "--", ".env", "node_modules") == ""


@in_a_loop
async def test_what_is_copied_only_since_the_second_attempt_is_in_no_commit_either(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    (checkout / ".env").write_text("SECRET=1\n")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        await entered(spaces, "one")
        place = await entered(spaces, "one", Coding(copy=(".env",)), 2)
        git(place.path, "add", "--force", ".env")
        assert not (await spaces.save(place, "One\n")).changed


@in_a_loop
async def test_setup_runs_once_in_a_new_worktree(tmp_path: Path) -> None:
    checkout = committed(repository(tmp_path / "shop"), {".gitignore": "setup.log\n"})
    work = Coding(setup=Command(shell="echo ran >> setup.log"))
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        for number in (1, 2):
            place = await entered(spaces, "one", work, number)
    assert (place.folder / "setup.log").read_text() == "ran\n"


@in_a_loop
async def test_a_setup_that_fails_is_told_and_runs_again(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        with pytest.raises(WorkspaceError) as caught:
            await entered(spaces, "one", Coding(setup=Command(shell="exit 3")))
        assert caught.value.failure.class_ == "setup_failed"
        place = await entered(spaces, "one", Coding(setup=Command(shell="touch ran")), 2)
        assert (place.folder / "ran").exists()


@in_a_loop
async def test_many_tasks_begin_at_once(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {f"f{number}": "x" for number in range(50)})
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        places = await asyncio.gather(*(entered(spaces, f"t{number}") for number in range(12)))
        ports = {place.env["BEAST_PORT_BASE"] for place in places}
        folders = {place.env["TMPDIR"] for place in places}
    assert len(ports) == len(folders) == len({place.path for place in places}) == 12


@in_a_loop
async def test_twenty_that_enter_at_once_all_have_a_place(tmp_path: Path) -> None:
    async with workspaces(repository(tmp_path / "shop"), tmp_path / "trees") as spaces:
        places = await asyncio.gather(*(entered(spaces, f"t{number}") for number in range(20)))
    assert len({place.path for place in places}) == 20


@in_a_loop
async def test_a_place_at_the_tip_is_at_the_tip_also_after_a_kill(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with (
        workspaces(checkout, tmp_path / "trees") as spaces,
        spaces.at_tip(Coding(), tmp_path / "log") as place,
    ):
        old = git(place.path, "rev-parse", "HEAD")
        copied = {ref: git(checkout, "rev-parse", ref) for ref in refs_of(checkout) if "task-" in ref}
    committed(checkout, {"new": "1"})
    git(checkout, "update-ref", "refs/heads/beast/r1/result", "main")
    for ref, commit in copied.items():
        git(checkout, "update-ref", ref, commit)
    async with (
        workspaces(checkout, tmp_path / "trees") as spaces,
        spaces.at_tip(Coding(), tmp_path / "log") as place,
    ):
        assert git(place.path, "rev-parse", "HEAD") == git(checkout, "rev-parse", "main") != old
    assert not [ref for ref in refs_of(checkout) if "task-" in ref]


def refs_of(checkout: Path) -> list[str]:
    return git(checkout, "for-each-ref", "--format=%(refname)").split()


@in_a_loop
async def test_a_pattern_that_leaves_the_checkout_fails_its_task_for_good(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        with pytest.raises(WorkspaceError, match="names nothing inside the checkout") as caught:
            await entered(spaces, "one", Coding(copy=("../secrets",)))
    assert caught.value.failure.passing is False


@in_a_loop
async def test_the_worktree_of_a_run_before_is_taken_over_and_its_work_kept(tmp_path: Path) -> None:
    checkout = committed(repository(tmp_path / "shop"), {".gitignore": "*.key\n"})
    async with workspaces(checkout, tmp_path / "trees", "r1") as spaces:
        place = await entered(spaces, "one")
        (place.path / "late").write_text("late")
    async with workspaces(checkout, tmp_path / "trees", "r2") as spaces:
        again = await entered(spaces, "one")
        assert sorted(path.name for path in again.path.iterdir()) == [".git", ".gitignore", "README"]
        (again.path / "only.key").write_text("here")
    assert git(checkout, "show", "beast/r1/kept/one/1:late") == "late"
    async with workspaces(checkout, tmp_path / "trees", "r3") as spaces:
        await entered(spaces, "one")
    assert (tmp_path / "trees/.aside/one/one.1/only.key").read_text() == "here"


@in_a_loop
async def test_a_merged_tasks_worktree_serves_the_next_without_a_trace(tmp_path: Path) -> None:
    checkout = committed(repository(tmp_path / "shop"), {".gitignore": "__pycache__/\n*.key\n"})
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        inode = (place.path / "README").stat().st_ino
        (place.path / "new").touch()
        (place.path / "__pycache__").mkdir()
        (place.path / "__pycache__/x.pyc").touch()
        (place.path / "empty").mkdir()
        await spaces.save(place, "One\n")
        await spaces.finish("one")
        places = [await entered(spaces, task) for task in ("two", "three")]
        found = {(each.path / "README").stat().st_ino: sorted(os.listdir(each.path)) for each in places}
        assert not place.path.exists()
    assert found[inode] == [".git", ".gitignore", "README"]


@in_a_loop
async def test_a_merged_tasks_worktree_stays_where_only_it_has_a_file(tmp_path: Path) -> None:
    checkout = committed(repository(tmp_path / "shop"), {".gitignore": "*.key\n"})
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.path / "only.key").write_text("here")
        await spaces.finish("one")
    assert (place.path / "only.key").read_text() == "here"


@in_a_loop
async def test_the_list_itself_is_in_no_commit_of_a_task(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"tasks.md": "- [ ] one\n"})
    async with workspaces(checkout, tmp_path / "trees", list_file=checkout / "tasks.md") as spaces:
        place = await entered(spaces, "one")
        (place.path / "tasks.md").write_text("- [x] one\n")
        (place.path / "work").touch()
        git(place.path, "commit", "--quiet", "--all", "--message", "ticked")
        saved = await spaces.save(place, "One\n")
        assert git((await entered(spaces, "one", number=2)).path, "status", "--porcelain", "work") == ""
    assert saved.files == ("work",)
    assert git(checkout, "log", "--oneline", "main..beast/r1/task/one", "--", "tasks.md") == ""
