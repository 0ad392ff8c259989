"""Repositories of git for tests: real ones, made in a moment, that read no configuration of the user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
}
NAMED = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}


def git(folder: Path, *arguments: str, **env: str) -> str:
    """What a command of git prints; it must end well."""
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, **NAMED, **env},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.rstrip("\n")


def repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    """A repository with one commit on `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return committed(folder, files or {"README": "hello\n"}, "First")


def committed(folder: Path, files: dict[str, str], message: str = "More") -> Path:
    """The same folder, with these files in a commit."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", message)
    return folder


def everything_of(folder: Path) -> dict[str, str]:
    """What must not change in a user's checkout: branch, branches, index, configuration, hooks, stash, files."""
    own = git(folder, "for-each-ref", "--format=%(refname) %(objectname)")
    state = {
        "head": (folder / ".git/HEAD").read_text(encoding="utf-8"),
        "refs": "\n".join(
            line for line in own.splitlines() if "refs/heads/beast/" not in line and "refs/beast/" not in line
        ),
        "status": git(folder, "status", "--porcelain", "--ignored"),
        "config": (folder / ".git/config").read_text(encoding="utf-8"),
        "exclude": (folder / ".git/info/exclude").read_text(encoding="utf-8"),
        "hooks": "\n".join(sorted(path.name for path in (folder / ".git/hooks").iterdir())),
    }
    return state | {"index": (folder / ".git/index").read_bytes().hex()}
