"""Lines: text on its way to a file descriptor that may not take it. Whoever writes never waits."""

from __future__ import annotations

import os
import time
from collections import deque
from threading import Condition, Thread

MOST_WAITING = 10_000
"""Lines that wait for a reader who is slow, or has stopped (Ctrl-S, a full pipe); the ones that come then are lost."""


class Lines:
    """Writes lines from a thread of its own.   lost: how many were not written, because nobody took them."""

    def __init__(self, descriptor: int, most_waiting: int = MOST_WAITING) -> None:
        self._descriptor, self._most_waiting = descriptor, most_waiting
        self._waiting: deque[str] = deque()
        self._news = Condition()
        self._closed = False
        self.lost = 0
        self._thread: Thread | None = None

    def put(self, line: str) -> None:
        """Have it written. Never blocks, and never raises.   line: without its end."""
        with self._news:
            if len(self._waiting) >= self._most_waiting or self._closed:
                self.lost += 1
                return
            self._waiting.append(line)
            self._news.notify()
            if self._thread is None:
                self._thread = Thread(target=self._work, name="log lines", daemon=True)
                self._thread.start()

    def close(self, patience_s: float = 1.0) -> None:
        """Write what is left, unless nobody takes it in time. Idempotent."""
        deadline = time.monotonic() + patience_s
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while True:
            with self._news:
                while not self._waiting:
                    if self._closed:
                        return
                    self._news.wait()
                lines = list(self._waiting)
                self._waiting.clear()
            if not self._write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace")):
                self.lost += len(lines)

    def _write(self, data: bytes) -> bool:
        """To the descriptor itself: a thread that stands still within Python's own stream breaks the process' end."""
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:  # nobody reads any more: not worth a request
            return False
        return True
