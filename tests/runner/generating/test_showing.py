"""What the model sees of files: whole as far as there is room, each once, and why one is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.runner.generating.inside import Inside
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.reading import read
from beastmode.runner.generating.showing import Shown


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_bytes(b"x = 1\r\ny = 2\r\n")
    (tmp_path / "R.md").write_bytes(b"```sh\nmake\n```\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "data").write_bytes(b"\0\1")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "long.py").write_bytes(b"x = 1\n" * 1000)
    return tmp_path


def shown(tree: Path) -> Shown:
    return Shown(Inside(tree), Limits())


def test_a_file_is_shown_in_the_form_of_an_answer(tree: Path) -> None:
    said = shown(tree).files(["a.py", "R.md"], 10_000)
    assert said == "a.py\n```\nx = 1\ny = 2\n```\n\nR.md\n````\n```sh\nmake\n```\n````"
    assert [edit.path for edit in read(said).edits] == ["a.py", "R.md"]


def test_what_cannot_be_shown_says_why(tree: Path) -> None:
    said = shown(tree).files(["empty", "data", "link", "none", "../x"], 10_000)
    for words in (
        "empty is empty.",
        "data is not shown: it is not a text",
        "link is not shown: it is a symbolic",
    ):
        assert words in said
    assert "none is not shown: there is no such file" in said
    assert "root" not in said


def test_what_was_shown_whole_is_not_shown_again_what_was_cut_is(tree: Path) -> None:
    show = shown(tree)
    first = show.files(["long.py", "a.py"], 4800)
    assert "(these are its first 200 lines of 1000)" in first
    assert "a.py\n```\nx = 1" in first
    again = show.files(["a.py", "long.py"], 10_000)
    assert "a.py" not in again
    assert again.count("x = 1\n") == 1000
    assert show.files(["a.py", "long.py"], 10_000) == ""


def test_there_is_no_room_for_all(tree: Path) -> None:
    assert "there is no room for its 6000 bytes" in shown(tree).files(["long.py"], 3000)
    (tree / "line.js").write_bytes(b"x" * 10_000)
    assert "there is no room for its 10001 bytes" in shown(tree).files(["line.js"], 8000)
