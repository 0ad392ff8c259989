"""Which files of a worktree are shown and may be changed: what git says, and what the task has declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.runner.code.git import Git
from beastmode.runner.generating.tree import Bounds, changed_since, files_of, ignored_among
from tests.repositories import git, repository
from tests.runner.workplace import in_a_loop


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("src/a.py", ""),
        ("src/TASKS.md", "it is the list of tasks"),
        ("src/.env", "it is copied from the checkout"),
        ("docs/a.md", "the task may change only lib/src/; others are at work on the rest"),
    ],
)
def test_what_may_be_changed_of_a_folder_within(path: str, words: str) -> None:
    """Patterns of `copy` and the list begin at the repository, `touches` at the project, edits at the folder."""
    bounds = Bounds("shop/lib", "lib", ("lib/src/",), ("**/.env",), ("shop/lib/src/tasks.md",))
    assert bounds.forbids(path) == words or (words and words in bounds.forbids(path))
    assert not Bounds("shop/lib", "lib").forbids(path)


def test_what_is_copied_is_hidden() -> None:
    assert Bounds("shop", copies=("shop/secrets/",)).hides("secrets/key.pem")
    assert not Bounds("shop", copies=("shop/secrets/",)).hides("src/a.py")
    assert not Bounds("shop").hides("secrets/key.pem")


@in_a_loop
async def test_files_are_those_that_git_has_or_would_take(tmp_path: Path) -> None:
    shop = repository(
        tmp_path / "shop", {"a.py": "x\n", "gone.py": "x\n", ".gitignore": "*.log\n", "s/b.py": "x\n"}
    )
    (shop / "link").symlink_to("a.py")
    (shop / "out").symlink_to("/etc/passwd")
    git(shop, "add", "link", "out")
    for name in ("new.py", "x.log", "odd\nname"):
        (shop / name).write_text("xy\n", encoding="utf-8")
    repository(shop / "module")
    (shop / "gone.py").unlink()
    assert [(file.path, file.size) for file in await files_of(Git(shop), shop)] == [
        (".gitignore", 6),
        ("a.py", 2),
        ("new.py", 3),
        ("s/b.py", 2),
    ]
    assert [file.path for file in await files_of(Git(shop / "s"), shop / "s")] == ["b.py"]


@in_a_loop
async def test_what_a_task_has_changed_before(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", {"a.py": "x\n", "b.py": "x\n", "s/c.py": "x\n"})
    base = git(shop, "rev-parse", "HEAD")
    (shop / "a.py").write_text("y\n", encoding="utf-8")
    (shop / "b.py").unlink()
    (shop / "s" / "c.py").write_text("y\n", encoding="utf-8")
    assert await changed_since(Git(shop), base) == ["a.py", "s/c.py"]
    assert await changed_since(Git(shop / "s"), base) == ["c.py"]


@in_a_loop
async def test_what_git_ignores(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", {"a.py": "x\n", ".gitignore": "*.log\nbuild/\n", "kept.log": "x\n"})
    named = ["a.py", "new.log", "kept.log", "build/x", "../x", "", "é.log", "a\nb.log"]
    assert await ignored_among(Git(shop), named) == {"new.log", "build/x", "é.log"}
    assert await ignored_among(Git(shop), []) == set()
    (shop / "link").symlink_to("/etc")
    assert "a.py" not in await ignored_among(Git(shop), ["a.py", "link/x.log"])
