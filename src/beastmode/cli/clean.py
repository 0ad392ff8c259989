"""`beast clean`."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.cli.columns import in_columns
from beastmode.cli.words import safe
from beastmode.runner.code.cleaning import Cleaning, Item, clean
from beastmode.runner.code.repository import repository_at

app = new_app()


@app.command(name="clean")
def clean_command(
    names: list[str] = typer.Argument(
        None, help="What goes although it holds something: runs (r7), tasks (r7/one), branches, paths."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would be removed."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON on stdout."),
) -> None:
    """Remove what runs have left in this repository: worktrees, branches, temporary files.

    Only what holds nothing more goes: merged, committed, nothing ignored that is nowhere else. The rest is kept, and
    shown with the reason and the command that removes it all the same.
    """
    done = asyncio.run(_clean(list(names or ()), dry_run))
    if as_json:
        print(json.dumps(_as_object(done, dry_run), indent=2))
        return
    lines = [("would go" if dry_run else "removed", item.kind, _short(item), "") for item in done.removed]
    lines += [("kept", item.kind, _short(item), _why(item)) for item in done.kept]
    print("\n".join(in_columns(lines)) if lines else "There is nothing that a run has left here.")


async def _clean(names: list[str], dry_run: bool) -> Cleaning:
    return await clean(await repository_at(Path.cwd()), names, dry=dry_run)


def _short(item: Item) -> str:
    home = str(Path.home())
    name = item.name
    return safe(f"~{name.removeprefix(home)}" if name.startswith(f"{home}/") else name)


def _why(item: Item) -> str:
    if item.used:
        return safe(item.used)
    return f"{safe(item.holds)}; {_command(item)}"


def _command(item: Item) -> str:
    return f"beast clean {shlex.quote(item.named_by)}"


def _as_object(done: Cleaning, dry_run: bool) -> dict[str, Any]:
    removed = [_plain(item) for item in done.removed]
    kept = [{**_plain(item), "why": item.used or item.holds, "command": _command(item)} for item in done.kept]
    return {"dry_run": dry_run, "removed": removed, "kept": kept}


def _plain(item: Item) -> dict[str, str]:
    return {"kind": item.kind, "name": item.name, "run": item.run, "task": item.task}
