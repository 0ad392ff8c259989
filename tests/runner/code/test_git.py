"""Git: its output or its error; an end that is asked for early waits for the command, and comes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode.runner.code.git import Git, GitError
from tests.repositories import repository
from tests.runner.workplace import in_a_loop


@in_a_loop
async def test_output_and_error(tmp_path: Path) -> None:
    git = Git(repository(tmp_path / "shop"))
    assert await git("show", "HEAD:README") == "hello"
    with pytest.raises(GitError, match="git show HEAD:nothing ended with exit code 128") as caught:
        await git("show", "HEAD:nothing")
    assert "nothing" in caught.value.said


@in_a_loop
async def test_paths_mean_what_we_say_whatever_the_person_has_told_git_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_ICASE_PATHSPECS", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS"):
        monkeypatch.setenv(name, "1")  # which git refuses at once
    git = Git(repository(tmp_path / "shop"))
    assert await git("ls-files", "--", "READ*") == "README"


def test_a_loop_that_ends_while_commands_start_ends(tmp_path: Path) -> None:
    """A subprocess of asyncio that is cancelled while it starts was waited for without end."""
    git = Git(repository(tmp_path / "shop"))

    async def without_end() -> None:
        while True:
            await git("rev-parse", "--git-dir")

    async def play() -> None:
        many = [asyncio.create_task(without_end()) for _ in range(12)]
        await git("rev-parse", "--git-dir")
        raise KeyError(len(many))

    with pytest.raises(KeyError):
        asyncio.run(play())


@in_a_loop
async def test_the_folder_of_a_hook_does_not_send_commands_elsewhere(
    tmp_path: Path,
) -> None:
    other, shop = repository(tmp_path / "other"), repository(tmp_path / "shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_DIR", str(other / ".git"))
        top = await Git(shop)("rev-parse", "--show-toplevel")
    assert Path(top).name == "shop"
