"""`beast cache stats` and `beast cache clear`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from beastmode.amounts import counted, percent, size
from beastmode.cache.tags import MOST_OF_OURS, tag_of
from beastmode.cli.app import new_app
from beastmode.cli.columns import in_columns
from beastmode.cli.words import safe
from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.home import HOME
from beastmode.runner.report.words import utc
from beastmode.stamps import rfc3339
from beastmode.store.entries.file import TierCount, cache_path
from beastmode.store.entries.reader import EntriesReader, Figures
from beastmode.store.entries.upkeep import clear as clear_file
from beastmode.store.entries.upkeep import clear_tag

app = new_app(no_args_is_help=True)

_JSON = typer.Option(False, "--json", help="Print one JSON object on stdout.")
_HOME = typer.Option(Path(HOME), "--home", help="Where the cache lives.", envvar="BEAST_HOME")
_TAG = typer.Option(None, "--tag", help="Only the answers with this tag; may be given again.")
_MODEL = typer.Option(None, "--model", help="Only the answers of this model; the same as --tag model:NAME.")
_NONE = TierCount(0, 0)
_MOST_SHOWN = 20
"""Tags that are shown to people."""


@app.callback()
def cache() -> None:
    """Show what is kept of answers, or forget it."""


@app.command()
def stats(as_json: bool = _JSON, home: Path = _HOME) -> None:
    """Show what is kept, and how often it was of use."""
    reader = EntriesReader(_there(home))
    try:
        figures = reader.figures(time.time())
    finally:
        reader.close()
    print(json.dumps(as_object(figures)) if as_json else "\n".join(_lines(figures)))


@app.command()
def clear(
    tag: list[str] | None = _TAG,
    model: list[str] | None = _MODEL,
    as_json: bool = _JSON,
    home: Path = _HOME,
) -> None:
    """Forget all answers, or those with a tag or of a model, in a running gateway within 1 s."""
    tags, path, now = _tags(tag or (), model or ()), _there(home), time.time()
    number = sum(clear_tag(path, one, now) for one in tags) if tags else clear_file(path, now)
    print(json.dumps({"cleared": number}) if as_json else cleared_words(number, tags))


def _tags(said: Sequence[str], models: Sequence[str]) -> list[str]:
    if not all((*said, *models)):
        raise SettingError("this tag is empty", tip="Name one, or leave it out to forget all answers.")
    return [*(one[:MOST_OF_OURS] for one in said), *(tag_of("model", name) for name in models)]


def cleared_words(number: int, tags: Iterable[str]) -> str:
    """What a clear has come to, for people.   tags: none for all answers."""
    named = " or ".join(safe(tag) for tag in tags)
    return f"Cleared: {counted(number, 'answer')}{' with ' if named else ''}{named} in the database."


def _there(home: Path) -> Path:
    path = cache_path(home)
    if not path.exists():
        tip = "Start the gateway with `beast serve`, or name its home with --home."
        raise PreconditionError("no answer has been kept here yet", where=str(home), tip=tip)
    return path


def as_object(figures: Figures) -> dict[str, Any]:
    """What a cache holds as others read it. Times are RFC 3339 in UTC; None where there is nothing to tell."""
    return {
        "since": rfc3339(figures.since_unix),
        "gateways": figures.memories,
        "tiers": {
            tier: {"entries": entries, "bytes": size, "hits": count.hits, "misses": count.misses}
            for tier, entries, size, count in _tiers(figures)
        },
        "oldest": rfc3339(figures.oldest_unix),
        "newest": rfc3339(figures.newest_unix),
        "models": [
            {"model": model.model, "entries": model.entries, "bytes": model.bytes} for model in figures.models
        ],
        "tags": [{"tag": tag.tag, "entries": tag.entries, "bytes": tag.bytes} for tag in figures.tags],
    }


def _tiers(figures: Figures) -> Iterator[tuple[str, int, int, TierCount]]:
    """Of each tier: its name, entries, bytes, and how it was used."""
    yield "l1", figures.memory_entries, figures.memory_bytes, figures.tiers.get("l1", _NONE)
    yield "l3", figures.entries, figures.bytes, figures.tiers.get("l3", _NONE)


def _lines(figures: Figures) -> Iterator[str]:
    yield f"Since {utc(figures.since_unix)}, when it was made or last cleared:"
    yield ""
    rows = [
        (tier, f"{entries:,}", size(held), f"{count.hits:,}", f"{count.misses:,}", _rate(count))
        for tier, entries, held, count in _tiers(figures)
    ]
    yield from in_columns([("TIER", "ENTRIES", "BYTES", "HITS", "MISSES", "HIT RATE"), *rows])
    yield ""
    yield f"l1 is the memory of {counted(figures.memories, 'gateway')} at work, l3 the database of this home."
    if figures.models:
        yield f"Stored between {utc(figures.oldest_unix)} and {utc(figures.newest_unix)}."
        yield ""
        models = [(safe(model.model), f"{model.entries:,}", size(model.bytes)) for model in figures.models]
        yield from in_columns([("MODEL", "ENTRIES", "BYTES"), *models])
    if figures.tags:
        yield ""
        shown = figures.tags[:_MOST_SHOWN]
        tags = [(safe(tag.tag), f"{tag.entries:,}", size(tag.bytes)) for tag in shown]
        yield from in_columns([("TAG", "ENTRIES", "BYTES"), *tags])
        if len(figures.tags) > _MOST_SHOWN:
            yield "More tags are in --json."


def _rate(count: TierCount) -> str:
    asked = count.hits + count.misses
    return percent(count.hits / asked if asked else None)
