"""`beast ui`."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from beastmode.cli.app import new_app
from beastmode.runner.home import HOME

app = new_app()


@app.command()
def ui(
    port: int | None = typer.Option(
        None, min=0, max=65535, help="Where to listen on this machine; 0: any that is free. Default 8090."
    ),
    home: Path = typer.Option(Path(HOME), help="Where the journal lives.", envvar="BEAST_HOME"),
) -> None:
    """Show runs and requests in the browser, as they happen, and change them with the key that its link carries."""
    from beastmode.compose.ui.serving import serve_ui  # 0.3 s to load: --help does without

    serve_ui(home, port, lambda url: print(f"Open {url} Ctrl-C ends it.", file=sys.stderr, flush=True))
