"""`beast serve`."""

from __future__ import annotations

import inspect
import os
import shlex
import sys
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from beastmode.addresses import in_url
from beastmode.cli.app import new_app
from beastmode.compose.serve.settings.table import SETTINGS, Setting
from beastmode.errors import EXIT_DONE, EXIT_INPUT

if TYPE_CHECKING:
    from beastmode.compose.serve.settings.choice import Choice
    from beastmode.compose.serve.settings.serving import Serving
    from beastmode.compose.ui.mount import Mount
    from beastmode.telemetry.logs import Logs

app = new_app()


def serve(config: str | None, check: bool, **given: Any) -> None:
    """Put a gateway in front of a model server: every request paced, recorded, explained.

    Each setting may also stand in beast.toml, or in a variable: --queue-timeout is BEAST_SERVE_QUEUE_TIMEOUT. A flag
    wins over a variable, that over the file.
    """
    from beastmode.compose.serve.server import serve as run
    from beastmode.compose.serve.settings.choice import choose  # 0.3 s to load: --help does without

    choice = choose(given, os.environ, config, tell=_tell)
    if check:
        raise typer.Exit(_checked(choice))
    serving = choice.serving

    with _dashboard_of(serving) as dashboard:

        def started(at: int) -> None:
            _greet(serving, at, dashboard)
            if dashboard is not None:
                dashboard.start(soon=True)

        run(serving, started, _tell, choice.chosen, _again())


def _again() -> str:
    """The command that begins it once more, wherever somebody gives it; "" in a folder that is gone."""
    try:
        return f"cd {shlex.quote(os.getcwd())} && {shlex.join(['beast', *sys.argv[1:]])}"
    except OSError:
        return ""


def _dashboard_of(serving: Serving) -> AbstractContextManager[Mount | None]:
    if not serving.ui:
        return nullcontext()
    from beastmode.compose.ui.mount import Mount  # who does without it does without sockets and threads

    return Mount(
        serving.home,
        serving.host,
        serving.ui_port,
        partial(_alarm, as_json=serving.log_format == "json"),
        tls_cert=serving.tls_cert,
        tls_key=serving.tls_key,
        but_not=serving.port,
    )


def _greet(serving: Serving, at: int, dashboard: Mount | None) -> None:
    where = f"{'https' if serving.tls_cert else 'http'}://{in_url(serving.host)}:{at}"
    if serving.log_format == "json":
        # Without its key: who reads the logs of a server may be many.
        from beastmode.telemetry.logs import STARTED

        shown = dashboard.address if dashboard else ""
        _logs().tell("info", STARTED, url=where, dashboard=shown, cause=in_front_of(serving))
        return
    _tell(f"Serving {where} {in_front_of(serving)} Point clients there; Ctrl-C ends it.")
    if dashboard is not None:
        _tell(f"Dashboard: {dashboard.link}{dashboard.note}")


def _alarm(words: str, *, as_json: bool) -> None:
    if as_json:
        _logs().alarm(words)
    else:
        _tell(f"beast: {words}")


def _checked(choice: Choice) -> int:
    """Show what holds and what was seen; the exit code."""
    from beastmode.cli.choice_text import as_table
    from beastmode.cli.doctor import as_text
    from beastmode.compose.serve.check import check

    checked = check(choice.serving)
    print(as_table(choice.chosen, checked.secrets.hide))
    print()
    print(as_text(checked.seen))
    return EXIT_DONE if checked.seen.healthy else EXIT_INPUT


def _logs() -> Logs:
    """Lines for programs, whatever the level: what waits for the gateway waits for the first."""
    from beastmode.failures.words import masked
    from beastmode.telemetry.logs import Logs

    return Logs(_tell, format_="json", level="info", hide=masked, unix=time.time)


def _tell(note: str) -> None:
    with suppress(OSError):  # a log that cannot be written is no reason to stop
        print(note, file=sys.stderr, flush=True)


def in_front_of(serving: Serving) -> str:
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
_CHECK = typer.Option(
    False, "--check", help="Show what holds and where it came from, look at all that is needed, and end."
)
_PARAMETERS = [
    inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=_CONFIG, annotation=str | None),
    inspect.Parameter("check", inspect.Parameter.KEYWORD_ONLY, default=_CHECK, annotation=bool),
    *map(_option, SETTINGS),
]
# Typer reads flags off a signature; these come from the table, so that no flag can differ from it.
serve.__signature__ = inspect.Signature(_PARAMETERS)  # type: ignore[attr-defined]
serve.__annotations__ = {one.name: one.annotation for one in _PARAMETERS}
app.command()(serve)
