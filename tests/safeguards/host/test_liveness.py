"""Liveness: held exactly as long as the process lives, however it ends, and by no child of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beastmode.safeguards.host.board import read_board
from beastmode.safeguards.host.liveness import TOUCH_S, Liveness, is_held
from beastmode.safeguards.host.queue import Amount

HOLDER = """
import pathlib, subprocess, sys, time
from beastmode.safeguards.host.queue import Amount
from beastmode.safeguards.host.liveness import Liveness
alive = Liveness(pathlib.Path(sys.argv[1]))
alive.board.show(Amount(2, 1, 3))
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.alive"


def test_it_is_held_until_it_is_closed(path: Path) -> None:
    assert not is_held(path)
    alive = Liveness(path)
    assert is_held(path)
    assert path.stat().st_mode & 0o777 == 0o600
    alive.close()
    assert not path.exists()
    alive.close()


def test_a_file_left_behind_is_not_held(path: Path) -> None:
    Liveness(path).close(remove=False)
    assert path.exists()
    assert not is_held(path)


def test_only_one_can_hold_it(path: Path) -> None:
    alive = Liveness(path)
    with pytest.raises(BlockingIOError):
        Liveness(path)
    alive.close()


def test_it_knows_whether_others_can_find_it(path: Path) -> None:
    alive = Liveness(path)
    assert alive.in_place()
    path.unlink()
    assert not alive.in_place()
    path.touch()
    assert not alive.in_place(), "that is another one"
    alive.close()


def test_a_file_that_was_cut_off_is_made_whole_again(path: Path) -> None:
    alive = Liveness(path)
    size = path.stat().st_size
    os.truncate(path, 0)
    assert not alive.in_place(), "what it has shown is lost"
    assert path.stat().st_size == size
    assert alive.in_place()
    alive.board.show(Amount(1, 0, 0))  # without that, this process would have ended here
    board = read_board(path)
    assert board is not None
    assert board.held == (1, 0, 0)
    alive.close()


def test_kill_9_lets_go_of_it_though_a_child_lives_on(path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    child = int(holder.stdout.readline())
    assert is_held(path)
    os.kill(holder.pid, signal.SIGSTOP)
    assert is_held(path), "a stopped process lives"
    holder.kill()
    holder.wait()
    assert not is_held(path)
    board = read_board(path)
    assert board is not None
    assert board.held == (2, 1, 3)
    os.kill(child, signal.SIGKILL)
    holder.stdout.close()


def test_a_forked_child_does_not_hold_it_for_its_parent(path: Path) -> None:
    alive = Liveness(path)
    go_read, go_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        os.read(go_read, 1)  # ends when the parent closes its end
        os._exit(0)
    os.close(go_read)
    alive.board.close()  # as the end of the process would
    os.close(alive._fd)
    alive._fd = -1
    while is_held(path):  # the child lets go as its first act; until then it may still hold it
        pass
    os.close(go_write)
    os.waitpid(child, 0)


def test_cleaners_see_that_it_is_in_use(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = Liveness(path)
    os.utime(path, (0, 0))
    alive.touch()
    assert path.stat().st_mtime == 0, "not at every operation"
    alive._touched -= TOUCH_S + 1
    alive.touch()
    assert path.stat().st_mtime > 0
    alive.close()
