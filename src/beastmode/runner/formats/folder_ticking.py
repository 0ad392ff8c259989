"""Ticking of a folder whose files are tasks: decided and proved in a copy, then each file is written by itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from beastmode.runner.formats.edit import Edit, made
from beastmode.runner.formats.proving import Proof, Ticked, to_tick
from beastmode.runner.formats.reading import decoded
from beastmode.runner.formats.writing import written
from beastmode.runner.roadmap import Roadmap

_MOST_BYTES = 4 * 1024 * 1024
"""Larger files are no tasks, and not copied."""


def tick_folder(reader: ModuleType, path: Path, done: Mapping[str, str]) -> Ticked | None:
    """Tick these tasks, each in its file. None: somebody else writes to one of them; those before it are ticked. Raises
    OSError, RoadmapError."""
    with TemporaryDirectory(prefix="beast-ticks-") as scratch:
        root: Path = reader.root_of(path) if hasattr(reader, "root_of") else path
        copy = Path(scratch) / root.resolve().name
        _copy(root, copy)
        inside = copy / path.resolve().relative_to(root.resolve())
        roadmap: Roadmap = reader.read_folder(inside)
        result = Ticked()
        wanted = list(to_tick(roadmap, done, result))
        trial = _Trial(reader, inside, roadmap)
        good = Proof(roadmap, trial.read_with).as_many(wanted, result) if wanted else []
        for file, before, after in trial.files(good):
            if not written(root / file.relative_to(copy), before, after):
                return None
            result.wrote = True
        return result


class _Trial:
    """Ticks in a copy of the folder, which is as it was after each look."""

    def __init__(self, reader: ModuleType, inside: Path, roadmap: Roadmap) -> None:
        self._reader, self._inside, self._roadmap = reader, inside, roadmap

    def files(self, names: Collection[str]) -> Iterator[tuple[Path, bytes, str]]:
        """The files that the ticks of some tasks change: their content, and their text with the ticks."""
        by_file: dict[Path, list[Edit]] = {}
        for edit in self._reader.ticks_in_folder(self._inside, self._roadmap, set(names)) if names else ():
            by_file.setdefault(edit.path, []).append(edit)
        for file, edits in by_file.items():
            before = file.read_bytes()
            yield file, before, made(decoded(before, file), edits)

    def read_with(self, names: Collection[str]) -> Roadmap:
        with self._ticked(names):
            roadmap: Roadmap = self._reader.read_folder(self._inside)
            return roadmap

    @contextmanager
    def _ticked(self, names: Collection[str]) -> Iterator[None]:
        files = list(self.files(names))
        try:
            for file, _, after in files:
                file.write_bytes(after.encode())
            yield
        finally:
            for file, before, _ in files:
                file.write_bytes(before)


def _copy(folder: Path, to: Path) -> None:
    """The files of a folder that could be tasks, or say how tasks are read. Links are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", "node_modules")]
        here = to / Path(place).relative_to(folder)
        here.mkdir(parents=True)
        for name in names:
            file = Path(place, name)
            if file.is_file() and not file.is_symlink() and file.stat().st_size <= _MOST_BYTES:
                shutil.copyfile(file, here / name)
