"""AttemptLog: what an attempt prints, kept in one file of bounded size, whatever it prints and whatever the
disk does.

The beginning goes to the file as it comes; of what exceeds the limit the end is kept in memory and written
last.
"""

from __future__ import annotations

import os
from pathlib import Path

TAIL_BYTES = 4096
"""Of the output, for the cause of a failure and as feedback."""


def tail_of(path: Path, most_bytes: int) -> str:
    """The end of a log; "" where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most_bytes))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


class AttemptLog:
    """Bytes in, a file of about `limit_bytes` out: nine tenths from the beginning, one from the end.

    The file is created with the first byte, so that no output makes no file. A disk that fails ends the log
    and never the attempt: `error` says why, and what is written after that is only counted and seen in
    `tail`.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.error = ""
        self.tail = b""
        self._path = path
        self._end_bytes = limit_bytes // 10
        self._room = limit_bytes - self._end_bytes
        self._end = bytearray()
        self._left_out = 0
        self._fd = -1

    def write(self, data: bytes) -> None:
        """Keep it, or what fits of it. Never raises."""
        self.tail = data[-TAIL_BYTES:] if len(data) >= TAIL_BYTES else (self.tail + data)[-TAIL_BYTES:]
        if self.error:
            return
        if self._room >= len(data):
            self._room -= len(data)
            self._put(data)
            return
        head, rest = data[: self._room], data[self._room :]
        self._room = 0
        if head:
            self._put(head)
        self._end += rest
        excess = len(self._end) - self._end_bytes
        if excess > 0:
            self._left_out += excess
            del self._end[:excess]

    def close(self) -> None:
        """Write the end of the output, after a line that says how much is missing before it. Idempotent."""
        if self._left_out:
            self._put(b"\n[beast: %d bytes left out here]\n" % self._left_out)
        if self._end:
            self._put(bytes(self._end))
        self._end.clear()
        self._left_out = 0
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _put(self, data: bytes) -> None:
        if self.error:
            return
        try:
            if self._fd < 0:
                self._fd = self._open()
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            self.error = f"the log ends early: {error.strerror or error}"
            self._end.clear()

    def _open(self) -> int:
        # For this user only: the output of a program may hold what its environment holds.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, flags, 0o600)
