"""`beast --help`: how long a command takes to say its first word."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.contest import Contender, Figures, Row, main

ROW = Row(
    module="bench.start",
    title="`beast --help`",
    unit="seconds",
    better="lower",
    target="under 0.15 s",
    sizes={"beast --help": 5, "python -c 'import typer'": 5, "python -c pass": 5},
    rounds=5,
)


def times(command: list[str], size: int) -> Figures:
    """The median of `size` starts."""
    took: list[float] = []
    for _ in range(size):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    return Figures(median(took), len(took))


def beast(size: int) -> Figures:
    """The command as it is installed beside this interpreter."""
    return times([str(Path(sys.executable).parent / "beast"), "--help"], size)


def typer(size: int) -> Figures:
    """What the library behind the command line needs by itself."""
    return times([sys.executable, "-c", "import typer"], size)


def python(size: int) -> Figures:
    """What nothing needs."""
    return times([sys.executable, "-c", "pass"], size)


CONTENDERS: dict[str, Contender] = {
    "beast --help": beast,
    "python -c 'import typer'": typer,
    "python -c pass": python,
}

if __name__ == "__main__":
    main(CONTENDERS)
