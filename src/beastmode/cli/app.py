"""`beast`: finds the command and loads only that; turns errors into words and exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from beastmode import __version__
from beastmode.errors import EXIT_INPUT, EXIT_INTERRUPTED, BeastError

COMMANDS = {
    "run": "Run a roadmap in parallel, safely, to the end; or go on where it stopped.",
    "plan": "Show the tasks of a roadmap, their order, and the lines that were not taken.",
    "status": "Show how a run stands.",
    "runs": "List the runs of this home.",
    "logs": "Show what an attempt of a task printed.",
    "report": "Write the report of a run again and show where it is.",
    "explain": "Say what an error means, whether a retry can help, and what to do.",
    "doctor": "Look at what a run needs, before it costs anything.",
    "schema": "Print the JSON Schema of the native roadmap format, for editors.",
}
"""What each command is for. Kept here so that `beast --help` loads none of them: it answers at once."""


class _Lazy(TyperGroup):
    """Loads `beastmode.cli.<command>` when that command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = get_command(import_module(f"beastmode.cli.{cmd_name}").app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def new_app(**options: Any) -> typer.Typer:
    """A Typer app as all commands here are made: plain help, no rich tracebacks."""
    return typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, **options)


app = new_app(cls=_Lazy, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and end.", is_eager=True),
) -> None:
    """Run a roadmap in parallel, safely, to the end."""
    if version:
        print(f"beast {__version__}")
        raise typer.Exit


def main() -> None:
    """The `beast` command. Exit codes: docs/exit-codes.md."""
    if sys.platform == "win32":
        sys.exit("beast needs Linux or macOS. On Windows, install WSL (`wsl --install`) and run it there.")
    try:
        app()
    except BeastError as error:
        print(f"beast: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; so do we
        sys.exit(EXIT_INPUT)


if __name__ == "__main__":
    main()
