"""Every reader, in the order in which they are asked.

Every reader is a module of this folder with
    NAME: str
    claims_path(path: Path) -> bool      the path alone is proof (specs/001-x/tasks.md, *.yaml)
    claims_text(text: str) -> bool       the content has the shape of the format
    read(text: str, path: Path) -> Roadmap
and, where the format has such a thing,
    read_part(text: str, path: Path, part: str) -> Roadmap
        instead of `read`, where a file holds several lists: the one of this name; "": the one its own tool would take
    claims_folder(path: Path) -> bool, read_folder(path: Path) -> Roadmap
        a folder is a list, its files are tasks
    ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]
        what says in the list's own notation that these tasks are done; `roadmap` is what was read from `text`. A task
        that cannot be marked gets no edit.
    ticks_in_folder(path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]
    root_of(path: Path) -> Path
        the folder that holds all that is read of such a list, where that is more than `path`
`read` raises `RoadmapError` with every problem found and its line; lines it does not take stand in
`Roadmap.ignored` with the reason. It never guesses in silence.
"""

from __future__ import annotations

from types import ModuleType

from beastmode.runner.formats import (
    backlog,
    beads,
    execplan,
    feature_list,
    github,
    kiro,
    markdown,
    native,
    openspec,
    prd,
    spec_kit,
    taskmaster,
)

READERS: tuple[ModuleType, ...] = (
    taskmaster,
    beads,
    prd,
    feature_list,
    github,
    backlog,
    native,
    kiro,
    openspec,
    execplan,
    spec_kit,
    markdown,
)
