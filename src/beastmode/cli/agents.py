"""`beast agents`."""

from __future__ import annotations

import json
import os

import typer

from beastmode.cli.app import new_app
from beastmode.cli.columns import in_columns
from beastmode.cli.words import safe
from beastmode.compose.opening.agents import all_agents, as_object
from beastmode.runner.agents.find import Seen

app = new_app()

_HEAD = ("AGENT", "VERSION", "LOGIN", "THROUGH THE GATEWAY", "WHERE")


@app.command()
def agents(
    as_json: bool = typer.Option(False, "--json", help="Print them as JSON on stdout."),
) -> None:
    """List the coding agents: which of them are here, and how each is logged in."""
    seen = all_agents(os.environ)
    if as_json:
        print(json.dumps([as_object(one) for one in seen], indent=2))
        return
    notes = [f"{one.agent.name}: {safe(one.login.why)}" for one in seen if one.program and one.login.why]
    notes += [f"{one.agent.name}: {safe(one.trouble)}" for one in seen if one.trouble]
    rows = [_HEAD, *map(_row, seen)]
    print("\n".join([*in_columns(rows), *notes, "Look closer with: beast doctor --agent NAME"]))


def _row(seen: Seen) -> tuple[str, ...]:
    login = seen.login
    if seen.program is None:
        return (seen.agent.name, "-", login.how, "-", f"not on PATH: {seen.agent.install}")
    passes = "-" if login.how == "none" else "yes" if login.passes_gateway else "no: --gateway none"
    return (seen.agent.name, seen.version or "?", login.how, passes, safe(seen.program))
