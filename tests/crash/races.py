"""Starts several runners at the same instant, round after round. A process of its own, so that it may fork.

    python -m tests.crash.races FOLDER SEED ROUNDS

In each round they race to create one home: three with a list of their own, two with the same list. Prints a line of
JSON for each round.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from beastmode import run
from beastmode.errors import BeastError
from tests.crash import story
from tests.crash.forks import freeze

LISTS = ("own1", "own2", "own3", "shared", "shared")
LIST = "limits: {rate: none}\ntasks: [{id: a, command: ['true']}, {id: b, command: ['true'], needs: [a]}]\n"


def main(folder: Path, seed: int, rounds: int) -> None:
    """Race; print what each runner said and what is in the journal."""
    for number in range(rounds):
        here = folder / f"{seed}-{number}"
        here.mkdir()
        for name in set(LISTS):
            (here / f"{name}.yaml").write_text(LIST, encoding="ascii")
        gate, opener = os.pipe()
        pids = [started(runner(here, place, opener, gate)) for place in range(len(LISTS))]
        os.close(gate)
        os.close(opener)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        said = [(here / f"{place}.output").read_text(encoding="utf-8") for place in range(len(LISTS))]
        print(json.dumps({"pids": pids, "codes": codes, "said": said, **journal(here)}), flush=True)
        shutil.rmtree(here)


def started(function: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = function()
        finally:
            os._exit(code)
    return pid


def runner(here: Path, place: int, opener: int, gate: int) -> Callable[[], int]:
    """Waits until nobody holds the gate open any more: the last of all to be started lets go of it."""

    def race() -> int:
        os.close(opener)
        os.chdir(here)
        output = os.open(f"{place}.output", os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.read(gate, 1)
        try:
            return run(f"{LISTS[place]}.yaml", linger_s=0.01).exit_code
        except BeastError as error:
            print(error, flush=True)
            return error.exit_code

    return race


def journal(here: Path) -> dict[str, object]:
    """Which lists have a run, and how often each task of it was done."""
    story.none_is_left(here)
    with closing(sqlite3.connect(here / ".beast" / "journal.db")) as db:
        whole = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        runs = dict(db.execute("SELECT run, CAST(data AS TEXT) FROM events WHERE kind = 'run_started'"))
        done = db.execute(
            "SELECT run, task, count(*) FROM events WHERE kind = 'attempt_ended'"
            " AND json_extract(CAST(data AS TEXT), '$.end') = 'done' GROUP BY run, task ORDER BY run, task"
        ).fetchall()
    lists = {run: Path(json.loads(data)["roadmap"]).stem for run, data in runs.items()}
    results = [[lists[run], task, times] for run, task, times in done]
    return {"whole": whole, "version": version, "lists": sorted(lists.values()), "results": sorted(results)}


if __name__ == "__main__":
    freeze()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
