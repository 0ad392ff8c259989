"""`beast merge`."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

from beastmode.amounts import counted
from beastmode.cli.app import new_app
from beastmode.cli.history import find_run
from beastmode.cli.words import safe
from beastmode.errors import PreconditionError
from beastmode.runner.code.bring import Bringing, command_of, look
from beastmode.runner.code.changes import git_at
from beastmode.runner.code.git import Git
from beastmode.runner.home import HOME

app = new_app()

_SHOWN = 50


@app.command()
def merge(
    run: str = typer.Argument("", help="A run, like r7. Default: the latest."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be done, and do nothing."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on stdout."),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Bring what a run has merged into the branch that you are on, by git's own merge."""
    name = f"r{find_run(home, run).run}"
    git, bringing = asyncio.run(_look(name))
    done = bool(bringing.commits) and not dry_run
    if done:
        _merge(git, command_of(name, bringing))
    if as_json:
        print(json.dumps(_as_object(name, bringing, done), indent=2))
    else:
        print("\n".join(_lines(name, bringing, done)))


async def _look(run: str) -> tuple[Git, Bringing]:
    git = await git_at(Path.cwd())
    return git, await look(git, run)


def _merge(git: Git, command: list[str]) -> None:
    """As the user would: with the hooks, the name and the signature that are configured."""
    ended = subprocess.run(command, cwd=git.folder, stdout=sys.stderr, check=False)
    if ended.returncode:
        tip = f"It said why above. By hand: {shlex.join(command)}"
        raise PreconditionError("git did not merge it", where=str(git.folder), tip=tip)


def _as_object(run: str, bringing: Bringing, done: bool) -> dict[str, Any]:
    return {
        "run_id": run,
        "branch": bringing.branch,
        "from": bringing.head,
        "result": bringing.result,
        "fast_forward": bringing.forward,
        "commits": [{"commit": commit, "subject": safe(subject)} for commit, subject in bringing.commits],
        "files": [safe(name) for name in bringing.files],
        "command": command_of(run, bringing),
        "merged": done,
    }


def _lines(run: str, bringing: Bringing, done: bool) -> list[str]:
    branch = safe(bringing.branch)
    if not bringing.commits:
        return [f"{branch} has all of beast/{run}/result already."]
    what = f"{counted(len(bringing.commits), 'commit')}, {counted(len(bringing.files), 'file')}"
    how = "moved on" if bringing.forward else "with a merge commit"
    lines = [f"{'Merged' if done else 'Would merge'} beast/{run}/result into {branch}, {how}: {what}."]
    lines += [f"  {commit[:12]} {safe(subject)}" for commit, subject in bringing.commits[:_SHOWN]]
    if len(bringing.commits) > _SHOWN:
        lines.append(f"  … and {len(bringing.commits) - _SHOWN} more")
    if done:
        return [*lines, f"To take it back: git reset --keep {bringing.head[:12]}"]
    return [*lines, f"In git's own words: {shlex.join(command_of(run, bringing))}"]
