"""`kill -9` of processes that write one cache together: it opens each time, and each answer is what was stored."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from beastmode.cache.sealing import unseal
from beastmode.store.entries_file import EntriesFile, cache_path
from beastmode.store.entries_reader import EntriesReader
from beastmode.store.entries_upkeep import make_room
from beastmode.store.sqlite_room import used_bytes
from tests.cache.answers import NOON, key
from tests.cache.writing import LIMITS, NAMES, written

ROOT = Path(__file__).parent.parent.parent


def at_work(path: Path, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.cache.writing", str(path), str(seed)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(process: subprocess.Popen[str]) -> None:
    """Killed in the middle of its work; what it found wrong before is told."""
    process.kill()
    _, said = process.communicate()
    assert process.returncode == -9, said


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
    for kill in range(kills):
        two = [at_work(path, seed) for seed in (2 * kill, 2 * kill + 1)]
        for process in two:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n", process.communicate()[1]
        time.sleep(chance.random() / 2)  # any moment will do
        for process in two:
            killed(process)
        found += whole(path)
    file = EntriesFile(path, NOON)
    assert file.db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    while make_room(file, LIMITS, NOON):
        pass
    assert used_bytes(file.db) <= LIMITS.size_bytes
    file.close()
    assert found > 0
