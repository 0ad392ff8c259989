"""The flags of `beast run` that decide settings, once; and how any of its flags is understood, or refused by its name.
A flag that is given says something: "" is a mistake, as of a variable that was never set."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from beastmode.errors import PreconditionError, Problem, RoadmapError, SettingError
from beastmode.runner.command_line import as_verify
from beastmode.runner.fields import problems_of_shell
from beastmode.runner.formats.asked import Asked
from beastmode.safeguards.host.folder import origin
from beastmode.settings import (
    filled,
    parse_concurrency,
    parse_count,
    parse_duration,
    parse_rates,
    parse_timeout,
    understood,
)


def one_of(*words: str) -> Callable[[str], str]:
    """A parser for one of a few words."""

    def parse(text: str) -> str:
        if text in words:
            return text
        raise SettingError(f"{text!r} is not known", tip=f"Write one of: {', '.join(words)}.")

    return parse


def _health(text: str) -> str:
    from beastmode.probes.probe import probe_for  # aiohttp: 0.1 s, which most commands do not need

    probe_for(text)
    return text


def _server(text: str) -> str:
    origin(text)
    return text


def shell_line(text: str) -> str:
    """A parser for a shell line, which gets no fields."""
    if problems := problems_of_shell(text):
        raise SettingError(problems[0].what, tip=problems[0].tip)
    return text


def _verify(text: str) -> str:
    as_verify(text)
    return text


@dataclass(frozen=True, slots=True)
class SettingFlag:
    """A flag that decides one setting.   setting: its name in `RunSettings`.   parse: understands its text."""

    flag: str
    setting: str
    parse: Callable[[str], Any]
    help: str

    @property
    def name(self) -> str:
        """As Python has it."""
        return self.flag.removeprefix("--").replace("-", "_")


SETTINGS = (
    SettingFlag(
        "--max-concurrency",
        "concurrency",
        parse_concurrency,
        "Tasks at once: a number, none, or auto. Default 3.",
    ),
    SettingFlag(
        "--rate",
        "rates",
        parse_rates,
        "Starts of tasks, or requests to the model server where agents write code: 8/s, 60/min, several with commas, "
        "or none. Default 8/s.",
    ),
    SettingFlag(
        "--timeout", "timeout_s", parse_timeout, "For one attempt: 90, 500ms, 10m, 1h30m. Default 1h."
    ),
    SettingFlag(
        "--retries", "retries", lambda text: parse_count(text, 0), "Attempts after the first. Default 2."
    ),
    SettingFlag("--health", "health", _health, "URL, tcp://host:port: must be well before a task starts."),
    SettingFlag(
        "--verify",
        "verify",
        _verify,
        "Must succeed for a task to be done: 'pytest tests/{id}', or a shell line with $BEAST_ID.",
    ),
    SettingFlag(
        "--server",
        "server",
        _server,
        "Keep the limits together with all runs on this host that name this server.",
    ),
    SettingFlag(
        "--order",
        "order",
        one_of("needs", "sequence", "phases"),
        "Override the order: needs, sequence or phases.",
    ),
    SettingFlag(
        "--max-wait",
        "max_wait_s",
        parse_duration,
        "Longest wait for a quota or an unhealthy server. Default 12h (CI: 2m).",
    ),
    SettingFlag(
        "--max-attempts",
        "max_attempts",
        lambda text: parse_count(text, 1),
        "Budget: attempts in this session. Default: no limit.",
    ),
    SettingFlag(
        "--max-time", "max_time_s", parse_timeout, "Budget: time for this session. Default: no limit."
    ),
    SettingFlag(
        "--durability",
        "durability",
        one_of("full", "process"),
        "full: survives a power cut (default); process: a kill -9 only, faster.",
    ),
    SettingFlag(
        "--gates",
        "gates",
        one_of("ask", "pass"),
        "Where the list wants a person's word: ask (default), it waits for `beast approve`; pass.",
    ),
)


def parameter(flag: str, words: str, *, switch: bool = False) -> inspect.Parameter:
    """What Typer has to know of a flag that is told in a table, as a parameter of its command."""
    option = typer.Option(False if switch else None, flag, help=words)
    name = flag.removeprefix("--").replace("-", "_")
    kind = bool if switch else str | None
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=option, annotation=kind)


def settings_of(given: Mapping[str, str | None]) -> dict[str, Any]:
    """The settings that flags name.   given: their texts by the name of the flag, as Python has it; None, or left out,
    where one was not given. Of what else there is nothing is taken.

    Raises SettingError that names the flag.
    """
    said = {one: text for one in SETTINGS if (text := given.get(one.name)) is not None}
    return {one.setting: understood(one.flag, text, one.parse) for one, text in said.items()}


def asked_of(tag: str | None, skip_optional: bool) -> Asked:
    """What of a list is to be read, as --tag and --skip-optional say."""
    return Asked("" if tag is None else filled("--tag", tag), not skip_optional)


def ids_in(text: str | None) -> tuple[str, ...]:
    """The ids in `a,b`; none where the flag was not given."""
    if text is None:
        return ()
    ids = tuple(filter(None, (name.strip() for name in text.split(","))))
    if not ids:
        tip = "Write ids with commas between them, like --only build,test."
        raise RoadmapError("--only", [Problem(0, "it names no task", tip)])
    return ids


def folder(flag: str, text: str) -> Path:
    """A folder that can be written, or made. Raises PreconditionError for any other; leaves nothing behind."""
    path = Path(filled(flag, text))
    above = next(place for place in (path, *path.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=above):
            return path
    except OSError as error:
        reason = f"{above} is a file" if above.is_file() else f"{above}: {error.strerror}"
        tip = f"Name a folder that can be written with {flag}."
        raise PreconditionError(f"nothing can be written there: {reason}", where=flag, tip=tip) from None
