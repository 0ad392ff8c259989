"""Kills a run with --write-back at every call that changes the folder of its list, before or after that call. A process
of its own, so that it may fork.

    python -m tests.crash.ticks FOLDER OFFSET STEP

Prints a line of JSON for each kill, and at last one with `end`: no run makes as many calls.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from itertools import count
from pathlib import Path

from beastmode.compose.opening.request import Request
from beastmode.compose.run.performing import perform
from beastmode.runner.work import Command
from tests.crash.forks import freeze
from tests.crash.tracer import Traced, When, trace

LIST = "# Plan\r\n- [ ] one\r\n- [x] two\r\n- [ ] three\r\n- [ ] four"
DONE = LIST.replace("[ ]", "[x]")
MISSES = 3
"""A run may write less often than another: ticks that come together are one write."""


def main(folder: Path, offset: int, step: int) -> None:
    for number in count(offset, step):
        when: When = "after" if number % 2 else "before"
        traced = killed(folder, number // 2 + 1, when)
        if not traced.killed:
            print(json.dumps({"end": number, "code": traced.code}), flush=True)
            return
        point = {"number": number, "call": traced.calls[-1], "broken": broken(folder)}
        print(json.dumps(point), flush=True)


def killed(folder: Path, call: int, when: When) -> Traced:
    for _ in range(MISSES):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "list").mkdir(parents=True)
        (folder / "list" / "TODO.md").write_bytes(LIST.encode())
        traced = trace(lambda: play(folder), folder / "list", call, when)
        if traced.killed or traced.code:
            break
    return traced


def play(folder: Path) -> int:
    """The run: three tasks, each of which leaves a line."""
    os.environ["BEAST_LIMITS"] = str(folder / "limits")
    command = Command(shell=f"echo $BEAST_ID >> {folder}/ran")
    request = Request(
        folder / "list" / "TODO.md", {"linger_s": 0.0}, command, folder / "home", write_back=True
    )
    return perform(request).exit_code


def broken(folder: Path) -> str:
    """The promise that does not hold after a kill; "" where all do."""
    lines = (folder / "list" / "TODO.md").read_bytes().decode().split("\r\n")
    if any(
        line not in (was, now)
        for line, was, now in zip(lines, LIST.split("\r\n"), DONE.split("\r\n"), strict=True)
    ):
        return f"the list is neither as it was nor ticked: {lines}"
    code = trace(lambda: play(folder), folder / "nowhere").code
    if code:
        return f"the same command ended with {code}"
    if (folder / "list" / "TODO.md").read_bytes().decode() != DONE:
        return "not all is ticked after the same command"
    if left := [path.name for path in (folder / "list").iterdir() if path.name != "TODO.md"]:
        return f"left beside the list: {left}"
    ran = (folder / "ran").read_text().split()
    return "" if set(ran) == {"one", "three", "four"} and len(ran) <= 6 else f"what ran: {ran}"


if __name__ == "__main__":
    freeze()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
