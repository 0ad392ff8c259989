"""Which reader a list belongs to: by its path first, then by its content. What a reader is: `readers.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats import native
from beastmode.runner.formats.addresses import is_live
from beastmode.runner.formats.asked import ALL, Asked
from beastmode.runner.formats.json_refusals import why_not
from beastmode.runner.roadmap import Roadmap, problems_of

MOST_BYTES = 64 * 1024 * 1024
"""A roadmap has at most this size: a wrong name (a disk image, /dev/zero) ends in words, not in all of memory."""


def read_roadmap(path: Path, asked: Asked = ALL) -> Roadmap:
    """The roadmap in a file, in a folder whose files are tasks, or asked live (`gh:owner/name`), complete and valid.
    Raises `RoadmapError` for all that would stop a run."""
    roadmap = _read(path, asked)
    if not asked.optional:
        _drop_optional(roadmap)
    if not any(True for _ in roadmap.tasks()):
        raise RoadmapError(path, [_no_tasks(roadmap)])
    problems = problems_of(roadmap)
    if problems:
        raise RoadmapError(path, problems)
    return roadmap


def _read(path: Path, asked: Asked) -> Roadmap:
    if is_live(path):
        from beastmode.runner.formats.github_live import read_live  # loads a reader: see `readers`

        return _without_tag(read_live(path), path, asked)
    return _read_folder(path, asked) if path.is_dir() else _read_file(path, asked)


def _read_file(path: Path, asked: Asked) -> Roadmap:
    text = text_of(path)
    return read_text(reader_for(path, text), text, path, asked)


def read_text(reader: ModuleType, text: str, path: Path, asked: Asked) -> Roadmap:
    """What a reader makes of a text. Raises `RoadmapError`; what would stop a run is not looked for."""
    read_part: Callable[[str, Path, str], Roadmap] | None = getattr(reader, "read_part", None)
    if read_part is not None:
        return read_part(text, path, asked.tag)
    roadmap: Roadmap = reader.read(text, path)
    return _without_tag(roadmap, path, asked)


def _read_folder(path: Path, asked: Asked) -> Roadmap:
    return _without_tag(folder_reader(path).read_folder(path), path, asked)


def folder_reader(path: Path) -> ModuleType:
    """The first reader that claims a folder. Raises `RoadmapError`."""
    for reader in readers():
        if hasattr(reader, "claims_folder") and reader.claims_folder(path):
            return reader
    raise RoadmapError(path, [Problem(0, "this is a folder", "Name the file that holds the tasks.")])


def _without_tag(roadmap: Roadmap, path: Path, asked: Asked) -> Roadmap:
    if asked.tag:
        what = f"there is no tag {asked.tag!r}: a list of the format {roadmap.format} has no tags"
        raise RoadmapError(path, [Problem(0, what, "Leave --tag out.")])
    return roadmap


def _drop_optional(roadmap: Roadmap) -> None:
    for task in roadmap.tasks():
        if task.options.optional and task.state == "pending":
            task.state, task.options = "dropped", replace(task.options, said="optional")


def _no_tasks(roadmap: Roadmap) -> Problem:
    """Why a file that was understood holds no task: what its lines are, most frequent first."""
    counts = Counter(entry.reason for entry in roadmap.ignored)
    first = {entry.reason: entry.line for entry in reversed(roadmap.ignored)}
    lines = "; ".join(
        f"{reason} (line {first[reason]}{f' and {count - 1} more' if count > 1 else ''})"
        for reason, count in counts.most_common(4)
    )
    what = f"no tasks found. What stands in it: {lines}" if lines else "no tasks found"
    tip = (
        "Write tasks as boxes (`- [ ] text`) or as a list under `**Tasks:**`; see docs/roadmaps-markdown.md."
    )
    if roadmap.format not in ("markdown", "spec-kit"):
        tip = f"See docs/roadmaps.md for what a list of the format {roadmap.format} holds."
    return Problem(0, what, tip)


def readers() -> tuple[ModuleType, ...]:
    """Every reader, in the order in which they are asked."""
    # 40 ms of the half second in which a run begins, where the list is YAML
    from beastmode.runner.formats.readers import READERS

    return READERS


def reader_for(path: Path, text: str) -> ModuleType:
    """The first reader that claims the path, else the first that claims the text."""
    if native.claims_path(path):
        return native  # nobody else claims YAML
    for reader in readers():
        if reader.claims_path(path):
            return reader
    for reader in readers():
        if reader.claims_text(text):
            return reader
    if problem := why_not(text, path):
        raise RoadmapError(path, [problem])
    names = ", ".join(reader.NAME for reader in readers())
    tip = f"It can be read as: {names}. See docs/roadmaps.md for what each looks like."
    what = f"no known roadmap format was found in it: neither keys like tasks nor headings or lists{_begins(text)}"
    raise RoadmapError(path, [Problem(0, what, tip)])


def _begins(text: str) -> str:
    words = " ".join(text[:200].split())[:40]
    return f"; it begins with {words!r}" if words else ""


def text_of(path: Path) -> str:
    """The text of a list. Raises `RoadmapError`."""
    return decoded(bytes_of(path), path)


def decoded(content: bytes, path: Path) -> str:
    """The text that bytes mean, without a byte order mark. Raises `RoadmapError`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise RoadmapError(path, [Problem(line, "the file is not UTF-8 text", "Save it as UTF-8.")]) from None
    if not text.strip():
        tip = "Write a task in it: a line like `- [ ] fetch the data` in Markdown; for YAML see docs/roadmaps.md."
        raise RoadmapError(path, [Problem(0, "the file is empty", tip)])
    return text


def bytes_of(path: Path) -> bytes:
    """All bytes of a list, of at most `MOST_BYTES`. Raises `RoadmapError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        tip = "Write /dev/stdin to read what is piped in." if str(path) == "-" else "Check the path."
        raise RoadmapError(path, [Problem(0, "there is no such file", tip)]) from None
    except IsADirectoryError:
        tip = "Name the file that holds the tasks."
        raise RoadmapError(path, [Problem(0, "this is a folder", tip)]) from None
    except PermissionError:
        tip = f"Give this user the right to read it: chmod u+r {path}"
        raise RoadmapError(path, [Problem(0, "this user may not read the file", tip)]) from None
    except (OSError, ValueError) as error:
        tip = "Name a file on a disk that works."
        raise RoadmapError(path, [Problem(0, f"the file cannot be read: {error}", tip)]) from None
    if len(content) > MOST_BYTES:
        tip = "Split it, or name the roadmap itself."
        raise RoadmapError(path, [Problem(0, f"the file is larger than {MOST_BYTES >> 20} MiB", tip)])
    return content
