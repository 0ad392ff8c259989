"""The flags of `beast run`: each understood, or refused by its name. A flag that is given says something: "" is a
mistake, as of a variable that was never set."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from beastmode.errors import PreconditionError, Problem, RoadmapError, SettingError
from beastmode.runner.command_line import as_verify
from beastmode.runner.fields import problems_of_shell
from beastmode.runner.formats.asked import Asked
from beastmode.safeguards.host_folder import origin
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


SETTINGS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "--max-concurrency": ("concurrency", parse_concurrency),
    "--rate": ("rates", parse_rates),
    "--timeout": ("timeout_s", parse_timeout),
    "--retries": ("retries", lambda text: parse_count(text, 0)),
    "--health": ("health", _health),
    "--verify": ("verify", _verify),
    "--server": ("server", _server),
    "--order": ("order", one_of("needs", "sequence", "phases")),
    "--max-wait": ("max_wait_s", parse_duration),
    "--max-attempts": ("max_attempts", lambda text: parse_count(text, 1)),
    "--max-time": ("max_time_s", parse_timeout),
    "--durability": ("durability", one_of("full", "process")),
    "--gates": ("gates", one_of("ask", "pass")),
}
"""Which setting a flag means, and how its text is understood."""


def settings_of(given: Mapping[str, str | None]) -> dict[str, Any]:
    """The settings that flags name.   given: their texts by flag; None where one was not given.

    Raises SettingError that names the flag.
    """
    settings = {}
    for flag, text in given.items():
        if text is not None:
            name, parse = SETTINGS[flag]
            settings[name] = understood(flag, text, parse)
    return settings


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
