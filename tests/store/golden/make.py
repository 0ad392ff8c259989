"""Makes the golden journal of this format: what a release wrote, every later one must read, and go on from.

    python -m tests.store.golden.make

Not to be run again for a format that was released. A new format gets a golden journal of its own beside the old ones.
The runs are real: finished, failed, blocked, retried, interrupted by a person, killed, held back, changed, selected.
Paths, pids and the name of the boot are replaced; all else is as it was recorded.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from beastmode.runner.progress import Progress
from beastmode.runner.summary import summarise
from beastmode.store.journal.journal import VERSION, JournalReader

HERE = Path(__file__).parent
FOLDER = "/golden"
"""Stands for the folder that the runs were made in."""
OTHER = "tasks: [{{id: a, command: ['{0}']}}, {{id: b, command: ['true'], needs: [a]}}, {{id: c, command: ['true']}}]"
HELD = "limits: {{rate: none}}\ntasks: [{{id: throttled, url: 'http://127.0.0.1:{0}/'}}]"


def main() -> None:
    """Run, kill, resume; then write what is in the journal, and what it means."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "list.yaml").write_text((HERE / "list.yaml").read_text(encoding="ascii"), encoding="ascii")
        finished(folder)
        held(folder)
        cut_short(folder)
        dump(folder / ".beast" / "journal.db", HERE / f"journal-{VERSION}.sql", str(folder))
        meaning = json.dumps(states(folder / ".beast" / "journal.db"), indent=1) + "\n"
        (HERE / f"journal-{VERSION}.json").write_text(meaning, encoding="ascii")


def beast(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "beastmode", "run", *arguments], cwd=folder)


def finished(folder: Path) -> None:
    """Two of three tasks; then one of them changes, and all are run."""
    (folder / "other.yaml").write_text(OTHER.format("true"), encoding="ascii")
    assert beast(folder, "other.yaml", "--only", "a,b").wait() == 0
    (folder / "other.yaml").write_text(OTHER.format("date"), encoding="ascii")
    assert beast(folder, "other.yaml").wait() == 0


def held(folder: Path) -> None:
    """A server that asks for a longer wait than is allowed."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(429)
            self.send_header("Retry-After", "9999")
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        (folder / "held.yaml").write_text(HELD.format(server.server_port), encoding="ascii")
        assert beast(folder, "held.yaml", "--max-wait", "60").wait() == 75
        server.shutdown()


def cut_short(folder: Path) -> None:
    """Killed, then interrupted by a person, then killed again: `slow` is at work each time."""
    for number, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGKILL, -9)):
        runner = beast(folder, "list.yaml")
        while not (folder / "started").exists():
            time.sleep(0.02)
        runner.send_signal(number)
        if number == signal.SIGINT:  # the second one ends what runs
            time.sleep(0.5)
            runner.send_signal(number)
        assert runner.wait() == code
        (folder / "started").unlink()


def dump(journal: Path, out: Path, folder: str) -> None:
    """The journal as SQL, to be read by a person too."""
    with closing(sqlite3.connect(journal)) as db:
        schema = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        rows = db.execute("SELECT *, CAST(data AS TEXT) FROM events ORDER BY seq").fetchall()
    lines = [f"{sql};" for sql in schema] + [f"PRAGMA user_version = {VERSION};"]
    for *columns, _, text in rows:
        values = ", ".join(repr(column) for column in columns)
        data = neutral(text, folder).replace("'", "''")
        lines.append(f"INSERT INTO events VALUES ({values}, CAST('{data}' AS BLOB));")
    out.write_text("\n".join(lines) + "\n", encoding="ascii")


def neutral(data: str, folder: str) -> str:
    data = data.replace(folder, FOLDER)
    data = re.sub(r'"boot":"[^"]*"', '"boot":"golden"', data)
    return re.sub(r'"pid":\d+', '"pid":4242', data)


def states(journal: Path) -> dict[str, Any]:
    """What the events of each run mean."""
    with closing(JournalReader(journal)) as reader:
        runs = [event.run for event in reader.runs()]
        return {
            f"r{run}": state(Progress(run, keep_attempts=True).apply_all(reader.events(run))) for run in runs
        }


def state(progress: Progress) -> dict[str, Any]:
    tasks = {
        view.id: {
            "state": view.state,
            "attempts": view.attempts,
            "counted": view.counted,
            "open_attempt": view.open_attempt,
            "failure": (view.failure or {}).get("class", ""),
            "phases": list(view.phases),
        }
        for view in progress.tasks.values()
    }
    attempts = [[view.task, view.number, view.session, view.end, view.killed] for view in progress.attempts]
    summary = summarise(progress)
    counts = {"tasks": summary.tasks, "attempts": summary.attempts, "success_rate": summary.success_rate}
    sessions = [session.ended is not None for session in progress.sessions]
    return {"tasks": tasks, "attempts": attempts, "sessions_ended": sessions, "summary": counts}


if __name__ == "__main__":
    os.environ["CI"] = ""
    main()
