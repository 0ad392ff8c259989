"""Logs of attempts for the dashboard: their ends, by seeking; and whether one that is looked at has grown."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from beastmode.dashboard.sources.runs import LogPart
from beastmode.runner.home import LOG_PARTS, log_beside, log_path, run_folder

TAIL_BYTES = 64 * 1024
BEFORE_BYTES = 64
"""Read before what is shown, so that what was cut in two there can be seen."""
_PIECE_BYTES = 256 * 1024
_MOST_WATCHED = 64
"""Files that are looked at ten times a second: a look takes about a microsecond."""


def parts_of(home: Path, run: int, task: str, attempt: int) -> list[tuple[str, Path]]:
    """Where the parts of an attempt are written, in the order in which they are."""
    work = log_path(run_folder(home, run), task, attempt)
    setup, *after = ((part, log_beside(work, part)) for part in LOG_PARTS)
    return [setup, ("work", work), *after]


def tails(parts: Sequence[tuple[str, Path]]) -> list[LogPart]:
    """The ends of those that are there."""
    return [tail for part, path in parts if (tail := _tail(part, path)) is not None]


def _tail(part: str, path: Path) -> LogPart | None:
    file = _open(path)
    if file is None:
        return None
    try:
        size = os.fstat(file).st_size
        begin = max(0, size - TAIL_BYTES)
        before = max(0, begin - BEFORE_BYTES)
        return LogPart(part, os.pread(file, size - before, before), begin - before, size)
    finally:
        os.close(file)


def pieces(path: Path) -> Iterator[bytes] | None:
    """All of a file as it is now, bounded by its size now; None where there is none."""
    file = _open(path)
    return None if file is None else _pieces(file, os.fstat(file).st_size)


def _pieces(file: int, left: int) -> Iterator[bytes]:
    try:
        while left > 0 and (piece := os.read(file, min(left, _PIECE_BYTES))):
            left -= len(piece)
            yield piece
    finally:
        os.close(file)


def _open(path: Path) -> int | None:
    """A log and nothing else: a task could have put a link, or something that blocks, in its place."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    return None


class WatchedLogs:
    """Files of which somebody wants to know whether they have grown; the latest ones. Thread-safe."""

    def __init__(self) -> None:
        self._paths: OrderedDict[Path, None] = OrderedDict()
        self._lock = threading.Lock()

    def watch(self, paths: Sequence[Path]) -> None:
        """From now on, also those that are not there yet."""
        with self._lock:
            for path in paths:
                self._paths.pop(path, None)
                self._paths[path] = None
            while len(self._paths) > _MOST_WATCHED:
                self._paths.popitem(last=False)

    def leave(self, paths: Sequence[Path]) -> None:
        """They grow no more."""
        with self._lock:
            for path in paths:
                self._paths.pop(path, None)

    def version(self) -> str:
        """Other than before where one has come, grown or gone."""
        with self._lock:
            paths = list(self._paths)
        marks = []
        for path in paths:
            with suppress(OSError):
                found = path.stat()
                marks.append((str(path), found.st_size, found.st_mtime_ns))
        return f"{hash(tuple(marks)) & 0xFFFFFFFFFFFF:x}"
