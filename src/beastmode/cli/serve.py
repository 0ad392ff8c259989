"""`beast serve`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import typer

from beastmode.cli.app import new_app
from beastmode.errors import SettingError
from beastmode.runner.home import HOME
from beastmode.settings import parse_concurrency, parse_duration, parse_rates

T = TypeVar("T")

app = new_app()


@app.command()
def serve(
    upstream: str = typer.Option(help="The model server: its base URL, with or without /v1."),
    upstream_key_env: str = typer.Option(
        "", help="The variable that holds its key. Without: clients bring theirs."
    ),
    host: str = typer.Option("127.0.0.1", help="Address to listen on."),
    port: int = typer.Option(8080, min=0, max=65535, help="Port to listen on; 0 for any that is free."),
    rate: str = typer.Option("8/s", help="Requests that the upstream bears: 8/s, 60/min, none."),
    upstream_concurrency: str = typer.Option("3", help="Requests in flight that it bears: a number or none."),
    queue_timeout: str = typer.Option("15m", help="How long a request waits in line before it gets 503."),
    home: Path = typer.Option(Path(HOME), help="Where the ledger lives.", envvar="BEAST_HOME"),
) -> None:
    """Put a gateway in front of a model server: every request paced, recorded, explained."""
    from beastmode.compose.serving import Serving  # 0.3 s to load: --help does without
    from beastmode.compose.serving import serve as run
    from beastmode.gateway.limits import ProxyLimits

    serving = Serving(
        upstream,
        upstream_key_env,
        host,
        port,
        _understood(upstream_concurrency, parse_concurrency, "--upstream-concurrency"),
        _understood(rate, parse_rates, "--rate"),
        home,
        limits=ProxyLimits(queue_timeout_s=_understood(queue_timeout, parse_duration, "--queue-timeout")),
    )

    def started(at: int) -> None:
        print(
            f"Serving http://{host}:{at} in front of {upstream}: at most {upstream_concurrency} in flight, {rate}. "
            "Point clients there; Ctrl-C ends it.",
            file=sys.stderr,
            flush=True,
        )

    run(serving, started)


def _understood(text: str, parse: Callable[[str], T], flag: str) -> T:
    try:
        return parse(text)
    except SettingError as error:
        raise SettingError(error.what, where=flag, tip=error.tip) from None
