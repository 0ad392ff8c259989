"""Ticking: what is done is said in the list itself, in its own notation, and nothing else in it changes.

`ticked` decides: it lets the reader of the format propose edits, makes them, reads the result, and takes only what
reads as the same list with these tasks done. `tick` does it to a file, or to the files of a folder that is a list.
"""

from __future__ import annotations

import errno
import stat
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from beastmode.errors import RoadmapError
from beastmode.runner.formats.asked import ALL, Asked
from beastmode.runner.formats.edit import Edit, made
from beastmode.runner.formats.folder_ticking import tick_folder
from beastmode.runner.formats.proving import Proof, Ticked, to_tick
from beastmode.runner.formats.reading import decoded, folder_reader, read_text, reader_for
from beastmode.runner.formats.replacing import settled
from beastmode.runner.formats.writing import written
from beastmode.runner.roadmap import Roadmap

TRIES, PAUSE_S = 100, 0.02
"""A list that others write to is tried again this often, this long apart."""
MOST_AWAY = 10
"""The same where there is none, or half of one: some editors remove a file before they write it."""


def ticked(text: str, path: Path, done: Mapping[str, str], asked: Asked = ALL) -> tuple[str, Ticked]:
    """A list's text with the ticks of these tasks, and what became of each. Raises RoadmapError where it is no list.

    done: the fingerprint each task had when it was run; "" takes any. A task that reads otherwise now is left alone, as
    is one whose tick would change anything else.
    """
    reader = reader_for(path, text)
    roadmap = read_text(reader, text, path, asked)
    result = Ticked()
    wanted = list(to_tick(roadmap, done, result))
    if wanted and not hasattr(reader, "ticks"):
        result.left += [(name, f"lists of the format {reader.NAME} are not ticked") for name in wanted]
        return text, result

    def with_ticks(names: Collection[str]) -> str:
        found: list[Edit] = reader.ticks(text, path, roadmap, set(names))
        return made(text, found)

    def read_with(names: Collection[str]) -> Roadmap:
        return read_text(reader, with_ticks(names), path, asked)

    good = Proof(roadmap, read_with).as_many(wanted, result) if wanted else []
    return (with_ticks(good) if good else text), result


def tick(
    path: Path, done: Mapping[str, str], asked: Asked = ALL, pause: Callable[[float], None] = time.sleep
) -> Ticked:
    """Tick these tasks in the file, as `ticked` does. Never raises for what is wrong with the list or the disk: what
    could not be ticked is told.

    The file is replaced whole, and only while it is what was read; else it is read again, for two seconds at most.
    """
    try:
        for number in range(TRIES):
            try:
                if (result := _tried(path, done, asked)) is not None:
                    return result
            except (FileNotFoundError, RoadmapError):
                if number >= MOST_AWAY:
                    raise
            pause(PAUSE_S)
    except RoadmapError as error:
        return _all_left(done, f"the list cannot be read any more: {error.what}")
    except OSError as error:
        return _all_left(done, _told(path, error))
    return _all_left(done, f"other programs keep writing to {path}")


def _tried(path: Path, done: Mapping[str, str], asked: Asked) -> Ticked | None:
    """None: somebody else writes to the file. Raises OSError, RoadmapError."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return _tried_folder(path, done)
    if not stat.S_ISREG(mode):
        return _all_left(done, "the list was piped in: name a file to have it ticked")
    before = settled(path)
    if before is None:
        return None
    text = decoded(before, path)
    after, result = ticked(text, path, done, asked)
    if after != text:
        result.wrote = written(path, before, after)
        return result if result.wrote else None
    return result


def _tried_folder(path: Path, done: Mapping[str, str]) -> Ticked | None:
    reader = folder_reader(path)
    if not hasattr(reader, "ticks_in_folder"):
        return _all_left(done, f"lists of the format {reader.NAME} are not ticked")
    return tick_folder(reader, path, done)


def _all_left(done: Iterable[str], why: str) -> Ticked:
    return Ticked(left=[(name, why) for name in done])


def _told(path: Path, error: OSError) -> str:
    """What keeps a file from being written, and what to do."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"this user may not write to {error.filename or path}: chmod u+w the list and its folder"
    if error.errno == errno.EROFS:
        return f"{path} is on a disk that can only be read"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of {path} is full: make room"
    if error.errno == errno.ENOENT:
        return f"{path} is not there any more"
    return f"{path} cannot be written: {error.strerror or error}"
