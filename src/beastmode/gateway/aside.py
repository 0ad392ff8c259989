"""Aside: large bodies are read by a process of their own, so that nobody else waits for that.

Reading one in the event loop, or in a thread beside it, would hold up everybody: the interpreter does one thing at a
time. This process only writes the body into a pipe, in one call, during which it is free for all else.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import msgspec

from beastmode.gateway.aside_process import HEAD, LENGTH
from beastmode.gateway.reading import Found, Reading, found_in

ASIDE_BYTES = 1_000_000
"""What is larger is read there. What is not takes the event loop 2 ms at most; its key, where it has one, 4 for a good
request and 10 for an odd one."""
_COMMAND = (sys.executable, "-P", "-m", "beastmode.gateway.aside_process")

_FOUND = msgspec.msgpack.Decoder(Found)
_encode = msgspec.msgpack.Encoder().encode


class _EndedError(Exception):
    """The process is not there any more."""


class Aside:
    """Reads large bodies, one after the other. Its process is begun for the first of them, and again where it has
    ended; where it cannot be, they are read here. To be used from one event loop."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    async def read(self, reading: Reading, body: bytes) -> Found:
        """What it says. Cancelled, a body that has been begun is read to its end."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "aside")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, reading, body)

    def close(self) -> None:
        """End the process. Idempotent."""
        self._closed = True
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        self._end()

    # ---- what follows runs in the thread, but for `_end` at the very end ----

    def _read(self, reading: Reading, body: bytes) -> Found:
        for _ in range(2):  # a process that has ended since the last time is no reason to hold up everybody
            try:
                return self._ask(reading, body)
            except (OSError, _EndedError, msgspec.MsgspecError):
                if self._closed:
                    raise
                self._end()
        return found_in(reading, bytes(body))

    def _ask(self, reading: Reading, body: bytes) -> Found:
        if self._process is None:
            self._process = subprocess.Popen(
                _COMMAND,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C drains the gateway, and what it drains may need this
            )
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None
        assert answers is not None
        said = _encode(reading)
        _write(questions, HEAD.pack(len(said), len(body)) + said)
        _write(questions, body)
        (size,) = LENGTH.unpack(_read(answers, LENGTH.size))
        return _FOUND.decode(_read(answers, size))

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with process:  # waits for it, and closes the pipes
                pass


def _write(questions: IO[bytes], said: bytes) -> None:
    view = memoryview(said)
    while view:
        view = view[questions.write(view) :]


def _read(answers: IO[bytes], size: int) -> bytes:
    read = b""
    while len(read) < size:
        piece = answers.read(size - len(read))
        if not piece:
            raise _EndedError
        read += piece
    return read
