"""Ticking: only what is proved to read as the same list is taken, and a file is written so or told why not."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from beastmode.runner.formats import markdown, readers
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.proving import Ticked
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.formats.ticking import tick, ticked
from beastmode.runner.resume import fingerprint
from tests.crash.disks import fill, mounted
from tests.processes import powerless

HERE = Path("TODO.md")
EDITOR = Path(__file__).parents[2] / "compose" / "run" / "editor.py"


def not_slept(seconds: float) -> None:
    """Time is not what these tests wait for."""


def left(text: str, name: str, was: str = "") -> str:
    """Why a task of a text is not ticked; the text stays."""
    after, result = ticked(text, HERE, {name: was})
    assert after == text
    ((_, why),) = result.left
    return why


def test_a_task_that_was_changed_or_taken_out_is_left_and_told() -> None:
    text = "- [ ] a\n  more\n- [ ] b\n"
    task = next(iter(markdown.read(text, HERE).tasks()))
    assert ticked(text, HERE, {"a": fingerprint(task)})[1].ids == ["a"]
    assert "was changed in the list" in left(text.replace("more", "other"), "a", fingerprint(task))
    assert left(text, "c") == "it is not in the list any more"


def test_what_the_list_says_is_done_is_done() -> None:
    text = "- [x] a\n- [ ] b\n"
    assert ticked(text, HERE, {"a": "of other words"}) == (text, Ticked(ids=["a"]))


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A reader of Markdown with ticks of its own, set by the test."""
    reader: Any = ModuleType("wrong")
    reader.NAME = "wrong"
    reader.claims_path, reader.claims_text, reader.read = lambda path: True, lambda text: True, markdown.read
    monkeypatch.setattr(readers, "READERS", (reader,))
    return reader


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ([Edit(3, 4, "?")], "no place for a tick that would be read (line 1)"),
        ([Edit(3, 4, "x"), Edit(11, 12, "x")], "its tick would be read as one of b too"),
        ([Edit(3, 4, "x"), Edit(8, 15, "")], "the list would read as another one"),
        ([Edit(3, 4, "x"), Edit(14, 15, "B")], "the list would say something else of b"),
        ([Edit(3, 4, "x"), Edit(0, 0, "- [ ] c\n")], "the list would read as another one"),
        ([], "no place for a tick that would be read (line 1)"),
    ],
)
def test_what_reads_otherwise_than_asked_is_never_taken(wrong: Any, edits: list[Edit], why: str) -> None:
    wrong.ticks = lambda text, path, roadmap, done: edits
    assert why in left("- [ ] a\n- [ ] b\n", "a")


def test_a_format_without_ticks_says_so(wrong: Any) -> None:
    assert left("- [ ] a\n", "a") == "lists of the format wrong are not ticked"


def test_one_that_cannot_be_ticked_keeps_no_other_from_it() -> None:
    text = "tasks:\n  - &a {id: a, command: x}\n  - {<<: *a, id: b}\n  - {id: c, command: x}\n"
    after, result = ticked(text, Path("list.yaml"), {"a": "", "c": ""})
    assert result.ids == ["c"]
    assert result.left == [("a", "its tick would be read as one of b too")]
    assert after == text.replace("{id: c,", "{id: c, done: true,")
    assert ticked(text, Path("list.yaml"), dict.fromkeys("abc", ""))[1].left == []


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_keeps_all_else_byte_for_byte(tmp_path: Path, mark: bytes, end: str) -> None:
    path = tmp_path / "TODO.md"
    before = mark + end.join(["# Plan", "- [ ] a \t", "", "\t- [ ] ü", "- [x] c"]).encode()
    path.write_bytes(before)
    assert tick(path, {"a": "", "u": ""}) == Ticked(ids=["a", "u"], wrote=True)
    assert path.read_bytes() == before.replace(b"[ ]", b"[x]")
    assert not tick(path, {"a": ""}).wrote
    assert [task.state for task in read_roadmap(path).tasks()] == ["done"] * 3


def told(path: Path) -> str:
    """Why a file is not ticked; nothing is raised."""
    result = tick(path, {"a": ""}, pause=not_slept)
    ((name, why),) = result.left
    assert (name, result.ids, result.wrote) == ("a", [], False)
    return why


def test_a_list_that_has_gone_or_is_none_any_more(tmp_path: Path) -> None:
    path = tmp_path / "TODO.yaml"
    assert "not there any more" in told(path)
    path.write_text("tasks: [")
    assert "cannot be read any more" in told(path)


def test_a_list_that_was_piped_in() -> None:
    reader, writer = os.pipe()
    assert "piped in" in told(Path(f"/proc/self/fd/{reader}"))
    os.close(reader)
    os.close(writer)


def test_a_list_that_somebody_has_open_to_write_to(tmp_path: Path) -> None:
    path = tmp_path / "TODO.md"
    path.write_text("- [ ] a\n")
    with path.open("a"):
        assert "keep writing" in told(path)
    assert tick(path, {"a": ""}).ids == ["a"]


@pytest.mark.parametrize("how", ["over", "into"])
def test_two_hundred_saves_of_an_editor_and_a_hundred_ticks_all_stand(tmp_path: Path, how: str) -> None:
    path = tmp_path / "TODO.md"
    path.write_text("".join(f"- [ ] t{number}\n" for number in range(100)) + "\n## Notes\n")
    # Who reads again within the microseconds in which a save is put back sees the file without it: a tight loop might.
    editor = subprocess.Popen([sys.executable, str(EDITOR), str(path), how, "200", "0.02"])
    done: dict[str, str] = {}
    for number in range(100):
        done[f"t{number}"] = ""
        tick(path, done)
    assert editor.wait() == 0
    assert tick(path, done).left == []
    lines = path.read_text().splitlines()
    assert [line for line in lines if line.startswith("note")] == [f"note {number}" for number in range(200)]
    assert lines[:100] == [f"- [x] t{number}" for number in range(100)]


ONE = """
from pathlib import Path
from beastmode.runner.formats.ticking import tick
print(tick(Path("l/TODO.md"), {"a": ""}).left)
"""


@pytest.mark.parametrize("of", ["file", "folder"])
def test_a_list_that_this_user_may_not_write(tmp_path: Path, of: str) -> None:
    path = tmp_path / "l" / "TODO.md"
    path.parent.mkdir()
    path.write_text("- [ ] a\n")
    (path if of == "file" else path.parent).chmod(0o444 if of == "file" else 0o555)
    command = powerless([])
    command[command.index(sys.executable) + 1 :] = ["-c", ONE]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "this user may not write to" in done.stdout
    assert "chmod u+w" in done.stdout
    assert path.read_text() == "- [ ] a\n"


def test_a_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        path = disk / "TODO.md"
        path.write_text("- [ ] a\n" + "words\n" * 2000)
        before = path.read_bytes()
        fill(disk)
        assert "is full: make room" in told(path)
        assert path.read_bytes() == before
        assert sorted(os.listdir(disk)) == ["TODO.md", "fill"]


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        (
            ".taskmaster/tasks/tasks.json",
            '{"master": {"tasks": [{"id": 1, "title": "a", "status": "review"}]}}',
            '{"master": {"tasks": [{"id": 1, "title": "a", "status": "done"}]}}',
        ),
        (
            "prd.json",
            '{"userStories": [{"id": "1", "title": "a", "passes": false, "status": "review"}]}',
            '{"userStories": [{"id": "1", "title": "a", "passes": true, "status": "review"}]}',
        ),
    ],
)
def test_what_asked_a_person_by_its_state_is_ticked_once_it_is_done(
    place: str, before: str, after: str
) -> None:
    told, result = ticked(before, Path(place), {"1": ""})
    assert (told, result.ids, result.left) == (after, ["1"], [])
