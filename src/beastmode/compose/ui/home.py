"""A home for the dashboard: its files with their versions, and the settings of the runs that are at work there."""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from beastmode import __version__
from beastmode.compose.ui.files.watch import PATIENCE_S
from beastmode.compose.ui.runs.reader import JournalRuns
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.settings import HomeFile, HomeView, RunSettings
from beastmode.errors import BeastError
from beastmode.failures.words import masked
from beastmode.runner.home import HOME, journal_path
from beastmode.runner.plain_limits import at_once_in, rates_in, tokens_in
from beastmode.runner.progress import Progress
from beastmode.settings import RunSettings as Defaults
from beastmode.store.allowance import written
from beastmode.store.entries import schema as cache_schema
from beastmode.store.entries.file import cache_path
from beastmode.store.journal import file as journal_file
from beastmode.store.keys import schema as key_schema
from beastmode.store.keys.file import keys_path
from beastmode.store.ledger import schema as ledger_schema
from beastmode.store.ledger.file import ledger_path
from beastmode.store.sqlite.file import connect, version_in

MOST_RUNS = 10
"""At work at once, that are told of; runs are looked through from the newest on, so many times as many at most."""
_DEFAULTS = Defaults()
_BESIDE = ("", "-wal", "-shm")
_CODE = ("agent", "model", "upstream", "gateway", "check", "merge", "base", "budget_usd")
_SAID_APART = ("concurrency", "rates")


class _Kind(NamedTuple):
    path: Callable[[Path], Path]
    holds: str
    ours: int
    format: str


_KINDS = (
    _Kind(journal_path, "Runs: every event, the only truth about them.", journal_file.VERSION, ""),
    _Kind(ledger_path, "Requests: one row each.", ledger_schema.VERSION, ledger_schema.FORMAT.name),
    _Kind(
        cache_path,
        "Answers that need not be asked for again.",
        cache_schema.VERSION,
        cache_schema.FORMAT.name,
    ),
    _Kind(keys_path, "Keys: hashes of them, limits, use.", key_schema.VERSION, key_schema.FORMAT.name),
)


class Home:
    """A `HomeReader` of `home`, which may not exist yet. Thread-safe."""

    def __init__(self, home: Path, runs: JournalRuns) -> None:
        self._home, self._runs = home, runs

    def flag(self) -> str:
        if self._home.resolve() == Path(HOME).resolve():
            return ""
        return shlex.join(["--home", str(self._home.absolute())])

    def home(self) -> HomeView:
        files = [_file(kind, kind.path(self._home)) for kind in _KINDS]
        return HomeView(str(self._home.absolute()), _free(self._home), __version__, files)

    def runs(self) -> Sequence[RunSettings]:
        lines = [line for line in self._runs.latest(2 * MOST_RUNS) if line.state == "running"]
        known = [(line, self._runs.progress_of(line.name)) for line in lines[:MOST_RUNS]]
        return [
            RunSettings(line.name, line.title or line.roadmap, list(settings_of(progress)))
            for line, progress in known
            if progress is not None and progress.sessions
        ]


def settings_of(progress: Progress) -> Iterator[Plain]:
    """What holds for a run now, as its journal has it."""
    by_person = progress.people.limits
    most = at_once_in(progress.settings.get("concurrency"))
    yield _said("concurrency", _most(most), "concurrency" in by_person, most == _DEFAULTS.concurrency)
    rates = rates_in(progress.settings.get("rates", ()))
    yield _said("rates", written(rates), "rates" in by_person, rates == _DEFAULTS.rates)
    for name, default in asdict(_DEFAULTS).items():
        if name not in _SAID_APART and name in progress.settings:
            value = progress.settings[name]
            yield _said(name, _text(value), False, value == default)
    yield from _of_code(progress)


def _of_code(progress: Progress) -> Iterator[Plain]:
    """How code is written, and what the model server bears."""
    code = progress.sessions[-1].started.data.get("code") or {}
    for name in _CODE:
        if name in code:
            yield _said(name, _text(code[name]), False, not code[name])
    server, by_person = progress.server_limits, progress.people.limits.get("server", {})
    if server:
        yield _said(
            "upstream_concurrency", _most(at_once_in(server["concurrency"])), "concurrency" in by_person
        )
        yield _said("upstream_rate", written(rates_in(server["rates"])), "rates" in by_person)
        yield _said("upstream_tokens", written(tokens_in(server["tokens"])), "tokens" in by_person)


def _said(name: str, value: str, by_person: bool, is_default: bool = False) -> Plain:
    origin = "person" if by_person else "default" if is_default else "flag"
    return {"name": name, "value": masked(value), "origin": origin}


def _most(most: int | None) -> str:
    return "none" if most is None else str(most)


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _file(kind: _Kind, path: Path) -> HomeFile:
    sizes = [_size(path.with_name(path.name + end)) for end in _BESIDE]
    is_there = sizes[0] is not None
    size = sum(one or 0 for one in sizes) if is_there else None
    return HomeFile(path.name, kind.holds, size, _version(kind, path) if is_there else None, kind.ours)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _version(kind: _Kind, path: Path) -> int | None:
    try:
        if not kind.format:  # only what keeps its locks may open a journal
            with closing(journal_file.connect(path, write=False, busy_s=PATIENCE_S)) as journal:
                return journal_file.version_of(journal)
        with closing(connect(path, write=False, busy_s=PATIENCE_S)) as db:
            return version_in(db, kind.format)
    except (sqlite3.Error, OSError, UnicodeDecodeError, BeastError):
        return None


def _free(home: Path) -> int | None:
    there = next((path for path in (home.absolute(), *home.absolute().parents) if path.exists()), None)
    try:
        room = os.statvfs(there) if there else None
    except OSError:
        return None
    return room.f_bavail * room.f_frsize if room else None
