"""The dashboard beside a gateway or a run: a process of its own, so that no page stands in the way of a request.

Its link is good at once: the socket is made here, and handed to the process when somebody first comes. Nothing else
passes between the two: pages are made from the files of the home.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType

from beastmode.compose.serve.ui_port import PORT, listen, told_of
from beastmode.compose.ui.home_key import home_key
from beastmode.compose.ui.process import Handed

Tell = Callable[[str], None]

WARM_S = 2.0
"""A gateway is there to stay: its dashboard is loaded by the time somebody looks."""
MOST_ENDS, ENDS_SPAN_S = 5, 60.0
"""Ended so often by itself in that time, it is not begun again: a page that is open asks again every few seconds."""
_END_S = 2.0
_LAST_WORDS = 4096
_SEE = "`beast ui` shows the same, and says more."


class Mount:
    """A dashboard that ends with this process, however that ends. To be closed.

    home: what it shows.   host, port: as `listener.listen` takes them.   tls_cert, tls_key: to serve https with.
    but_not: a port that is not to be taken.   tell: is told, from a thread, that it has ended by itself.

    Raises BeastError where nobody can listen there, or the key cannot be kept.
    """

    def __init__(
        self,
        home: Path,
        host: str,
        port: int | None,
        tell: Tell,
        *,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
        but_not: int = 0,
    ) -> None:
        key = home_key(home)
        self._listener = listen(host, port, "--ui-port", but_not=but_not)
        self.address = told_of(self._listener, host, tls=tls_cert is not None)
        self.link = f"{self.address}/enter?key={key}"
        self.note = self._note(port)
        tls = [str(path.absolute()) if path else "" for path in (tls_cert, tls_key)]
        self._handed = Handed(str(home.absolute()), host, *tls)
        self._tell = tell
        self._life, self._life_line = os.pipe()
        self._thread: Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, soon: bool = False) -> None:
        """Look out for the first who comes.   soon: begin WARM_S from now, even where nobody has come."""
        most_s = WARM_S if soon else None
        self._thread = Thread(target=self._keep, args=(most_s,), name="dashboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it. Idempotent."""
        if self._life_line < 0:
            return
        # Forgotten first: the thread asks for it when the process has ended, and both watch the other end.
        line, self._life_line = self._life_line, -1
        os.close(line)
        if self._thread is not None:
            self._thread.join(_END_S)
            if self._thread.is_alive() and self._process is not None:
                self._process.kill()
                self._thread.join(_END_S)
        os.close(self._life)
        self._listener.close()

    def __enter__(self) -> Mount:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _note(self, asked: int | None) -> str:
        elsewhere = asked is None and self._listener.getsockname()[1] != PORT
        return f" (port {PORT} is taken)" if elsewhere else ""

    def _keep(self, warm_s: float | None) -> None:
        ends: deque[float] = deque(maxlen=MOST_ENDS)
        while self._somebody_is_there(warm_s):
            why, warm_s = self._serve(), None
            if self._life_line < 0:
                return
            ends.append(time.monotonic())
            if len(ends) == MOST_ENDS and ends[-1] - ends[0] < ENDS_SPAN_S:
                self._listener.close()
                self._tell(f"The dashboard has ended {MOST_ENDS} times ({why}) and is left ended. {_SEE}")
                return
            self._tell(f"The dashboard has ended ({why}). It begins again when somebody looks.")

    def _somebody_is_there(self, most_s: float | None) -> bool:
        """Wait for it, or for `most_s`. False: this is closed."""
        waiting = select.poll()
        waiting.register(self._life, 0)  # a hang-up is told unasked
        waiting.register(self._listener, select.POLLIN)
        ready = [number for number, _ in waiting.poll(None if most_s is None else most_s * 1000)]
        return self._life not in ready

    def _serve(self) -> str:
        """Have the process answer until it ends; how it ended."""
        handed = self._handed.as_text(self._listener.fileno(), self._life)
        command = [sys.executable, "-P", "-m", "beastmode.compose.ui.process", handed]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(self._listener.fileno(), self._life),
                start_new_session=True,  # Ctrl-C drains what it shows: that is when one looks
            )
        except OSError as error:
            return f"it cannot be begun: {error.strerror}"
        self._process = process
        with process:
            return _end_of(process)


def _end_of(process: subprocess.Popen[bytes]) -> str:
    last = b""
    assert process.stderr is not None
    while said := process.stderr.read1(_LAST_WORDS):  # type: ignore[attr-defined]
        last = (last + said)[-_LAST_WORDS:]
    code = process.wait()
    how = f"exit code {code}"
    if code < 0:
        with suppress(ValueError):
            how = f"ended by {signal.Signals(-code).name}"
    lines = last.decode("utf-8", "replace").split("\n")
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"{how}: {words}" if words else how
