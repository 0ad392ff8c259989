"""Machine: Python, git and the system that a run would use."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from beastmode.doctor.findings import Fact, Finding

_PATIENCE_S = 10.0


def look_at_python() -> Fact:
    """Versions, for whoever is asked for help. An older Python could not even load this."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Fact(
        "python",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {system}, {os.cpu_count()} CPUs",
    )


def look_at_git(folder: Path, environment: Mapping[str, str]) -> Iterator[Finding | Fact]:
    """git and, inside of a work tree, the identity that commits would have.   folder: where the run begins."""
    git = shutil.which("git", path=environment.get("PATH"))
    if git is None:
        tip = "Install git (Debian: apt-get install git); work is kept apart and brought together by it."
        yield Finding("git", "git was not found on PATH", tip)
        return
    version = _said([git, "--version"], folder, environment)
    yield Fact("git", version or git)
    if _said([git, "rev-parse", "--is-inside-work-tree"], folder, environment) != "true":
        return
    missing = [
        name for name in ("user.name", "user.email") if not _said([git, "config", name], folder, environment)
    ]
    if missing and not environment.get("GIT_AUTHOR_EMAIL"):
        tip = "Set who commits: " + " && ".join(f'git config {name} "…"' for name in missing)
        yield Finding("git_identity", f"git has no {' and no '.join(missing)}: commits fail", tip)


def _said(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """What a command printed; "" where it failed or did not end in time."""
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
