"""A file's content is replaced whole or not at all, and nobody's save is lost, at whatever instant it comes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.runner.formats import replacing
from beastmode.runner.formats.replacing import replace, settled, sweep
from tests.processes import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "TODO.md"
    file.write_bytes(b"old")
    return file


def save_over(path: Path, content: bytes) -> None:
    """As most editors do."""
    beside = path.with_name("edited")
    beside.write_bytes(content)
    beside.replace(path)


def save_into(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.truncate()
        file.write(content)


def before_exchange(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], None]) -> None:
    """Somebody acts just before the first, the second … exchange of two files."""
    left, exchange = list(acts), replacing._exchange

    def acted(one: Path, other: Path) -> bool:
        if left:
            left.pop(0)()
        return exchange(one, other)

    monkeypatch.setattr(replacing, "_exchange", acted)


def test_the_content_is_new_and_all_else_is_as_it_was(path: Path) -> None:
    path.chmod(0o640)
    assert replace(path, b"old", b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert os.listdir(path.parent) == ["TODO.md"]


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 126 + ".md")
    path.write_bytes(b"old")
    assert replace(path, b"old", b"new")
    assert path.read_bytes() == b"new"
    sweep(path)
    assert os.listdir(tmp_path) == [path.name]


def test_a_link_stays_and_what_it_names_is_written(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "folder" / "list.md"
    link.parent.mkdir()
    link.symlink_to("../TODO.md")
    assert replace(link, b"old", b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert os.listdir(link.parent) == ["list.md"]


def test_what_is_not_as_it_was_read_is_left(path: Path) -> None:
    assert not replace(path, b"older", b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["TODO.md"]


def test_a_save_between_the_look_and_the_exchange_stands(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_exchange(monkeypatch, lambda: save_over(path, b"edited"))
    assert not replace(path, b"old", b"new")
    assert path.read_bytes() == b"edited"
    assert os.listdir(path.parent) == ["TODO.md"]


def test_the_later_of_two_saves_stands(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saves = [lambda: save_over(path, b"first"), lambda: save_over(path, b"second")]
    before_exchange(monkeypatch, *saves)
    assert not replace(path, b"old", b"new")
    assert path.read_bytes() == b"second"


@pytest.mark.skipif(not hasattr(os, "listxattr"), reason="Linux tells who writes to a file")
def test_a_file_that_somebody_writes_to_is_neither_read_nor_replaced(path: Path) -> None:
    with path.open("r+b") as file:
        assert settled(path) is None
        assert not replace(path, b"old", b"new")
        file.write(b"edited")
    assert path.read_bytes() == b"edited"
    assert settled(path) == b"edited"


@pytest.mark.skipif(not hasattr(os, "listxattr"), reason="Linux tells who writes to a file")
def test_a_save_into_the_file_waits_for_the_exchange_and_stands(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = 0

    def editor_comes() -> None:
        nonlocal pid
        pid = os.fork()
        if pid == 0:
            save_into(path, b"edited")  # waits in `open` until the lease ends
            os._exit(0)
        eventually(lambda: _waits(pid), "the editor waits")

    before_exchange(monkeypatch, editor_comes)
    assert not replace(path, b"old", b"new")
    assert os.waitpid(pid, 0)[1] == 0
    assert path.read_bytes() == b"edited"


def _waits(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_where_files_cannot_change_places_a_rename_has_to_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "_exchange", lambda one, other: False)
    assert replace(path, b"old", b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["TODO.md"]


def test_what_a_killed_process_left_is_swept_and_that_of_a_living_one_is_not(path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    dead, living = (path.with_name(f".TODO.md.beast-1-{number}") for number in (pid, os.getpid()))
    dead.touch()
    living.touch()
    sweep(path)
    assert (dead.exists(), living.exists(), path.exists()) == (False, True, True)
