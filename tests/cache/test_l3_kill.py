"""`kill -9` of processes that write one cache together: it opens each time, and each answer is what was stored."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from beastmode.cache.sealing import unseal
from beastmode.store.entries.file import EntriesFile, cache_path
from beastmode.store.entries.reader import EntriesReader
from beastmode.store.entries.upkeep import make_room
from beastmode.store.sqlite.room import used_bytes
from tests.cache.answers import NOON, key
from tests.cache.writing import LIMITS, NAMES, written

ROOT = Path(__file__).parent.parent.parent


class Writers:
    """Two processes at a time that write one cache, and are killed."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", "tests.cache.writing", str(path)]
        self._host = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._host.pid, signal.SIGKILL)
        self._host.communicate()

    def start(self, *seeds: int) -> list[int]:
        """Their numbers, once they are at work."""
        assert self._host.stdin
        print(*seeds, file=self._host.stdin, flush=True)
        return [int(self._told()) for _ in seeds]

    def kill(self, pids: list[int]) -> None:
        """Killed in the middle of their work; one that had ended by then had found something wrong."""
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        assert self._told() == " ".join(["-9"] * len(pids))

    def _told(self) -> str:
        assert self._host.stdout
        return self._host.stdout.readline().strip()


def whole(path: Path) -> int:
    """Check every answer. How many there are."""
    EntriesFile(path, NOON).close()
    reader, answers = EntriesReader(path), 0
    for name in range(NAMES):
        if (sealed := reader.read(key(name))) is not None:
            assert unseal(key(name), sealed[0]) == written(name)
            answers += 1
    reader.close()
    return answers


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_a_cache_whose_writers_are_killed_holds_whole_answers_only(tmp_path: Path, kills: int) -> None:
    path, chance, found = cache_path(tmp_path), random.Random(kills), 0
    with Writers(path) as writers:
        for kill in range(kills):
            pids = writers.start(2 * kill, 2 * kill + 1)
            time.sleep(chance.random() / 2)  # any moment will do
            writers.kill(pids)
            found += whole(path)
    file = EntriesFile(path, NOON)
    assert file.db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    while make_room(file, LIMITS, NOON):
        pass
    assert used_bytes(file.db) <= LIMITS.size_bytes
    file.close()
    assert found > 0
