"""Combine: a task's work as one commit on top of others', with git's own words for what does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.runner.code.combine import Conflict, Work, combined, conflicts_in, message_of
from beastmode.runner.code.git import Git
from beastmode.runner.roadmap import Task
from tests.runner.merging import sh

Change = Callable[[Path], object]
TASK = Task("a.b/c", title="Say hello")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with one commit, `base`."""
    top = tmp_path / "repo"
    (top / "dir").mkdir(parents=True)
    sh(top, "git", "init", "--quiet", "--initial-branch=main")
    sh(top, "git", "config", "user.name", "u")
    sh(top, "git", "config", "user.email", "u@h")
    (top / "text").write_text("".join(f"line {number}\n" for number in range(40)), encoding="ascii")
    (top / "dir" / "file").write_text("as it was\n", encoding="ascii")
    (top / "blob").write_bytes(bytes(range(256)))
    (top / "link").symlink_to("text")
    committed(top, "base")
    sh(top, "git", "tag", "base")
    return top


def committed(top: Path, subject: str) -> str:
    sh(top, "git", "add", "--all")
    sh(top, "git", "commit", "--quiet", "--allow-empty", "-m", subject)
    return sh(top, "git", "rev-parse", "HEAD")


def made(top: Path, change: Change, *subjects: str) -> str:
    """A commit after `base` with a change; further subjects: empty commits on top."""
    sh(top, "git", "checkout", "--quiet", "--force", "--detach", "base")
    sh(top, "git", "clean", "-fdq")
    change(top)
    return [committed(top, subject) for subject in subjects or ("wip",)][-1]


def merged(top: Path, ours: Change, theirs: Change) -> str | list[Conflict]:
    """The work `ours` onto a result in which `theirs` was merged before."""
    work, tip = made(top, ours), made(top, theirs)
    base = sh(top, "git", "rev-parse", "base")
    return asyncio.run(combined(Git(top), TASK, Work(work, base), tip))


def write(name: str, text: str) -> Change:
    return lambda top: (top / name).write_text(text, encoding="ascii")


def in_line(number: int, text: str) -> Change:
    def change(top: Path) -> None:
        lines = (top / "text").read_text(encoding="ascii").splitlines()
        lines[number] = text
        (top / "text").write_text("\n".join([*lines, ""]), encoding="ascii")

    return change


def renamed(old: str, new: str) -> Change:
    return lambda top: sh(top, "git", "mv", old, new)


def linked(target: str) -> Change:
    def change(top: Path) -> None:
        (top / "link").unlink()
        (top / "link").symlink_to(target)

    return change


def submodule(commit: str) -> Change:
    return lambda top: sh(top, "git", "update-index", "--add", "--cacheinfo", f"160000,{commit},lib")


def folder(top: Path) -> None:
    (top / "new").mkdir()
    (top / "new" / "inner").write_text("y", encoding="ascii")


FIT: dict[str, tuple[Change, Change]] = {
    "two files": (write("new", "x"), write("other", "y")),
    "two places of a file": (in_line(3, "mine"), in_line(30, "theirs")),
    "the same change": (in_line(3, "same"), in_line(3, "same")),
    "renamed by others, changed by us": (in_line(3, "mine"), renamed("text", "moved")),
    "a mode by others, the text by us": (in_line(3, "mine"), lambda top: (top / "text").chmod(0o755)),
    "a link by us, its target by others": (linked("blob"), in_line(3, "theirs")),
    "binary by us alone": (lambda top: (top / "blob").write_bytes(b"\0\1"), in_line(3, "theirs")),
}
NO_FIT: dict[str, tuple[Change, Change, str, str]] = {
    "the same line": (in_line(3, "mine"), in_line(3, "theirs"), "contents", "text"),
    "a new file twice": (write("new", "x"), write("new", "y"), "contents", "new"),
    "changed here, deleted there": (
        in_line(3, "m"),
        lambda top: (top / "text").unlink(),
        "modify/delete",
        "text",
    ),
    "renamed twice": (renamed("text", "mine"), renamed("text", "theirs"), "rename/rename", "text"),
    "binary twice": (
        lambda top: (top / "blob").write_bytes(b"\0\1"),
        lambda top: (top / "blob").write_bytes(b"\0\2"),
        "contents",
        "blob",
    ),
    "a link twice": (linked("blob"), linked("dir"), "contents", "link"),
    "a file where others have a folder": (
        write("new", "x"),
        folder,
        "file/directory",
        "new",
    ),
}


@pytest.mark.parametrize("name", FIT)
def test_what_fits_is_one_commit_on_the_tip(top: Path, name: str) -> None:
    ours, theirs = FIT[name]
    commit = merged(top, ours, theirs)
    assert isinstance(commit, str)
    tip = sh(top, "git", "rev-parse", "HEAD")
    assert sh(top, "git", "rev-list", "--parents", "-1", commit).split() == [commit, tip]


@pytest.mark.parametrize("name", NO_FIT)
def test_what_does_not_fit_is_named_with_its_kind(top: Path, name: str) -> None:
    ours, theirs, kind, path = NO_FIT[name]
    conflicts = merged(top, ours, theirs)
    assert isinstance(conflicts, list)
    found = [conflict for conflict in conflicts if any(part.startswith(path) for part in conflict.paths)]
    assert kind in [conflict.kind for conflict in found], conflicts
    assert not any(len(word) == 40 for one in conflicts for word in one.said.split()), (
        "no bare commits in words"
    )


def test_a_submodule_that_both_move_is_a_conflict_and_one_that_we_move_goes_along(top: Path) -> None:
    one, other = "1" * 40, "2" * 40

    def index(change: Change, subject: str) -> str:
        sh(top, "git", "checkout", "--quiet", "--force", "--detach", "base")
        change(top)
        sh(top, "git", "commit", "--quiet", "-m", subject)
        return sh(top, "git", "rev-parse", "HEAD")

    base = sh(top, "git", "rev-parse", "base")
    ours, theirs = index(submodule(one), "ours"), index(submodule(other), "theirs")
    conflicts = asyncio.run(combined(Git(top), TASK, Work(ours, base), theirs))
    assert isinstance(conflicts, list)
    assert conflicts[0].paths == ("lib",)
    commit = asyncio.run(combined(Git(top), TASK, Work(ours, base), made(top, in_line(3, "x"))))
    assert isinstance(commit, str)
    assert sh(top, "git", "ls-tree", commit, "lib").split()[:3] == ["160000", "commit", one]


def test_paths_with_line_breaks_and_tabs_are_told_whole(top: Path) -> None:
    name = "a\tb\nc"
    conflicts = merged(top, write(name, "x"), write(name, "y"))
    assert isinstance(conflicts, list)
    assert conflicts[0].paths == (name,)


def test_the_same_work_on_the_same_tip_is_the_same_commit(top: Path) -> None:
    base, tip = sh(top, "git", "rev-parse", "base"), made(top, in_line(3, "theirs"))
    work = made(top, write("new", "x"))
    sh(top, "git", "commit", "--quiet", "--amend", "--no-edit", "--date=2001-01-01T00:00:00Z")
    later = sh(top, "git", "rev-parse", "HEAD")
    assert work != later
    commits = {asyncio.run(combined(Git(top), TASK, Work(one, base), tip)) for one in (work, later)}
    assert len(commits) == 1


def test_where_nobody_came_between_the_tree_is_the_one_that_was_verified(top: Path) -> None:
    work, tip = made(top, write("new", "x"), "first", "second"), sh(top, "git", "rev-parse", "base")
    commit = asyncio.run(combined(Git(top), TASK, Work(work, tip), tip))
    assert sh(top, "git", "rev-parse", f"{commit}^{{tree}}") == sh(
        top, "git", "rev-parse", f"{work}^{{tree}}"
    )
    body = sh(top, "git", "show", "-s", "--format=%B", str(commit))
    assert body == "Say hello\n\n* first\n* second\n\nBeast-Task: a.b/c"
    assert (
        sh(top, "git", "show", "-s", "--format=%(trailers:key=Beast-Task,valueonly)", str(commit)) == "a.b/c"
    )


def test_a_title_of_many_lines_is_one_and_no_subject_can_pose_as_a_trailer() -> None:
    message = message_of(Task("x\ny", title="One\n\nBeast-Task: other"), ["Beast-Task: liar", "", "a" * 500])
    assert message.splitlines()[0] == "One\N{REPLACEMENT CHARACTER}Beast-Task: other"
    assert message.splitlines()[2] == "* Beast-Task: liar"
    assert message.splitlines()[-1].startswith("Beast-Task: x")
    assert len(message.splitlines()) == 6
    assert message_of(Task("x"), []) == "x\n\nBeast-Task: x\n"


def test_of_very_many_commits_the_first_are_listed_and_the_rest_counted() -> None:
    lines = message_of(Task("x"), [f"step {number}" for number in range(100)]).splitlines()
    assert lines[-3:] == ["* and 80 more", "", "Beast-Task: x"]


def test_output_that_ends_early_says_nothing_more() -> None:
    assert conflicts_in(b"tree\0a\0\0", {}) == [Conflict(("a",), "", "Merge conflict in a")]
    assert conflicts_in(b"tree\0a\0\x002\0a\0b", {}) == [Conflict(("a",), "", "Merge conflict in a")]
