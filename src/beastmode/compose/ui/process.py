"""The process of a dashboard beside a gateway or a run: answers on the socket that it was handed, and ends with whoever
has handed it."""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from beastmode.runner.processes.watchdog_process import ends_well


@dataclass(frozen=True, slots=True)
class Handed:
    """What it is told: on its command line, which everybody may read.   tls_cert, tls_key: "" for none."""

    home: str
    host: str
    tls_cert: str
    tls_key: str

    def as_text(self, listener: int, life: int) -> str:
        """With two open files: the socket, and a pipe that closes when this process is to end."""
        return json.dumps(asdict(self) | {"listener": listener, "life": life, "parent": os.getpid()})


def main(text: str) -> None:
    """Answer until the other end of the pipe closes."""
    told: dict[str, Any] = json.loads(text)
    parent, life = told.pop("parent"), told.pop("life")
    listener = socket.socket(fileno=told.pop("listener"))
    Thread(target=_end_with, args=(parent, life), name="life", daemon=True).start()
    from beastmode.compose.ui.serving import server_of  # 0.4 s, in which the other may end already

    handed = Handed(**told)
    tls = (Path(handed.tls_cert), Path(handed.tls_key)) if handed.tls_cert else None
    server_of(Path(handed.home), handed.host, tls).run(sockets=[listener])


def _end_with(parent: int, life: int) -> None:
    """At once, as by a kill: what was asked for is a row in a file, or it is not."""
    ends_well(parent, life)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
