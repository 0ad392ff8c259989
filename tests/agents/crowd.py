"""Crowd: watches, while a run is at work, who is at work in its worktrees. Two at once in one of them is remembered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

_LOOK_EVERY_S = 0.1
_ATTEMPT = b"\0BEAST_ATTEMPT="


@dataclass(slots=True)
class Crowd:
    """What was seen: only what was there in two looks on end counts, since a look takes time.   met: worktrees with more
    than one session of processes.   most: worktrees in use at once.   looks: how often was looked."""

    met: list[str] = field(default_factory=list)
    most: int = 0
    looks: int = 0


@contextmanager
def watching(worktrees: Path) -> Iterator[Crowd]:
    """Look again and again at all processes below a folder, until left."""
    crowd, over = Crowd(), Event()

    def look() -> None:
        before = sessions_in(worktrees)
        while not over.wait(_LOOK_EVERY_S):
            now = sessions_in(worktrees)
            both = {place: sessions & now.get(place, set()) for place, sessions in before.items()}
            crowd.met += [place for place, sessions in both.items() if len(sessions) > 1]
            crowd.most = max(crowd.most, sum(map(bool, both.values())))
            crowd.looks += 1
            before = now

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield crowd
    finally:
        over.set()
        thread.join(30)


def sessions_in(worktrees: Path) -> dict[str, set[int]]:
    """Sessions of the processes of attempts, by the worktree that they are in."""
    found: dict[str, set[int]] = defaultdict(set)
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError, ValueError):
            place = (process / "cwd").resolve().relative_to(worktrees).parts
            if len(place) >= 3 and _ATTEMPT in b"\0" + (process / "environ").read_bytes():
                session = int((process / "stat").read_text("utf-8").rpartition(")")[2].split()[3])
                found["/".join(place[:3])].add(session)
    return found
