"""`beast requests`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from beastmode.amounts import duration, usd
from beastmode.cli import request_in_full
from beastmode.cli.app import new_app
from beastmode.cli.columns import in_columns
from beastmode.cli.words import safe
from beastmode.errors import SettingError
from beastmode.failures.tips import TIPS
from beastmode.runner.home import HOME
from beastmode.stamps import milliseconds, rfc3339
from beastmode.store.ledger.entry import GONE_WRONG, Entry
from beastmode.store.ledger.reading.reader import reader_of

app = new_app()

_HEAD = (
    "RECEIVED (UTC)",
    "ID",
    "OUTCOME",
    "STATUS",
    "MODEL",
    "CACHE",
    "QUEUE",
    "TOTAL",
    "IN",
    "OUT",
    "USD",
    "TASK",
)
_LINES = 200
"""Lines of the table that share their widths; a longer table does not wait for its last line."""


@app.command()
def requests(
    id_: str = typer.Argument("", metavar="[ID]", help="Show this one in full instead of the list."),
    failed: bool = typer.Option(
        False, "--failed", help="Only what failed, was rejected or was killed, with its tip."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object a line on stdout."),
    last: int = typer.Option(100, "--last", min=1, help="At most so many, the newest."),
    class_: str = typer.Option("", "--class", help="Only failures of this class, like rate_limit."),
    model: str = typer.Option("", "--model", help="Only requests for this model."),
    bodies: bool = typer.Option(False, "--bodies", help="With an ID: its bodies too, where they were kept."),
    home: Path = typer.Option(Path(HOME), help="Where the ledger lives.", envvar="BEAST_HOME"),
) -> None:
    """List what went through the gateway, newest first; or show one request in full."""
    _is_a_class(class_)
    reader = reader_of(home)
    try:
        if id_:
            _show(reader.find(id_), as_json, bodies)
            return
        entries = reader.requests(last, gone_wrong=failed, class_=class_, model=model)
        lines = map(json.dumps, map(as_object, entries)) if as_json else _table(entries)
        if not _print_all(lines) and not as_json:
            print("No request here fits.", file=sys.stderr)
    finally:
        reader.close()


def _is_a_class(class_: str) -> None:
    """Raises SettingError where no failure can be of it: an empty list would say that none was."""
    if not class_ or class_ in TIPS:
        return
    near = get_close_matches(class_.lower().replace("-", "_"), TIPS, n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    tip = f"{guess}There are {', '.join(sorted(TIPS))}."
    raise SettingError(f"{class_!r} is no class of failures", where="--class", tip=tip)


def _show(entry: Entry, as_json: bool, bodies: bool) -> None:
    whole = request_in_full.as_object(entry, as_object(entry), bodies=bodies)
    _print_all([json.dumps(whole)] if as_json else request_in_full.as_lines(whole))


def _print_all(lines: Iterable[str]) -> int:
    """Print each as it comes, as long as somebody reads (`| head`). How many there were."""
    number = 0
    for number, line in enumerate(lines, start=1):  # noqa: B007 it is the number of the last
        print(line)
        if getattr(sys.stdout, "lost", False):
            break
    return number


def as_object(entry: Entry) -> dict[str, Any]:
    """A request as others read it. None is not known; times are in milliseconds, `at` is RFC 3339 in UTC."""
    return {
        "id": entry.id,
        "at": rfc3339(entry.received_unix),
        "outcome": entry.outcome,
        "status": entry.status,
        "class": entry.class_,
        "tip": entry.tip,
        "model": entry.model,
        "dialect": entry.dialect,
        "cache": entry.cache,
        "queue_ms": milliseconds(entry.queue_s),
        "total_ms": milliseconds(entry.total_s),
        "tokens_in": entry.tokens_in,
        "tokens_out": entry.tokens_out,
        "cost_usd": entry.cost_usd,
        "run": entry.run,
        "task": entry.task,
        "attempt": entry.attempt,
    }


def _table(entries: Iterable[Entry]) -> Iterator[str]:
    """The lines of the table; what went wrong is told below its line."""
    rest, head = iter(entries), [_HEAD]
    while some := list(islice(rest, _LINES)):
        lines = in_columns([*head, *map(_cells, some)])
        yield from lines[: len(head)]
        for entry, line in zip(some, lines[len(head) :], strict=True):
            yield line
            yield from _told(entry)
        head = []


def _cells(entry: Entry) -> tuple[str, ...]:
    attempt = f".{entry.attempt}" if entry.attempt is not None else ""
    return (
        f"{datetime.fromtimestamp(entry.received_unix, UTC):%Y-%m-%d %H:%M:%S}",
        entry.id,
        entry.outcome or "in flight",
        _known(entry.status),
        safe(entry.model),
        entry.cache,
        _took(entry.queue_s),
        _took(entry.total_s),
        _known(entry.tokens_in),
        _known(entry.tokens_out),
        "" if entry.cost_usd is None else usd(entry.cost_usd, sign=""),
        f"{safe(entry.task)}{attempt}",
    )


def _told(entry: Entry) -> Iterator[str]:
    if entry.outcome in GONE_WRONG:
        yield f"    {safe(entry.class_)}: {safe(entry.cause)}"
        if entry.tip:
            yield f"    {safe(entry.tip)}"


def _known(value: object) -> str:
    return "" if value is None else str(value)


def _took(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)
