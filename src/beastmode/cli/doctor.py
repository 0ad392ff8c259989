"""`beast doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.cli.choosing import chosen
from beastmode.cli.flags import asked_of
from beastmode.compose.opening.examining import Examination, examine
from beastmode.doctor.findings import Diagnosis
from beastmode.errors import EXIT_DONE, EXIT_INPUT, SettingError
from beastmode.runner.home import HOME
from beastmode.settings import parse_duration

app = new_app()


@app.command()
def doctor(
    file: Path | None = typer.Argument(
        None, help="A roadmap whose needs are looked at too, or a folder with lists in it."
    ),
    upstream: str = typer.Option("", help="A model server: its base URL, with or without /v1."),
    upstream_key_env: str = typer.Option("", help="The environment variable that holds its key."),
    model: str = typer.Option("", help="A model that must exist there."),
    agent: str = typer.Option("", help="A coding agent that is looked at: its name, or its command."),
    home: Path = typer.Option(Path(HOME), help="Where the journal would live.", envvar="BEAST_HOME"),
    no_paid: bool = typer.Option(
        False, "--no-paid", help="Never send the one request of one token that may cost money."
    ),
    timeout: str = typer.Option("10s", help="For each question to a server."),
    tag: str | None = typer.Option(None, help="As of beast run."),
    skip_optional: bool = typer.Option(False, "--skip-optional", help="As of beast run."),
    as_json: bool = typer.Option(False, "--json", help="Print what was seen as JSON on stdout."),
) -> None:
    """Look at what a run needs before it costs anything. Ends with 0 where nothing is missing, else with 2."""
    if not upstream and (upstream_key_env or model):
        named = "--upstream-key-env" if upstream_key_env else "--model"
        raise SettingError(
            "it needs a server to be tried at", where=named, tip="Name the server: --upstream URL"
        )
    try:
        timeout_s = parse_duration(timeout) or 10.0
    except SettingError as error:
        raise SettingError(error.what, where="--timeout", tip=error.tip) from None
    file = None if file is None else chosen(file, "doctor")
    asked = asked_of(tag, skip_optional)
    wanted = Examination(
        file, upstream, upstream_key_env, model, home, not no_paid, timeout_s, agent=agent, asked=asked
    )
    seen = examine(wanted)
    print(json.dumps(seen.as_json(), indent=2) if as_json else as_text(seen))
    raise typer.Exit(EXIT_DONE if seen.healthy else EXIT_INPUT)


def as_text(seen: Diagnosis) -> str:
    """One line a finding with its tip, then the facts."""
    lines = [f"problem  {finding.check:<12}  {finding.what}. {finding.tip}" for finding in seen.findings]
    lines += [f"ok       {fact.check:<12}  {fact.what}" for fact in seen.facts]
    if seen.paid_requests:
        lines.append("One request of one token was sent to prove key and model; it may have cost money.")
    count = len(seen.findings)
    ending = f"{count} problem{'s' if count > 1 else ''}." if count else "Nothing is missing."
    return "\n".join([*lines, ending])
