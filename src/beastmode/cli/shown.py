"""The dashboard of a run at work: its link at the beginning, and at the end where to look further."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beastmode.errors import SettingError
from beastmode.runner.home import HOME
from beastmode.settings import understood


@contextmanager
def shown_at(home: Path, port: str | None) -> Iterator[str]:
    """A dashboard for as long as a run takes; gives what is to be said when the run has ended.   port: as the flag has
    it. Raises BeastError where it cannot be."""
    from beastmode.compose.ui.mount import Mount  # most runs do without

    number = None if port is None else understood("--ui-port", port, _port)
    with Mount(home, "127.0.0.1", number, _tell) as mount:
        mount.start()
        _tell(f"Dashboard: {mount.link}{mount.note}")
        named = "" if str(home) == HOME else f" --home {shlex.quote(str(home))}"
        yield f"The dashboard has ended with the run. It is shown further by: beast ui{named}"


def _port(text: str) -> int:
    number = text.strip()
    if number.isascii() and number.isdecimal() and len(number) <= 5 and int(number) <= 65535:
        return int(number)
    raise SettingError(f"{text!r} is no port", tip="Write a number from 1 to 65535, or 0 for any free one.")


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
