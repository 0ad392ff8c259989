"""Kills a run at instants that are drawn, and checks the promises after each: what lies between two system calls
(stores into the shared memory beside the WAL, above all) has no number that could be counted.

    python -m tests.crash.instants FOLDER SEED ROUNDS

Prints a line of JSON for each round; stops at a broken promise.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from beastmode.settings import Durability
from tests.crash import story
from tests.crash.forks import freeze
from tests.crash.points import broken


def main(folder: Path, seed: int, rounds: int) -> None:
    """Kill `rounds` runs, each at an instant of its own within the time that a run takes."""
    rng = random.Random(seed)
    story.begin(folder / f"{seed}-whole")
    started = time.monotonic()
    assert story.resume(folder / f"{seed}-whole", "full") == 0
    took_s = time.monotonic() - started
    for number in range(rounds):
        durability: Durability = "process" if number % 2 else "full"
        here = folder / f"{seed}-{number}"
        story.begin(here)
        after_s = rng.uniform(0.0, took_s)
        killed = kill_after(here, durability, after_s)
        round_ = {"number": number, "after_s": after_s, "killed": killed, "broken": broken(here, durability)}
        print(json.dumps(round_), flush=True)
        if round_["broken"]:
            return
        shutil.rmtree(here)


def kill_after(here: Path, durability: Durability, after_s: float) -> bool:
    """False: the run had come to its end before."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = story.play(here, durability)()
        finally:
            os._exit(code)
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    freeze()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
