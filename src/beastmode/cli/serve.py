"""`beast serve`."""

from __future__ import annotations

import inspect
import os
import sys
from typing import Any

import typer

from beastmode.cli.app import new_app
from beastmode.compose.serve_table import SETTINGS, Setting

app = new_app()


def serve(config: str | None, **given: Any) -> None:
    """Put a gateway in front of a model server: every request paced, recorded, explained.

    Each setting may also stand in beast.toml, or in a variable: --queue-timeout is BEAST_SERVE_QUEUE_TIMEOUT. A flag
    wins over a variable, that over the file.
    """
    from beastmode.compose.serve_choice import choose  # 0.3 s to load: --help does without
    from beastmode.compose.serving import serve as run

    serving = choose(given, os.environ, config, tell=_tell).serving

    def started(at: int) -> None:
        host = f"[{serving.host}]" if ":" in serving.host else serving.host
        where = f"{'https' if serving.tls_cert else 'http'}://{host}:{at}"
        print(f"Serving {where} {in_front_of(serving)} Point clients there; Ctrl-C ends it.", file=sys.stderr)
        sys.stderr.flush()

    run(serving, started)


def _tell(note: str) -> None:
    print(note, file=sys.stderr)


def in_front_of(serving: Any) -> str:
    """What a gateway stands in front of, and how hard that is hit."""
    told = []
    for one in serving.upstreams:
        rates = ", ".join(map(str, one.rates)) or "any rate"
        told.append(f"{one.url} (at most {one.concurrency or 'any number'} in flight, {rates})")
    return f"in front of {', then '.join(told)}."


def _option(setting: Setting) -> inspect.Parameter:
    default = f" Default {setting.default}." if setting.default else ""
    many = setting.name == "upstream"
    option = typer.Option(None, setting.flag, help=setting.help + default, metavar=_metavar(setting))
    kind = list[str] | None if many else str | None
    return inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=kind)


def _metavar(setting: Setting) -> str:
    words = setting.form.schema.get("enum")
    return "|".join(words) if words else "TEXT"


_CONFIG = typer.Option(
    None, "--config", metavar="FILE", help="File of settings. Default ./beast.toml, where there is one."
)
_PARAMETERS = [
    inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=_CONFIG, annotation=str | None),
    *map(_option, SETTINGS),
]
# Typer reads flags off a signature; these come from the table, so that no flag can differ from it.
serve.__signature__ = inspect.Signature(_PARAMETERS)  # type: ignore[attr-defined]
serve.__annotations__ = {one.name: one.annotation for one in _PARAMETERS}
app.command()(serve)
