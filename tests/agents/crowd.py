"""Crowd: watches, while a run is at work, who is at work in its worktrees. Two at once in one of them is remembered."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

_LOOK_EVERY_S = 0.1
_OF_AN_ATTEMPT = re.compile(rb"(?:\0|\A)(BEAST_ID|BEAST_ATTEMPT)=([^\0]*)")


@dataclass(slots=True)
class Crowd:
    """What was seen: only what was there in two looks on end counts, since a look takes time.   met: worktrees with the
    processes of more than one attempt.   busiest: the most worktrees that were in use at once."""

    met: list[str] = field(default_factory=list)
    busiest: list[str] = field(default_factory=list)


@contextmanager
def watching(worktrees: Path) -> Iterator[Crowd]:
    """Look again and again at all processes below a folder, until left."""
    crowd, over = Crowd(), Event()

    def look() -> None:
        before = agents_in(worktrees)
        while not over.wait(_LOOK_EVERY_S):
            now = agents_in(worktrees)
            both = {place: agents & now.get(place, set()) for place, agents in before.items()}
            crowd.met += [place for place, agents in both.items() if len(agents) > 1]
            busy = [place for place, agents in both.items() if agents]
            crowd.busiest = max(crowd.busiest, busy, key=len)
            before = now

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield crowd
    finally:
        over.set()
        thread.join(30)


def agents_in(worktrees: Path) -> dict[str, set[bytes]]:
    """Tasks and attempts of the processes that are in a worktree, by the worktree. (Sessions tell less: Codex begins
    one for each command.)"""
    found: dict[str, set[bytes]] = defaultdict(set)
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError, ValueError):
            place = (process / "cwd").resolve().relative_to(worktrees).parts
            said = dict(_OF_AN_ATTEMPT.findall((process / "environ").read_bytes()))
            if len(place) >= 3 and place[2][0] != "." and len(said) == 2:
                found["/".join(place[:3])].add(b".".join(sorted(said.values())))
    return found
