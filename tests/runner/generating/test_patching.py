"""What the edits of an answer come to: made in memory, all of them or none, each fault named for the model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beastmode.runner.generating.edits import Delete, Edit, Rename, Replace, Write
from beastmode.runner.generating.inside import Inside
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.patching import Patch, patch

APP = b"def one():\n    return 1\n\n\ndef two():\n    return 2\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_bytes(APP)
    return tmp_path


def patched(tree: Path, *edits: Edit, limits: Limits | None = None) -> Patch:
    return patch(edits, Inside(tree), limits or Limits(), lambda _path: "", ["src/app.py"])


def content(found: Patch, path: str = "src/app.py") -> bytes | None:
    assert not found.problems
    [after] = [change.after for change in found.changes if change.path == path]
    return after.content if after else None


def test_a_place_that_is_named_changes_and_all_else_stays(tree: Path) -> None:
    found = patched(tree, Replace("src/app.py", "    return 2\n", "    return 22\n"))
    assert content(found) == APP.replace(b"return 2", b"return 22")


def test_blocks_see_what_those_before_have_made(tree: Path) -> None:
    edits = [
        Replace("src/app.py", "    return 2\n", "    return 3\n"),
        Replace("src/app.py", "    return 3\n", "    return 4\n"),
    ]
    assert content(patched(tree, *edits)) == APP.replace(b"return 2", b"return 4")


def test_a_new_file_a_rename_and_a_delete(tree: Path) -> None:
    os.chmod(tree / "src" / "app.py", 0o755)
    (tree / "old.py").write_bytes(b"x\n")
    found = patched(tree, Write("new.py", "y = 1\n"), Rename("src/app.py", "src/main.py"), Delete("old.py"))
    assert content(found, "new.py") == b"y = 1\n"
    assert (content(found, "src/app.py"), content(found, "old.py")) == (None, None)
    [moved] = [change.after for change in found.changes if change.path == "src/main.py"]
    assert moved is not None
    assert (moved.content, moved.mode) == (APP, 0o755)


def test_a_new_script_may_be_run(tree: Path) -> None:
    [change] = patched(tree, Write("run.sh", "#!/bin/sh\ntrue\n")).changes
    assert change.after is not None
    assert change.after.mode == 0o755


def test_what_comes_to_nothing_is_no_change(tree: Path) -> None:
    edits = [
        Replace("src/app.py", "    return 2\n", "    return 3\n"),
        Replace("src/app.py", "    return 3\n", "    return 2\n"),
    ]
    found = patched(tree, *edits, Write("a.py", "x\n"), Delete("a.py"))
    assert (found.changes, found.problems) == ([], [])


WRONG: dict[str, tuple[list[Edit], str]] = {
    "text that is not there": (
        [Replace("src/app.py", "    return 7\n", "x\n")],
        "does not occur in the file. The nearest is on",
    ),
    "text that is there twice": (
        [Replace("src/app.py", "\n", "x\n")],
        "occurs 2 times, beginning on lines 3, 4",
    ),
    "a file that is not there": (
        [Replace("src/ap.py", "x\n", "y\n")],
        "no such file; did you mean src/app.py?",
    ),
    "nothing to search for": (
        [Replace("src/app.py", "", "x\n")],
        "the SEARCH text is empty, but the file has content",
    ),
    "a piece taken for a file": ([Write("src/app.py", "x\n", new=True)], "the file exists"),
    "a file that is written twice": (
        [Write("a.py", "x\n"), Write("a.py", "y\n")],
        "written as a whole twice",
    ),
    "a file to delete that is not there": ([Delete("a.py")], "no such file"),
    "a name that is taken": ([Write("a.py", "x\n"), Rename("a.py", "src/app.py")], "src/app.py exists"),
    "lines left out": (
        [Write("src/app.py", "def one():\n    # ... existing code ...\n")],
        "stands for lines that are left out",
    ),
    "the rest left out": (
        [Write("src/app.py", "x = 1\n# rest of the file unchanged\n")],
        "stands for lines that are left out",
    ),
    "NUL": ([Write("a.py", "x\0y\n")], "NUL"),
    "half a character": ([Write("a.py", "x\ud800y\n")], "half a character"),
    "other capitals": ([Write("SRC/app.py", "x\n")], "'src' exists, and differs from 'SRC' only in case"),
    "other capitals of a file": ([Write("src/App.py", "x\n")], "differs from 'App.py' only in case"),
    "two new names that some disks take for one": (
        [Write("n/a.py", "x\n"), Write("N/b.py", "x\n")],
        "differ only in case",
    ),
    "a file that is a folder too": (
        [Write("n", "x\n"), Write("n/b.py", "x\n")],
        "cannot be a file and a folder",
    ),
    "a bad new name": (
        [Write("a.py", "x\n"), Rename("a.py", "../b.py")],
        "a.py: to ../b.py: '..' is no name",
    ),
    "a folder": ([Write("src", "x\n")], "it is a folder"),
    "a file on the way": ([Write("src/app.py/x.py", "x\n")], "is no folder"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_edit_is_named_and_takes_all_others_with_it(tree: Path, name: str) -> None:
    edits, words = WRONG[name]
    found = patched(tree, Write("fine.py", "x\n"), *edits)
    assert words in " ".join(found.problems)
    assert not found.changes


def test_every_wrong_edit_is_named_at_once(tree: Path) -> None:
    found = patched(tree, Delete("a.py"), Write("../b.py", "x\n"), Write("fine.py", "x\n"))
    assert [problem.partition(":")[0] for problem in found.problems] == ["edit 1, a.py", "edit 2, ../b.py"]


def test_sizes_and_numbers_are_bounded(tree: Path) -> None:
    small = Limits(file_bytes=100, files=2)
    assert "more than 100" in patched(tree, Write("a.py", "x" * 101), limits=small).problems[0]
    (tree / "huge").write_bytes(b"x" * 101)
    assert "it has 101 bytes" in patched(tree, Write("huge", "x\n"), limits=small).problems[0]
    many = [Write(f"{number}.py", "x\n") for number in range(3)]
    assert "3 files at once" in patched(tree, *many, limits=small).problems[0]
    assert "more than 2 edits" in patched(tree, *many, limits=Limits(edits=2)).problems[0]
    assert len(patched(tree, *[Delete(f"{number}.py") for number in range(100)]).problems) == 20


@pytest.mark.parametrize("what", [b"\xff\xfe", b"a\0b"])
def test_what_is_no_text_is_not_edited(tree: Path, what: bytes) -> None:
    (tree / "data").write_bytes(what)
    assert "it is not a text" in patched(tree, Write("data", "x\n")).problems[0]
    assert not patched(tree, Delete("data")).problems


def test_a_comment_on_what_exists_is_no_gap(tree: Path) -> None:
    """Lines that were in the file before may say what they like."""
    (tree / "a.py").write_bytes(b"# existing code is here\nx = 1\n")
    assert not patched(tree, Replace("a.py", "x = 1\n", "x = 2\n")).problems
