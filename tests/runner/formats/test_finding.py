"""The lists in a folder: where they are looked for, what is left out, where a search ends."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from beastmode.runner.formats import finding
from beastmode.runner.formats.finding import Listing, find_lists

BOXES = "# Tasks\n\n- [x] 1. a\n- [ ] 2. b\n- [ ] 3. c\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "repository"


def write(root: Path, *paths: str, text: str = BOXES) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def found(root: Path) -> list[str]:
    return sorted(one.path.relative_to(root).as_posix() for one in find_lists(root).lists)


WHERE = [
    ".kiro/specs/login/tasks.md",
    "apps/web/.kiro/specs/login/tasks.md",
    "specs/001-login/tasks.md",
    ".specify/specs/001-login/tasks.md",
    "openspec/changes/add-login/tasks.md",
    "ROADMAP.md",
    "IMPLEMENTATION_PLAN.md",
    "TODO.md",
    "PLAN.md",
    "fix_plan.md",
    "@fix_plan.md",
    "docs/ML_ROADMAP_2026.md",
    "docs/exec-plans/active/login.md",
]


@pytest.mark.parametrize("path", WHERE)
def test_where_lists_are(root: Path, path: str) -> None:
    write(root, path, text="# T\n## Progress\n- [ ] 1. a\n- [ ] 2. b\n")
    assert found(root) == [path]


@pytest.mark.parametrize(
    "path",
    [
        "node_modules/x/ROADMAP.md",
        "node_modules/x/.kiro/specs/a/tasks.md",
        ".venv/specs/001-a/tasks.md",
        "openspec/changes/archive/old/tasks.md",
        ".kiro/specs/archived/old/tasks.md",
        ".kiro/specs/_completed/old/tasks.md",
        ".kiro/settings/templates/specs/tasks.md",
        "docs/exec-plans/completed/old.md",
        "docs/notes.md",
        "src/deep/TODO.md",
        ".cache/ROADMAP.md",
        "README.md",
    ],
)
def test_where_none_are_looked_for(root: Path, path: str) -> None:
    write(root, path)
    assert found(root) == []


def test_another_checkout_is_left_alone(root: Path) -> None:
    write(root, "worktrees/a/.kiro/specs/login/tasks.md", "TODO.md")
    (root / "worktrees/a/.git").write_text("gitdir: elsewhere")
    assert found(root) == ["TODO.md"]


def test_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", ".kiro/specs/a/tasks.md")
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "other")
    assert found(root) == []


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    write(root, "docs/TODO.md")
    os.mkfifo(root / "ROADMAP.md")
    assert found(root) == ["docs/TODO.md"]


def test_yaml_only_where_it_is_a_roadmap(root: Path) -> None:
    write(root, "roadmap.yaml", text="tasks: [{id: a, command: [make]}]\n")
    write(root, "Taskfile.yml", text="version: '3'\ntasks:\n  build:\n    cmds: [make]\n")
    write(root, "compose.yaml", text="services: {}\n")
    assert found(root) == ["roadmap.yaml"]


def test_the_plan_beside_the_tasks_of_a_spec_is_no_list(root: Path) -> None:
    folder = root / "specs/001-login"
    write(folder, "tasks.md", "plan.md")
    assert [one.path.name for one in find_lists(folder).lists] == ["tasks.md"]


def test_what_a_list_holds_and_what_is_to_run_comes_first(root: Path) -> None:
    write(root, "TODO.md", text="- [x] all done\n")
    write(root, ".kiro/specs/a/tasks.md")
    assert find_lists(root).lists == [
        Listing(root / ".kiro/specs/a/tasks.md", "kiro", to_run=2, done=1),
        Listing(root / "TODO.md", "markdown", to_run=0, done=1),
    ]


def test_what_was_put_away_is_found_where_it_is_asked_for(root: Path) -> None:
    write(root, "openspec/changes/archive/old/tasks.md")
    assert len(find_lists(root / "openspec/changes/archive").lists) == 1


def test_a_list_that_cannot_be_read_is_told_and_a_mere_name_is_not(root: Path) -> None:
    write(root, ".kiro/specs/a/tasks.md", "ROADMAP.md", "docs/exec-plans/active/a.md", text="words\n")
    [broken] = find_lists(root).lists
    assert broken.trouble.startswith("no tasks found")


def test_a_search_ends(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, *(f"specs/{number:03}-a/tasks.md" for number in range(5)))
    monkeypatch.setattr(finding, "MOST_LISTS", 3)
    assert (len(find_lists(root).lists), find_lists(root).stopped) == (3, "after 3 lists")
    monkeypatch.setattr(finding, "MOST_ENTRIES", 6)
    assert find_lists(root).stopped == "after 6 entries"
    seconds = itertools.count(0.0, 3.0)
    assert find_lists(root, lambda: next(seconds)).stopped == "after 5 s"


def test_a_folder_that_cannot_be_read_is_passed_over(root: Path) -> None:
    write(root, "TODO.md")
    assert finding._entries(root / "none") == []
    assert found(root) == ["TODO.md"]
