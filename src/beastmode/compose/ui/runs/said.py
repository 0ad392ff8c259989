"""What lists say of their tasks, as their files are now: the journal keeps their titles only."""

from __future__ import annotations

import threading
from pathlib import Path

from beastmode.errors import BeastError
from beastmode.runner.formats.asked import Asked, file_of

_MOST_BYTES = 2 * 1024 * 1024
"""A longer list takes too long to be read for one page."""
_MOST_CHARS = 20_000
_MOST_LISTS = 4


class Lists:
    """The texts below the titles of tasks, read once for each state of a file. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[str, tuple[tuple[int, int], dict[str, str]]] = {}

    def said(self, key: str, task: str) -> str:
        """Of a task.   key: what the roadmap is known by.   "" where nothing is said or the file cannot be read."""
        with self._lock:
            return self._texts(key).get(task, "")[:_MOST_CHARS]

    def _texts(self, key: str) -> dict[str, str]:
        path, asked = file_of(key)
        try:
            found = path.stat()
        except OSError:
            return {}
        mark = found.st_mtime_ns, found.st_size
        if not key.startswith("/") or not path.is_file() or found.st_size > _MOST_BYTES:
            return {}
        if key not in self._read or self._read[key][0] != mark:
            while len(self._read) >= _MOST_LISTS:
                self._read.pop(next(iter(self._read)))
            self._read[key] = mark, _details(path, asked)
        return self._read[key][1]


def _details(path: Path, asked: Asked) -> dict[str, str]:
    # the readers: 0.2 s and 14 MB, for nothing where nobody looks at a task
    from beastmode.runner.formats.reading import read_roadmap

    try:
        return {task.id: task.details for task in read_roadmap(path, asked).tasks() if task.details}
    except (BeastError, OSError):
        return {}
