"""Bound: what git waits for may hang. It is ended, with all that it began, and it is said what it was."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.code.bound import SETTING
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.git import Git, GitHungError
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.standing import StandingGit
from tests.processes import eventually
from tests.repositories import git, repository
from tests.runner.workplace import in_a_loop


def hanging(folder: Path, *, command: str = "") -> Path:
    """A repository whose files go through a filter that does not end; it writes its process to `pid` beside it."""
    shop = repository(folder / "shop", {"a.txt": "a\n"})
    git(shop, "config", "filter.slow.clean", command or f"echo $$ > {folder}/pid; exec sleep 1000")
    (shop / ".git/info/attributes").write_text("*.txt filter=slow\n", encoding="ascii")
    (shop / "a.txt").write_text("b\n", encoding="ascii")  # as large as before: git has to look into it
    return shop


def is_gone(folder: Path) -> bool:
    with suppress(ProcessLookupError):
        os.kill(int((folder / "pid").read_text(encoding="ascii")), 0)
        return False
    return True


@in_a_loop
async def test_a_filter_that_hangs_is_ended_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "1s")
    with pytest.raises(GitHungError, match="`git status` did not end within 1 s and was ended") as caught:
        await Git(hanging(tmp_path))("-c", "core.quotePath=false", "status")
    if sys.platform == "linux":
        assert "it waited for `sleep 1000`" in caught.value.what
    assert SETTING in caught.value.tip
    eventually(partial(is_gone, tmp_path))


@in_a_loop
async def test_one_that_does_not_hear_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "1s")
    deaf = f"trap '' TERM; echo $$ > {tmp_path}/pid; while true; do sleep 1; done"
    with pytest.raises(GitHungError):
        await Git(hanging(tmp_path, command=deaf)).succeeds("status")
    eventually(partial(is_gone, tmp_path))


@in_a_loop
async def test_a_run_of_such_a_repository_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "1s")
    with pytest.raises(PreconditionError, match="did not end within 1 s") as caught:
        await repository_of(hanging(tmp_path), CodingSettings())
    assert caught.value.where == str(tmp_path / "shop")
    assert SETTING in caught.value.tip


@in_a_loop
async def test_whoever_is_cancelled_waits_some_seconds_and_no_longer(tmp_path: Path) -> None:
    shop = hanging(tmp_path)
    asking = asyncio.create_task(Git(shop)("status"))
    while not (tmp_path / "pid").exists():
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    eventually(partial(is_gone, tmp_path))
    assert not (shop / ".git/index.lock").exists()


@in_a_loop
async def test_a_standing_command_that_hangs_is_ended_and_another_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "1s")
    shop = repository(tmp_path / "shop")
    asked = StandingGit(shop)
    head = (await asked.refs("refs/heads/main"))["refs/heads/main"]
    process = asked._root._facts._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    assert await asked.refs("refs/heads/main") == {"refs/heads/main": head}
    assert process.returncode == -signal.SIGKILL
    await asked.close()


@pytest.mark.parametrize("wrong", ["0", "soon", "-1"])
def test_a_time_that_cannot_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv(SETTING, wrong)
    with pytest.raises(SettingError) as caught:
        Git(tmp_path)
    assert caught.value.where == SETTING


def beast_run(folder: Path, *more: str) -> list[str]:
    (folder / "list.md").write_text("- [ ] write it\n", encoding="ascii")
    flags = ["--agent", "true {prompt}", "--gateway", "none", "--check", "none", "--no-proof", "--yes", *more]
    return [sys.executable, "-m", "beastmode", "run", str(folder / "list.md"), *flags]


def test_a_ctrl_c_meanwhile_ends_it_in_words(tmp_path: Path) -> None:
    shop = hanging(tmp_path)
    process = subprocess.Popen(
        beast_run(tmp_path, "--json"), cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    eventually((tmp_path / "pid").exists)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "beast: interrupted\n")
    assert json.loads(out)["state"] == "interrupted"
    eventually(partial(is_gone, tmp_path))


def test_beast_run_says_what_hung_and_ends(tmp_path: Path) -> None:
    shop = hanging(tmp_path)
    env = {**os.environ, SETTING: "1s"}
    ended = subprocess.run(beast_run(tmp_path), cwd=shop, env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "did not end within 1 s and was ended" in ended.stderr
    assert "Traceback" not in ended.stderr
    eventually(partial(is_gone, tmp_path))
