"""`beast clean`: says what went and what is kept, for people and for programs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from beastmode.cli.app import answer
from beastmode.runner.worktrees.roots import worktrees_root
from tests.repositories import git, repository
from tests.runner.workplace import entered, workspaces


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a run that has merged one task, and left another."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    checkout = repository(tmp_path / "shop")
    monkeypatch.chdir(checkout)

    async def run() -> None:
        async with workspaces(checkout, worktrees_root(checkout / ".git", "list")) as spaces:
            for task in ("one", "two"):
                place = await entered(spaces, task)
                (place.path / task).touch()
                await spaces.save(place, task)
            git(checkout, "update-ref", "refs/heads/beast/r1/result", "beast/r1/task/one")
            await spaces.finish("one")

    asyncio.run(run())
    return checkout


def test_what_goes_and_what_is_kept(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["clean"]) == 0
    removed, *kept = capsys.readouterr().out.splitlines()
    assert removed.split() == ["removed", "branch", "beast/r1/task/one"]
    assert [line.split()[:2] for line in kept] == [
        ["kept", "worktree"],
        ["kept", "branch"],
        ["kept", "branch"],
    ]
    assert kept[1].endswith("1 commit not merged; beast clean r1/two")
    assert answer(["clean", "r1"]) == 0
    capsys.readouterr()
    assert answer(["clean"]) == 0
    assert capsys.readouterr().out == "There is nothing that a run has left here.\n"


def test_as_json(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["clean", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["removed"] == [{"kind": "branch", "name": "beast/r1/task/one", "run": "r1", "task": "one"}]
    assert {(one["name"], one["command"]) for one in found["kept"][1:]} == {
        ("beast/r1/task/two", "beast clean r1/two"),
        ("beast/r1/result", "beast clean r1"),
    }
    assert "beast/r1/task/one" in git(checkout, "branch", "--list", "beast/*")


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert answer(["clean"]) == 2
