"""A folder whose files are tasks: each file is ticked by itself, once all of it is proved in a copy."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from beastmode.runner.formats import readers
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.proving import Ticked
from beastmode.runner.formats.ticking import tick
from beastmode.runner.roadmap import Roadmap, Task


def read_folder(path: Path) -> Roadmap:
    """Each file is a task, whose first line says its state."""
    texts = {file.stem: file.read_text() for file in sorted(path.glob("*.md"))}
    return Roadmap(
        [
            Task(
                name, details=text.partition("\n")[2], state="done" if text.startswith("done") else "pending"
            )
            for name, text in texts.items()
        ]
    )


def ticks_in_folder(path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    found = [(path / f"{name}.md", re.match("open", (path / f"{name}.md").read_text())) for name in done]
    return [Edit(0, 4, "done", file) for file, match in found if match]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    reader: Any = ModuleType("files")
    reader.NAME, reader.read_folder, reader.ticks_in_folder = "files", read_folder, ticks_in_folder
    reader.claims_folder = lambda path: True
    monkeypatch.setattr(readers, "READERS", (reader,))
    folder = tmp_path / "tasks"
    folder.mkdir()
    for name, text in {"a": "open\r\nx", "b": "open\n", "c": "done", "d": "never"}.items():
        (folder / f"{name}.md").write_bytes(text.encode())
    return folder


def test_each_task_is_ticked_in_its_own_file(folder: Path) -> None:
    result = tick(folder, dict.fromkeys("abcd", ""))
    assert (sorted(result.ids), result.wrote) == (["a", "b", "c"], True)
    assert result.left == [("d", "there is no place for a tick that would be read")]
    texts = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert texts == {"a.md": b"done\r\nx", "b.md": b"done\n", "c.md": b"done", "d.md": b"never"}
    assert tick(folder, {"a": "", "b": ""}) == Ticked(ids=["a", "b"])


def test_a_file_that_somebody_writes_to_is_ticked_later(folder: Path) -> None:
    with (folder / "b.md").open("a"):
        ((name, why),) = tick(folder, {"b": ""}, pause=lambda seconds: None).left
    assert (name, "keep writing" in why) == ("b", True)
    assert tick(folder, {"b": ""}).ids == ["b"]
