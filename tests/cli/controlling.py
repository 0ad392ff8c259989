"""A run at work whose tasks end when a test lets them, and the commands that people give meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beastmode.errors import JournalError
from beastmode.events import Event
from beastmode.runner.home import journal_path
from beastmode.store.journal.journal import JournalReader
from tests.processes import eventually, pid_in

AT_WORK = (
    "echo $$ > $BEAST_ID.pid; while [ ! -e $BEAST_ID.go ]; do sleep 0.05; done; test ! -e $BEAST_ID.broken"
)
"""A task that writes its process id and works until it is let go; it fails where it is told to."""
BEAST = [sys.executable, "-m", "beastmode"]


def listed(*tasks: str, concurrency: int = 3) -> str:
    """A list of tasks that wait, each `id` or `id: more keys`."""
    lines = [f"limits: {{concurrency: {concurrency}, rate: none}}", "tasks:"]
    for task in tasks:
        name, _, more = task.partition(": ")
        lines.append(f"  - {{id: {name}, retries: 0, {more or f'command: {json.dumps(AT_WORK)}'}}}")
    return "\n".join(lines) + "\n"


def working(*keys: str) -> str:
    """The keys of a task that waits, and has these besides."""
    return ", ".join((f"command: {json.dumps(AT_WORK)}", *keys))


@dataclass
class AtWork:
    """A runner.   folder: where it runs."""

    folder: Path
    process: subprocess.Popen[str]

    def let_go(self, *tasks: str) -> None:
        """These may end."""
        for task in tasks:
            (self.folder / f"{task}.go").touch()

    def began(self, *tasks: str) -> list[int]:
        """The process ids of these tasks, once they are at work."""
        return [pid_in(self.folder / f"{task}.pid") for task in tasks]

    def stop(self) -> None:
        """It does nothing more, and does not know it."""
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def ended(self) -> int:
        return self.process.wait(60)


@contextmanager
def at_work(folder: Path, *flags: str) -> Iterator[AtWork]:
    """`beast run` of the list in the folder."""
    with (folder / "run.err").open("a", encoding="utf-8") as said:
        process = subprocess.Popen(
            [*BEAST, "run", "list.yaml", *flags], cwd=folder, stdout=said, stderr=said, text=True
        )
    try:
        yield AtWork(folder, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def say(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """What a command prints as JSON."""
    done = subprocess.run(
        [*BEAST, *arguments, "--json"], cwd=folder, capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert done.returncode == code, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def events(folder: Path) -> list[Event]:
    """The journal of run 1; nothing while it is being made."""
    path = journal_path(folder / ".beast")
    if not path.exists():
        return []
    reader = JournalReader(path)
    try:
        return list(reader.events(1))
    except JournalError:
        return []
    finally:
        reader.close()


def until(folder: Path, kind: str, task: str = "", count: int = 1) -> None:
    """Wait until so many of such events are recorded."""
    eventually(
        lambda: sum((event.kind, event.task) == (kind, task) for event in events(folder)) >= count,
        f"{count} of {kind} {task}",
    )


def kinds(folder: Path) -> list[tuple[str, str]]:
    """The events in order: kind and task."""
    return [(event.kind, event.task) for event in events(folder)]
