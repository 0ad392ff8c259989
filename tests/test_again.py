"""What is run again is counted and shown, and what is broken stays red."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.again import MOST

ROOT = Path(__file__).parents[1]
STUTTERS = """
from pathlib import Path
def test_stutters_{number}():
    path = Path(__file__).with_suffix(".once{number}")
    if not path.exists():
        path.touch()
        assert False, "a stutter of the machine"
"""
BROKEN = "def test_broken():\n    assert False\n"


def ran(folder: Path, tests: str, *flags: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    (folder / "test_these.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-p", "tests.again", "--reruns", "1", *flags, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


@pytest.mark.parametrize("flags", [(), ("-n", "2")])
def test_a_stutter_passes_and_is_shown_and_counted(tmp_path: Path, flags: tuple[str, ...]) -> None:
    code, said = ran(tmp_path, STUTTERS.format(number=1), *flags)
    assert (code, "1 passed, 1 rerun" in said) == (0, True), said
    assert "failed at first: " in said
    assert "a stutter of the machine" in said


def test_what_is_broken_fails(tmp_path: Path) -> None:
    code, said = ran(tmp_path, BROKEN)
    assert (code, "1 failed, 1 rerun" in said) == (1, True), said


@pytest.mark.parametrize("flags", [(), ("-n", "2")])
def test_many_stutters_are_none(tmp_path: Path, flags: tuple[str, ...]) -> None:
    many = "".join(STUTTERS.format(number=number) for number in range(MOST + 1))
    code, said = ran(tmp_path, many, *flags)
    assert (code, f"{MOST + 1} passed, {MOST + 1} rerun" in said) == (1, True), said
    assert f"{MOST + 1} tests failed at first, where {MOST} are borne" in said
