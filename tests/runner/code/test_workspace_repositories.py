"""Worktrees of repositories that are not plain: submodules, LFS, sparse and shallow ones, hooks, odd paths."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.workspace import WorkspaceError
from tests.repositories import committed, everything_of, git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces

LOCAL = ("-c", "protocol.file.allow=always")


@pytest.fixture
def with_submodule(tmp_path: Path) -> Path:
    library = repository(tmp_path / "library", {"lib.txt": "1\n"})
    checkout = repository(tmp_path / "shop")
    git(checkout, *LOCAL, "submodule", "--quiet", "add", str(library), "libs/one")
    return committed(checkout, {}, "With a library")


@in_a_loop
async def test_submodules_are_there_without_a_server_and_their_work_outlives_the_worktree(
    with_submodule: Path,
) -> None:
    (with_submodule.parent / "library").rename(with_submodule.parent / "gone")
    before = everything_of(with_submodule)
    async with workspaces(with_submodule, with_submodule.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        assert (place.path / "libs/one/lib.txt").read_text() == "1\n"
        (place.path / "libs/one/lib.txt").write_text("2\n")
        saved = await spaces.save(place, "One\n")
        await spaces.finish("one")
    assert saved.files == ("libs/one",)
    commit = git(with_submodule, "rev-parse", f"{saved.commit}:libs/one")
    assert git(with_submodule / ".git/modules/libs/one", "show", f"{commit}:lib.txt") == "2"
    assert everything_of(with_submodule) == before


@in_a_loop
async def test_a_submodule_that_the_checkout_lacks_stays_empty_and_that_is_said(with_submodule: Path) -> None:
    clone = with_submodule.parent / "clone"
    git(with_submodule.parent, "clone", "--quiet", str(with_submodule), str(clone))
    found = await repository_of(clone, CodingSettings())
    assert "libs/one will be empty, as in the checkout" in found.notes[0]
    async with workspaces(clone, clone.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        assert list((place.path / "libs/one").iterdir()) == []


@in_a_loop
async def test_a_submodule_that_a_task_has_taken_out_is_nothing_to_fill_for_the_next(
    with_submodule: Path,
) -> None:
    async with workspaces(with_submodule, with_submodule.parent / "trees") as spaces:
        place = await entered(spaces, "one")
        git(place.path, "rm", "--quiet", "-f", "libs/one")
        saved = await spaces.save(place, "One\n")
        git(with_submodule, "update-ref", "refs/heads/beast/r1/result", saved.commit)
        after = await entered(spaces, "two")
        assert not (after.path / "libs").exists()
        assert (await spaces.save(after, "Two\n")).changed is False


@in_a_loop
async def test_a_checkout_whose_path_has_a_line_break_and_marks_of_shells(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "-my $HOME 'shop'\n[x]")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.path / "work").write_text("work\n")
        git(place.path, "tag", "v1")
        assert (await spaces.save(place, "One\n")).files == ("work",)
        (stray,) = await spaces.strays(place, walled=True)
        subprocess.run(stray.back, shell=True, check=True)
    assert git(checkout, "tag") == ""


@in_a_loop
async def test_files_of_lfs_stay_pointers_where_it_is_not_there(tmp_path: Path) -> None:
    """Also where the filter is set up, and required, but its program is missing."""
    checkout = repository(tmp_path / "shop", {"big.bin": "version https://git-lfs.github.com/spec/v1\n"})
    committed(checkout, {".gitattributes": "*.bin filter=lfs -text\n"})
    for name in ("process", "smudge", "clean"):
        git(checkout, "config", f"filter.lfs.{name}", "no-such-git-lfs")
    git(checkout, "config", "filter.lfs.required", "true")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        assert "Files kept by Git LFS will be their pointers only" in spaces.repository.notes[0]
        place = await entered(spaces, "one")
        (place.path / "more.bin").write_text("raw")
        assert (await spaces.save(place, "One\n")).files == ("more.bin",)


@in_a_loop
async def test_hooks_of_the_user_that_fail_stop_no_commit_of_ours(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    for name in ("pre-commit", "commit-msg", "post-checkout", "reference-transaction", "post-index-change"):
        hook = checkout / ".git/hooks" / name
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.path / "new").touch()
        assert (await spaces.save(place, "One\n")).changed


@in_a_loop
async def test_a_sparse_checkout_gives_sparse_worktrees(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"web/a": "1", "api/b": "2"})
    git(checkout, "sparse-checkout", "set", "web")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        assert "sparse" in spaces.repository.notes[0]
        place = await entered(spaces, "one")
        assert sorted(path.name for path in place.path.iterdir()) == [".git", "web"]
        (place.path / "web/new").touch()
        assert (await spaces.save(place, "One\n")).files == ("web/new",)


@in_a_loop
async def test_a_shallow_clone_will_do(tmp_path: Path) -> None:
    origin = committed(repository(tmp_path / "origin"), {"a": "1"})
    checkout = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", str(checkout))
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        assert "shallow" in spaces.repository.notes[0]
        place = await entered(spaces, "one")
        (place.path / "b").touch()
        assert (await spaces.save(place, "One\n")).files == ("b",)


@in_a_loop
async def test_a_checkout_that_is_a_worktree_itself_with_an_odd_path(tmp_path: Path) -> None:
    main = repository(tmp_path / "main")
    checkout = tmp_path / "über uns/mit 'Rest'\nund Zeile"
    git(main, "worktree", "add", "--quiet", "-b", "side", str(checkout))
    async with workspaces(checkout, tmp_path / "bäume hier") as spaces:
        assert (spaces.repository.branch, spaces.repository.common) == ("side", main / ".git")
        place = await entered(spaces, "größer/als ~ je")
        (place.path / "Zeilen\numbruch").touch()
        assert (await spaces.save(place, "One\n")).files == ("Zeilen\numbruch",)


@in_a_loop
async def test_a_folder_of_a_monorepo_is_where_the_agent_works(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "mono", {"web/app/a": "1", "api/b": "2"})
    async with workspaces(checkout / "web", tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        assert place.folder == place.path / "web"


@in_a_loop
async def test_line_endings_and_filters_that_complain_do_not_stop_a_save(tmp_path: Path) -> None:
    checkout = committed(repository(tmp_path / "shop"), {".gitattributes": "*.txt text eol=lf\n"})
    git(checkout, "config", "core.safecrlf", "true")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.path / "a.txt").write_bytes(b"one\r\ntwo\r\n")
        assert (await spaces.save(place, "One\n")).files == ("a.txt",)


@in_a_loop
async def test_commits_are_ours_where_the_user_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = repository(tmp_path / "shop")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.path / "a").touch()
        saved = await spaces.save(place, "One\n")
        env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", **place.env}
        subprocess.run(["git", "commit", "-qm", "mine", "--allow-empty"], cwd=place.path, env=env, check=True)
    assert (
        git(checkout, "show", "-s", "--format=%an %ae %ct", saved.commit)
        == "beast beast@localhost 1700000000"
    )
    assert git(checkout, "show", "-s", "--format=%cn", "beast/r1/task/one") == "beast"


@in_a_loop
async def test_a_disk_that_is_full_is_said(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        (spaces.path_of("one").parent / ".aside").write_text("no folder")
        spaces.path_of("one").write_text("in the way")
        with pytest.raises(WorkspaceError) as caught:
            await entered(spaces, "one")
    assert caught.value.failure.class_ == "workspace"
