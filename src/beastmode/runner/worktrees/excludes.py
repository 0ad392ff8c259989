"""Excludes: a file of our own that tells git what to ignore in a worktree; the user's stay as they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from beastmode.runner.code.git import Git

_SPECIAL = re.compile(r"([\\*?\[\]!# ])")


async def users_excludes(git: Git) -> str:
    """What the user has told git to ignore everywhere: our file takes its place, so it begins with that."""
    code, out, _ = await git.run("config", "--type=path", "core.excludesFile")
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    path = Path(os.fsdecode(out.rstrip(b"\n"))) if code == 0 else Path(home, "git/ignore")
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n") + "\n"
    except OSError:
        return ""


def lines_for(paths: Iterable[str]) -> str:
    """Lines of an ignore file that mean these very paths, relative to the top."""
    plain = [_SPECIAL.sub(r"\\\1", path) for path in paths if "\n" not in path]
    return "".join(f"/{path}\n" for path in plain)


def as_environment(file: Path, outer: Mapping[str, str]) -> dict[str, str]:
    """The variables by which all git below a process ignores what a file names, and asks nobody anything: no signature,
    no message, no password, for nobody is there.   outer: its other variables."""
    settings = {"core.excludesFile": str(file), "commit.gpgSign": "false", "tag.gpgSign": "false"}
    return {**settings_of(settings, outer), "GIT_EDITOR": "true", "GIT_TERMINAL_PROMPT": "0"}


def settings_of(settings: Mapping[str, str], outer: Mapping[str, str]) -> dict[str, str]:
    """The variables by which all git below a process has some settings, whatever its files say.   outer: its other
    variables, which may have such settings already."""
    first = int(outer.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings.items(), first):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
