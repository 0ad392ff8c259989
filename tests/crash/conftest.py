"""What several crash tests need: a small disk of one's own, and the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SMALL = "4m"


def unavailable(what: str, why: str) -> None:
    """Skip by name where something cannot be had; where CI=true that is a failure."""
    if why and os.environ.get("CI") == "true":
        pytest.fail(f"{what} is needed: {why}")
    if why:
        pytest.skip(f"{what}: {why}")


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A tmpfs of one's own at `folder`."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    allowed = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    unavailable("a small tmpfs", "" if allowed else "it takes root to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    with mounted(tmp_path / "small", f"size={SMALL}") as folder:
        yield folder


def fill(folder: Path, leave_bytes: int = 0) -> Path:
    """Fill a disk but for `leave_bytes`; returns the file to delete."""
    path = folder / "fill"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - leave_bytes))
    assert shutil.disk_usage(folder).free <= leave_bytes + 4096
    return path


def beast(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`beast …` in a folder."""
    command = [*before, sys.executable, "-m", "beastmode", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90)
