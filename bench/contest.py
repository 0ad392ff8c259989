"""A contest: contenders that do the same work, each in a process of its own, in interleaved rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

Contender = Callable[[int], "Figures"]
"""Does the work, `size` tasks of it, and says what it measured. Runs in a process of its own."""


class MissingError(Exception):
    """A contender that is not installed here, and how to have it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one contender measured of one round.

    value: in the unit of the row.   tasks: what it was measured over, as counted by the work itself where that is
    possible.   also: other figures, by their names as they are printed.   cpu_s, memory_mb: of what is measured, where
    that is a server beside this process.
    """

    value: float
    tasks: int
    also: Mapping[str, float] = field(default_factory=dict)
    cpu_s: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """One contender's round, with what it used. Where its figures do not say: CPU seconds of its process and its
    children, peak MB of its process."""

    figures: Figures
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Row:
    """One row of DESIGN.md's budgets of speed.

    module: where its contenders are.   unit: of `Figures.value`.   target: in words.   sizes: tasks for each
    contender, the first one being ours; a slow peer gets fewer.   rounds: how often each runs.   seldom: it takes
    long, and runs only where it is asked for.
    """

    module: str
    title: str
    unit: str
    better: Literal["higher", "lower"]
    target: str
    sizes: Mapping[str, int]
    rounds: int
    seldom: bool = False


def main(contenders: Mapping[str, Contender]) -> None:
    """Run one contender, named on the command line with its size, and print its figures as JSON."""
    name, size = sys.argv[1], int(sys.argv[2])
    try:
        print(json.dumps(asdict(contenders[name](size))))
    except MissingError as missing:
        print(json.dumps({"missing": str(missing)}))


def play(module: str, name: str, size: int) -> Round | str:
    """One round of one contender. A text says why there is none: it is not installed."""
    command = [sys.executable, "-m", module, name, str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    answer = json.loads(said.splitlines()[-1])
    if "missing" in answer:
        return str(answer["missing"])
    figures = Figures(**answer)
    used_s, peak_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6
    return Round(
        figures,
        used_s if figures.cpu_s is None else figures.cpu_s,
        peak_mb if figures.memory_mb is None else figures.memory_mb,
    )


def contest(row: Row, rounds: int, shrink: int = 1) -> dict[str, list[Round] | str]:
    """The rounds of every contender of a row: first one of each, then again, so that a busy neighbour on the
    machine meets all of them.   shrink: divides the sizes, for a quick look."""
    results: dict[str, list[Round] | str] = {name: [] for name in row.sizes}
    for _ in range(rounds):
        for name, size in row.sizes.items():
            done = results[name]
            if isinstance(done, str):
                continue
            played = play(row.module, name, max(1, size // shrink))
            if isinstance(played, str):
                results[name] = played
            else:
                done.append(played)
    return results


def table(row: Row, results: Mapping[str, list[Round] | str]) -> str:
    """The results of a row in Markdown: medians, each peer's ratio to ours, CPU, and the other figures."""
    first = next(iter(row.sizes))
    ours = results[first]
    names = _other_names(results)
    head = ["", row.unit, f"{first} / peer", "CPU a task", "peak MB", *names]
    lines = [
        _line(name, rounds, ours, names) if not isinstance(rounds, str) else f"| {name} | missing: {rounds} |"
        for name, rounds in results.items()
    ]
    rule = "|".join(["", "---", *(["---:"] * (len(head) - 1)), ""])
    return "\n".join([f"| {' | '.join(head)} |", rule, *lines])


def _line(name: str, rounds: Sequence[Round], ours: list[Round] | str, names: Sequence[str]) -> str:
    value = median(each.figures.value for each in rounds)
    reference = value if isinstance(ours, str) else median(each.figures.value for each in ours)
    cpu_s = median(each.cpu_s / max(1, each.figures.tasks) for each in rounds)
    cells = [
        name,
        number(value),
        "" if ours is rounds else f"{reference / value:.2f}",
        f"{number(cpu_s * 1e6)} µs",
        f"{median(each.peak_mb for each in rounds):.0f}",
        *(_median_of(rounds, other) for other in names),
    ]
    return f"| {' | '.join(cells)} |"


def _median_of(rounds: Sequence[Round], name: str) -> str:
    values = [each.figures.also[name] for each in rounds if name in each.figures.also]
    return number(median(values)) if values else ""


def _other_names(results: Mapping[str, list[Round] | str]) -> list[str]:
    found: dict[str, Any] = {}
    for rounds in results.values():
        if not isinstance(rounds, str):
            found |= {name: None for each in rounds for name in each.figures.also}
    return list(found)


def number(value: float) -> str:
    """Three digits that count: `20,100`, `8.51`, `0.093`."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if value == int(value) else text


def most_in_window(stamps: Sequence[float], window_s: float = 1.0) -> int:
    """The most of the stamps in any half-open window of that length, wherever it begins."""
    ordered = sorted(stamps)
    most = first = 0
    for last, stamp in enumerate(ordered):
        while stamp - ordered[first] >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most
