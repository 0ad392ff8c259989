"""`beast explain`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import typer

from beastmode.cli.app import new_app
from beastmode.cli.cases import answers
from beastmode.cli.explained import as_object, as_text
from beastmode.errors import EXIT_DONE, EXIT_INPUT, SettingError
from beastmode.failures.pasted import from_text
from beastmode.failures.secrets import Secrets

app = new_app()

MOST_BYTES = 4 * 1024 * 1024
"""Of a longer log its end is read: what it says last is what it ended on."""
_HOW = "Paste an error into it: beast explain < build.log, or: curl -i URL | beast explain"
_HOW_LINES = "beast explain --json --jsonl < cases.jsonl"


@app.command()
def explain(
    files: list[Path] | None = typer.Argument(
        None, help="Logs, tracebacks, answers of curl -i. Default: stdin."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print class, retryable, retry_after_s, cause, tip."),
    as_lines: bool = typer.Option(
        False, "--jsonl", help="With --json: stdin holds one case a line; each is answered on one line."
    ),
) -> None:
    """Say what an error means, whether a retry can help and when, and what to do.

    Ends with 0, and with 2 where there is nothing to read or a line of --jsonl is no case.
    """
    secrets = Secrets.of_environment(os.environ)
    if as_lines:
        if not as_json or files:
            raise SettingError(
                "cases are read from stdin and answered in JSON", where="--jsonl", tip=_HOW_LINES
            )
        raise typer.Exit(_explain_lines(secrets))
    for index, (name, text) in enumerate(_texts(files or [])):
        failure = secrets.hide_in(from_text(secrets.hide(text), now_unix=time.time()))
        if as_json:
            print(json.dumps(as_object(failure)))
            continue
        if files and len(files) > 1:
            print(f"{chr(10) if index else ''}==> {name} <==")
        print(as_text(failure))


def _explain_lines(secrets: Secrets) -> int:
    """Answer every line, also after a broken one. The exit code."""
    stream, code, given = sys.stdin.buffer, EXIT_DONE, False
    if not sys.stdin.isatty():
        for answer in answers(stream, secrets):
            given = True
            code = EXIT_INPUT if "error" in answer else code
            print(json.dumps(answer), flush=True)
    if not given:
        raise SettingError("nothing was given", where="stdin", tip=_HOW_LINES)
    return code


def _texts(files: list[Path]) -> Iterator[tuple[str, str]]:
    """What is to be explained, each with its name."""
    if not files:
        if sys.stdin.isatty():
            raise SettingError("nothing was given", where="stdin", tip=_HOW)
        yield _checked("stdin", _end_of_stream(sys.stdin.buffer))
    for file in files:
        try:
            with file.open("rb") as opened:
                yield _checked(str(file), _end_of_file(opened))
        except OSError as error:
            raise SettingError(f"it cannot be read: {error.strerror}", where=str(file)) from None


def _checked(name: str, raw: bytes) -> tuple[str, str]:
    text = raw.decode("utf-8", "replace")
    if not text.strip():
        raise SettingError("it is empty: there is no error in it", where=name, tip=_HOW)
    return name, text


def _end_of_file(opened: BinaryIO) -> bytes:
    """The end of a file, without reading what is before; of a pipe, what comes last."""
    if not opened.seekable():
        return _end_of_stream(opened)
    size = opened.seek(0, os.SEEK_END)
    opened.seek(max(0, size - MOST_BYTES))
    return opened.read(MOST_BYTES)


def _end_of_stream(stream: BinaryIO) -> bytes:
    """The last of what comes, however much it is, in bounded memory."""
    kept = bytearray()
    while piece := stream.read(1 << 16):
        kept += piece
        if len(kept) > 2 * MOST_BYTES:
            del kept[:-MOST_BYTES]
    return bytes(kept[-MOST_BYTES:])
