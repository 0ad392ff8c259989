"""A home in which something happens: a model server, a gateway in front of it, runs, and the dashboard's link."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from beastmode.errors import EXIT_INPUT
from beastmode.testing.model_server import ModelServer, Refusal, Script
from beastmode.testing.threads import in_thread

_LINK = re.compile(r"http://127\.0\.0\.1:\d+\S*")
_END_S, _RUN_S = 20, 60


@dataclass(slots=True)
class World:
    """`home` has all that is shown.   link: with the key.   url: the gateway, as a client knows it."""

    home: Path
    server: ModelServer
    url: str = ""
    link: str = ""
    _processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def pages(self) -> str:
        """Where the pages are, without the key."""
        return self.link.partition("/enter")[0]

    def ask(self, words: str, **more: Any) -> httpx.Response:
        """Ask the model through the gateway."""
        body = {"model": "m-small", "messages": [{"role": "user", "content": words}], **more}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, timeout=60)

    def run(self, roadmap: str, *flags: str, name: str = "roadmap") -> subprocess.Popen[str]:
        """`beast run` of a list, which is given as text; it has begun, and goes on by itself."""
        path = self.home.parent / f"{name}.yaml"
        path.write_text(roadmap, encoding="utf-8")
        return self._beast("run", str(path), "--home", str(self.home), *flags)

    def ran(self, roadmap: str, *flags: str, name: str = "roadmap") -> int:
        """The same, to its end; its exit code. Fails where it did not begin."""
        process = self.run(roadmap, *flags, name=name)
        _, said = process.communicate(timeout=_RUN_S)
        assert process.returncode != EXIT_INPUT, said
        return process.returncode

    def show(self, *flags: str) -> subprocess.Popen[str]:
        """Open the dashboard; a second time, one beside the first."""
        process = self._beast("ui", "--home", str(self.home), *(flags or ("--port", "0")))
        self.link = _said(process)
        return process

    def serve(self, *flags: str) -> subprocess.Popen[str]:
        """Put a gateway in front of the model server."""
        here = ("--upstream", self.server.url, "--home", str(self.home), "--port", "0")
        process = self._beast("serve", *here, "--cache", "all", *(flags or ("--rate", "none")))
        self.url = _said(process).rstrip("/")
        return process

    def end(self) -> None:
        """End what was started and is still there."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._processes:
            process.wait(_END_S)
            if process.stderr:
                process.stderr.close()

    def _beast(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "beastmode", *words]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=self.home.parent)
        self._processes.append(process)
        return process


@contextmanager
def world(folder: Path, script: Script | None = None) -> Iterator[World]:
    """A world in an empty folder, with a gateway at work and the dashboard open."""
    with ExitStack() as stack:
        server = stack.enter_context(in_thread(ModelServer(script or Script())))
        made = World(folder / "home", server)
        stack.callback(made.end)
        made.serve()
        made.show()
        yield made


def failing(*statuses: int) -> list[Refusal]:
    """What a model server says that fails."""
    return [Refusal(status) for status in statuses]


def _said(process: subprocess.Popen[str]) -> str:
    """The first address that it tells."""
    assert process.stderr
    lines = []
    for line in process.stderr:
        lines.append(line)
        if found := _LINK.search(line):
            return found[0]
    raise AssertionError(f"it told no address: {''.join(lines)}")
