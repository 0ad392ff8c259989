"""Damages the WAL of a run that was killed at its end, and lets the same command go on. A process of its own, so
that it may fork.

    python -m tests.crash.torn FOLDER SEED CASES

Prints a line of JSON for each case; stops at a broken promise.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from pathlib import Path

from beastmode.settings import Durability
from beastmode.store.journal.journal import Journal
from tests.crash import story
from tests.crash.forks import freeze


def main(folder: Path, seed: int, cases: int) -> None:
    """Cut or flip at drawn places. Always in the same folder: a list elsewhere would be another list."""
    rng = random.Random(seed)
    here, hot = folder / f"{seed}", folder / f"hot-{seed}"
    kill_at_the_end(here, "process" if seed % 2 else "full")
    here.rename(hot)
    for number in range(cases):
        shutil.copytree(hot, here)
        what = damage(here / ".beast" / "journal.db-wal", rng)
        broken = check(here)
        print(json.dumps({"number": number, "what": what, "broken": broken}), flush=True)
        if broken:
            return
        shutil.rmtree(here)


def kill_at_the_end(folder: Path, durability: Durability) -> None:
    """A run that is killed when all of it is recorded, and before the WAL goes into the journal."""
    story.begin(folder)
    pid = os.fork()
    if pid == 0:
        Journal.close = lambda journal: os._exit(9)  # type: ignore[assignment,method-assign]
        story.play(folder, durability)()
        os._exit(70)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    story.none_is_left(folder)


def damage(wal: Path, rng: random.Random) -> str:
    """Cut the file off, or flip one bit of it, anywhere."""
    data = bytearray(wal.read_bytes())
    at = rng.randrange(len(data))
    if rng.random() < 0.5:
        wal.write_bytes(data[:at])
        return f"cut at {at} of {len(data)}"
    data[at] ^= 1 << rng.randrange(8)
    wal.write_bytes(data)
    return f"a bit flipped at {at} of {len(data)}"


def check(here: Path) -> str:
    """The promise that does not hold; "" where the run has only repeated work."""
    before, effects = story.recorded(here), story.lines(here, "effects")
    try:
        code = story.resume(here, "full")
        assert code == 0, f"the resumed run ended with {code}: {(here / 'output').read_text()}"
        after, effects_after = story.recorded(here), story.lines(here, "effects")
        assert after[: len(before)] == before, "what was left was lost, too"
        done = {record.task for record in before if record.end == "done"}
        assert all(effects_after[task] == effects[task] for task in done), (
            "a result that was left was not used"
        )
        ends = [record.task for record in after if record.end == "done"]
        assert sorted(ends) == list(story.TASKS), f"a result is missing or doubled: {ends}"
    except AssertionError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    freeze()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
