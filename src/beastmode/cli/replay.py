"""`beast replay`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from beastmode.amounts import duration
from beastmode.cli.app import new_app
from beastmode.cli.words import safe, safe_lines
from beastmode.errors import EXIT_DONE, EXIT_FAILED, PreconditionError, SettingError
from beastmode.runner.home import HOME
from beastmode.safeguards.host.folder import origin
from beastmode.settings import understood
from beastmode.stamps import milliseconds

if TYPE_CHECKING:
    from beastmode.compose.serve.replaying import Answered
    from beastmode.store.ledger.entry import Entry

app = new_app()
USUAL = "http://127.0.0.1:8080"


@app.command()
def replay(
    id_: str = typer.Argument(metavar="ID", help="Of the request, as `beast requests` shows it."),
    to: str = typer.Option(
        "", "--to", help=f"Base URL of the gateway that sends it; that of --home, or {USUAL}."
    ),
    direct: bool = typer.Option(
        False, "--direct", help="Straight to the upstream that it went to, within its limits."
    ),
    key_env: str = typer.Option(
        "", "--key-env", help="The variable that holds the upstream's key, where the gateway has none."
    ),
    anyway: bool = typer.Option(
        False, "--anyway", help="Send what was recorded, also where it is not all that was sent then."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on stdout."),
    home: Path = typer.Option(Path(HOME), help="Where the ledger lives.", envvar="BEAST_HOME"),
) -> None:
    """Send a recorded request again. Exit code 0: it went well now; 1: it failed again; 2: nothing was sent."""
    import asyncio

    from beastmode.compose.serve.replaying import send_again  # 0.3 s to load: --help does without
    from beastmode.store.ledger.reading.reader import recorded

    base = "" if direct else _base(to) if to else _of(home)
    entry = recorded(home, id_)
    key = _key(key_env)
    answered = asyncio.run(send_again(entry, to=base, home=home, key=key, anyway=anyway))
    if as_json:
        print(json.dumps(_as_object(entry, answered)))
    else:
        _show(entry, answered, key)
    raise typer.Exit(EXIT_DONE if answered.failure is None else EXIT_FAILED)


def _of(home: Path) -> str:
    """Where the gateway listens that keeps the ledger of `home`, the last to begin; where none is at work, the usual
    place of one, or of a proxy in front of it."""
    from beastmode.compose.serve.signs import SERVE, signs_in

    at_work = [sign.url for sign in signs_in(home).at_work if sign.of == SERVE]
    return at_work[-1] if at_work else USUAL


def _base(to: str) -> str:
    if not to.startswith(("http://", "https://")):
        raise SettingError(f"{to!r} is no base URL", where="--to", tip="Write http:// or https:// in front.")
    understood("--to", to, origin)
    return to


def _key(variable: str) -> str:
    key = os.environ.get(variable, "") if variable else ""
    if variable and not key:
        tip = f"Set it, for example: export {variable}=…, or leave --key-env out."
        raise PreconditionError(f"the environment has no variable {variable}", tip=tip)
    return key


def _as_object(entry: Entry, answered: Answered) -> dict[str, Any]:
    failure = answered.failure
    return {
        "id": entry.id,
        "to": answered.to,
        "method": entry.method,
        "path": entry.path,
        "model": entry.model,
        "ok": failure is None,
        "status": answered.status,
        "class": failure.class_ if failure else "",
        "cause": failure.cause if failure else "",
        "tip": failure.tip if failure else "",
        "total_ms": milliseconds(answered.total_s),
        "changed": entry.sent.flaw if entry.sent else "",
        "answer": answered.body.decode("utf-8", "replace"),
    }


def _show(entry: Entry, answered: Answered, key: str) -> None:
    """What came of it on stderr, the answer itself on stdout."""
    failure, before = answered.failure, f"{entry.outcome} {entry.class_} {entry.status or ''}".strip()
    told = [
        f"{entry.id} again: {safe(entry.method)} {safe(entry.path)} {safe(entry.model)} to {answered.to}",
        f"Before:  {safe(before)}",
        f"Now:     {answered.status}, {'failed again' if failure else 'it went well'}, "
        f"after {duration(answered.total_s)}",
    ]
    if failure is not None:
        told += [
            f"Class:   {failure.class_}",
            f"Cause:   {safe(failure.cause)}",
            f"To do:   {safe(failure.tip)}",
        ]
        if failure.class_ == "auth" and not key:
            told.append(
                "         Credentials are not recorded: name the variable that holds the key with --key-env."
            )
    print("\n".join(told), file=sys.stderr)
    print(safe_lines(answered.body.decode("utf-8", "replace")))
