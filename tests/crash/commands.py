"""Processes that the crash tests start: `beast` itself, and workers that play and kill runs side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WORKERS = 2
MOST_S = 600


def unavailable(what: str, why: str) -> None:
    """Skip by name where something cannot be had; where CI=true that is a failure."""
    if why and os.environ.get("CI") == "true":
        pytest.fail(f"{what} is needed: {why}")
    if why:
        pytest.skip(f"{what}: {why}")


def beast(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`beast …` in a folder."""
    command = [*before, sys.executable, "-m", "beastmode", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90)


def workers(module: str, *arguments: list[str]) -> list[dict[str, Any]]:
    """Let processes of a module of this folder run side by side; returns the lines of JSON that they printed."""
    command = [sys.executable, "-m", f"tests.crash.{module}"]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    running = [
        subprocess.Popen([*command, *some], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        for some in arguments
    ]
    outputs = [worker.communicate(timeout=MOST_S)[0] for worker in running]
    assert [worker.returncode for worker in running] == [0] * len(running)
    return [json.loads(line) for output in outputs for line in output.splitlines()]
