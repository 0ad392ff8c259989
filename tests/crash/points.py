"""Kills a run at every other of its points, and checks the promises after each. A process of its own, so that it
may fork: importing beastmode once, not for every run, is what makes a thousand kills affordable.

    python -m tests.crash.points FOLDER DURABILITY CREATION OFFSET STEP [BUG]

CREATION: `created`, the run makes the home and the journal; `prepared`, they are there. Prints a line of JSON for
each point, and at last one with `end`: no run comes as far as that. Stops at a broken promise; its folder stays.
"""

from __future__ import annotations

import json
import shutil
import sys
from itertools import count
from pathlib import Path
from typing import cast

from beastmode.settings import Durability
from tests.crash import bugs, story
from tests.crash.forks import freeze
from tests.crash.tracer import Traced, When, trace

MISSES = 4
"""A run may make fewer calls than another, since commits gather what happens to come together. A point counts as
beyond the end when this many runs have ended before it."""


def main(folder: Path, durability: Durability, creation: str, offset: int, step: int) -> None:
    """Kill at the points offset, offset + step, … until there are no more. Point 0 is before the first call, 1 is
    after it, 2 before the second."""
    origin = folder / "origin" if creation == "prepared" else None
    for number in count(offset, step):
        here = folder / str(number)
        when: When = "after" if number % 2 else "before"
        traced = kill(here, origin, durability, number // 2 + 1, when)
        if not traced.killed:
            print(json.dumps({"end": number, "code": traced.code}), flush=True)
            return
        point = {"number": number, "when": when, "call": traced.calls[-1], "broken": broken(here, durability)}
        print(json.dumps(point), flush=True)
        if point["broken"]:
            return
        shutil.rmtree(here)


def kill(here: Path, origin: Path | None, durability: Durability, call: int, when: When) -> Traced:
    """A run in a fresh folder, killed at a call; not killed where no run makes as many, see MISSES."""
    for _ in range(MISSES):
        shutil.rmtree(here, ignore_errors=True)
        story.begin(here, origin)
        traced = trace(story.play(here, durability), here / ".beast", call, when)
        if traced.killed or traced.code:
            break
    return traced


def broken(here: Path, durability: Durability) -> str:
    """The promise that does not hold after a kill; "" where all do."""
    try:
        story.check(here, durability)
    except AssertionError as error:
        (here / "go").touch()  # what nobody has ended comes to its end by itself
        return str(error)
    return ""


if __name__ == "__main__":
    freeze()
    arguments = sys.argv[1:]
    if len(arguments) == 6:
        bugs.BUGS[arguments.pop()]()
    main(
        Path(arguments[0]),
        cast(Durability, arguments[1]),
        arguments[2],
        int(arguments[3]),
        int(arguments[4]),
    )
