"""`beast`: finds the command and loads only that; turns errors into words and exit codes."""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from beastmode import __version__
from beastmode.cli.streams import forgive_lost_readers
from beastmode.errors import (
    EXIT_DONE,
    EXIT_INPUT,
    EXIT_INTERRUPTED,
    BeastError,
    OutputError,
    PreconditionError,
)

COMMANDS = {
    "run": "Run a roadmap in parallel, safely, to the end; or go on where it stopped.",
    "plan": "Show the tasks of a roadmap, their order, and the lines that were not taken.",
    "try": "Run one task of a roadmap to its end, and say what all of them would take and cost.",
    "status": "Show how a run stands.",
    "runs": "List the runs of this home.",
    "logs": "Show what an attempt of a task printed.",
    "pause": "Let no attempt of a run, or of a task, begin until it is resumed.",
    "resume": "Go on where a pause has stopped.",
    "cancel": "End a run, or one of its tasks, for good.",
    "retry": "Have what failed or was cancelled done again.",
    "limits": "Show the limits of a run, or change them while it is at work.",
    "approve": "Let a task begin for which the list wants a person's word.",
    "answer": "Give a note to the next attempt of a task; one that waits goes on with it.",
    "review": "Show what waits for a person; take it, give it up, or have it done again with a note.",
    "diff": "Show what a task changed.",
    "merge": "Bring what a run has merged into the branch that you are on.",
    "ui": "Show runs and requests in the browser, as they happen.",
    "report": "Write the report of a run again and show where it is.",
    "requests": "List what went through the gateway, newest first, with what went wrong and what to do.",
    "replay": "Send a recorded request again, through a gateway or straight to its upstream.",
    "cache": "Show what is kept of answers, or forget it.",
    "keys": "Make, list, change and take away the keys that a gateway asks for.",
    "serve": "Put a gateway in front of a model server: requests paced, recorded, explained.",
    "agents": "List the coding agents that are here, and how each is logged in.",
    "clean": "Remove worktrees and branches of runs that hold nothing more; show what is kept, and why.",
    "explain": "Say what an error means, whether a retry can help, and what to do.",
    "doctor": "Look at what a run needs, before it costs anything.",
    "schema": "Print the JSON Schema of the native roadmap format, or of beast.toml, for editors.",
}
"""What each command is for. Kept here so that `beast --help` loads none of them: it answers at once."""


_UsageError: Any = typer.BadParameter.__bases__[0]
"""Of click, which newer versions of typer bring along under a name of their own."""


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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}. {_guess(args[0])}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # of which Typer would make an exit code without a word
            raise typer.Abort from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _guess(word: str) -> str:
    if Path(word).exists():
        return f"To run a roadmap: beast run {shlex.quote(word)}"
    near = get_close_matches(word, COMMANDS, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(COMMANDS)}."


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
    """The `beast` command. Exit codes: docs/states.md."""
    if sys.platform == "win32":
        sys.exit("beast needs Linux or macOS. On Windows, install WSL (`wsl --install`) and run it there.")
    forgive_lost_readers()
    try:
        code = answer(sys.argv[1:])
        sys.stdout.flush()
    except OutputError as error:
        print(f"beast: {error}", file=sys.stderr)
        os._exit(error.exit_code)  # Python would try to write the rest at its end
    sys.exit(code)


def answer(arguments: list[str]) -> int:
    """Do what the arguments say, and return the exit code. What a person can do wrong ends in words here.

    Raises OutputError where stdout cannot be written.
    """
    try:
        return app(args=arguments, prog_name="beast", standalone_mode=False) or EXIT_DONE
    except _UsageError as error:
        error.show()
        fault = {"what": error.format_message(), "where": "", "tip": "See `beast --help`.", "problems": []}
        return _said(arguments, EXIT_INPUT, "error", fault)
    except OutputError:
        raise
    except BeastError as error:
        return _refused(arguments, error)
    except FileNotFoundError:
        if _is_somewhere():
            raise
        tip = "Go to a folder that is there, then run it again."
        return _refused(arguments, PreconditionError("the folder that this is run in was deleted", tip=tip))
    except OSError as error:
        if error.errno not in _OF_A_PATH:
            raise
        what, tip = _OF_A_PATH[error.errno]
        where = str(error.filename or "") if error.errno == errno.EACCES else ""
        return _refused(arguments, PreconditionError(what, where=where, tip=tip))
    except (KeyboardInterrupt, typer.Abort):
        print("beast: interrupted", file=sys.stderr)
        return _said(arguments, EXIT_INTERRUPTED, "interrupted", None)


_OF_A_PATH = {
    errno.EACCES: ("this user may not look there", "Name another place, or give this user the right to it."),
    errno.ENAMETOOLONG: (
        "a path is longer than any can be",
        "Write one whose names have at most 255 bytes each, and all of them together 4,095.",
    ),
}
"""What the system says of a path that a person has named, the home above all."""


def _refused(arguments: list[str], error: BeastError) -> int:
    print(f"beast: {error}", file=sys.stderr)
    return _said(arguments, error.exit_code, "error", error.as_json())


def _is_somewhere() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


def _said(arguments: list[str], code: int, state: str, fault: dict[str, Any] | None) -> int:
    """With --json, a program that reads stdout gets one object whatever happens; on one line, as --jsonl has it."""
    if "--json" in arguments:
        print(json.dumps({"state": state, "exit_code": code, "error": fault}))
    return code


if __name__ == "__main__":
    main()
