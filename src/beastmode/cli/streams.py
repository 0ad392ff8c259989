"""Streams whose reader may go away (`beast run … 2>&1 | head`): what is printed then is lost, and nothing else."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

from beastmode.errors import OutputError

GONE = frozenset({errno.EPIPE, errno.EIO})
"""The reader of a pipe has ended; the terminal is closed."""
ANY = frozenset(errno.errorcode)
_TIP = "Make room there; `beast status --json` shows how a run ended."


def forgive_lost_readers() -> None:
    """Printing never raises because nobody listens any more; on stderr, which must not end a run, it never raises.
    On stdout it raises OutputError where it must not be lost. A stream that was closed leads nowhere."""
    _fill_gaps()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As stderr does with characters that the locale has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout = Forgiving(sys.stdout or os.fdopen(1, "w", closefd=False), GONE)
    sys.stderr = Forgiving(sys.stderr or os.fdopen(2, "w", closefd=False), ANY)


def _fill_gaps() -> None:
    """Otherwise the journal could become what a closed stdout was, and be written to."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)


class Forgiving:
    """A text or binary stream that writes to nowhere once its reader has gone.

    forgiven: numbers of the OSErrors that mean so; any other raises OutputError.   lost: its reader has gone; who only
    prints may end then.   Else as the stream it stands for.
    """

    def __init__(self, stream: Any, forgiven: frozenset[int]) -> None:
        self._stream, self._forgiven = stream, forgiven
        self.lost = False

    def write(self, data: Any) -> int:
        try:
            return int(self._stream.write(data))
        except OSError as error:
            self._let_go(error)
            return len(data)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._let_go(error)

    @property
    def buffer(self) -> Forgiving:
        return Forgiving(self._stream.buffer, self._forgiven)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _let_go(self, error: OSError) -> None:
        """Put nowhere in its place, also for what is still in its buffer."""
        if error.errno not in self._forgiven:
            raise OutputError(f"stdout cannot be written: {error.strerror}", tip=_TIP) from None
        self.lost = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
