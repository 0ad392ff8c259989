"""Which reader a file belongs to: by its path first, then by its content.

Every reader is a module of this folder with
    NAME: str
    claims_path(path: Path) -> bool      the path alone is proof (specs/001-x/tasks.md, *.yaml)
    claims_text(text: str) -> bool       the content has the shape of the format
    read(text: str, path: Path) -> Roadmap
`read` raises `RoadmapError` with every problem found and its line; lines it does not take stand in
`Roadmap.ignored` with the reason. It never guesses in silence.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats import markdown, native, spec_kit
from beastmode.runner.roadmap import Roadmap, problems_of

READERS: tuple[ModuleType, ...] = (native, spec_kit, markdown)
"""In the order in which they are asked."""


def read_roadmap(path: Path) -> Roadmap:
    """The roadmap in a file, complete and valid. Raises `RoadmapError` for all that would stop a run."""
    text = _text_of(path)
    roadmap: Roadmap = reader_for(path, text).read(text, path)
    problems = problems_of(roadmap)
    if problems:
        raise RoadmapError(path, problems)
    return roadmap


def reader_for(path: Path, text: str) -> ModuleType:
    """The first reader that claims the path, else the first that claims the text."""
    for reader in READERS:
        if reader.claims_path(path):
            return reader
    for reader in READERS:
        if reader.claims_text(text):
            return reader
    names = ", ".join(reader.NAME for reader in READERS)
    tip = f"It can be read as: {names}. See docs/roadmaps.md for what each looks like."
    raise RoadmapError(path, [Problem(0, "no known roadmap format was found in it", tip)])


def _text_of(path: Path) -> str:
    if path.is_dir():
        raise RoadmapError(path, [Problem(0, "this is a folder", "Name the file that holds the tasks.")])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise RoadmapError(path, [Problem(0, "there is no such file", "Check the path.")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise RoadmapError(path, [Problem(line, "the file is not UTF-8 text", "Save it as UTF-8.")]) from None
    except OSError as error:
        raise RoadmapError(path, [Problem(0, f"the file cannot be read: {error.strerror}")]) from None
    if not text.strip():
        raise RoadmapError(path, [Problem(0, "the file is empty", "See examples/month-1/roadmap.yaml.")])
    return text
