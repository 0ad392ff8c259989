"""The flags of `beast run` for tasks that write code, once: their texts, what they mean, how they are understood."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from beastmode.cli.flags import one_of, parameter, shell_line
from beastmode.errors import SettingError
from beastmode.runner.code.coding import parse_agent, parse_usd
from beastmode.runner.work import Command
from beastmode.settings import filled, parse_concurrency, parse_count, parse_token_rates, understood


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well = False
    if not well:
        raise SettingError(f"{text!r} is no address", tip="Write one like http://127.0.0.1:8000/v1.")
    return text.rstrip("/")


def _gateway(text: str) -> str:
    return "none" if text.strip().lower() == "none" else _url(text)


def _paths(text: str) -> tuple[str, ...]:
    paths = tuple(filter(None, (path.strip() for path in text.split(","))))
    outside = [path for path in paths if path.startswith("/") or ".." in path.split("/")]
    if outside:
        raise SettingError(f"{outside[0]!r} is outside of the repository", tip="Write paths relative to it.")
    return paths


def _check(text: str) -> str:
    return "none" if text.strip().lower() == "none" else shell_line(text)


@dataclass(frozen=True, slots=True)
class CodingFlag:
    """One flag.   name: with underscores.   parse: None for a switch."""

    name: str
    help: str
    parse: Callable[[str], Any] | None = None

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


CODING_FLAGS = (
    CodingFlag(
        "agent",
        "Who writes the code: claude, codex, gemini, opencode, aider, mini, generate, or a command with {prompt} or "
        "{prompt_file} in it. Default: the one that is ready on this machine.",
        parse_agent,
    ),
    CodingFlag("model", "The model that is asked. Default: the agent's own.", str),
    CodingFlag(
        "upstream", "Model server behind the gateway of the run. Default: the agent's provider.", _url
    ),
    CodingFlag(
        "upstream_key_env",
        "Variable that holds its key, or that of --gateway. Default: the agent's own login.",
        str,
    ),
    CodingFlag("gateway", "URL of a gateway that runs already; none: agents ask without one.", _gateway),
    CodingFlag("tokens", "What the model server bears: 200000/min, several with commas.", parse_token_rates),
    CodingFlag(
        "upstream_concurrency", "Requests in flight there; none, or auto. Default 3.", parse_concurrency
    ),
    CodingFlag(
        "check",
        "Shell line: nothing is broken. Green on the base, after each task and each merge. Default: make test, npm "
        "test or pytest, where the repository has it; none for none.",
        _check,
    ),
    CodingFlag(
        "check_concurrency", "Checks at once. Default: half the cores.", lambda text: parse_count(text, 1)
    ),
    CodingFlag("merge", "queue: one by one onto the result branch (default); none.", one_of("queue", "none")),
    CodingFlag("base", "Where the run begins, as git names it. Default HEAD.", str),
    CodingFlag("budget", "Of the whole run: 50usd, or none. Default: 20usd, or 3 x the estimate.", parse_usd),
    CodingFlag("task_budget", "Of each task: 2usd. Default: none.", parse_usd),
    CodingFlag("permissions", "What agents may do unasked: edits (default), all.", one_of("edits", "all")),
    CodingFlag("sandbox", "auto: bubblewrap, where it is there (default); none.", one_of("auto", "none")),
    CodingFlag("prompt_template", "File with words for the agent, with {title}, {details}, … in it.", Path),
    CodingFlag("setup", "Shell line run once in each new worktree, like 'npm ci'.", shell_line),
    CodingFlag("copy", "Files that worktrees get and no commit holds, like .env; with commas.", _paths),
    CodingFlag("stash", "Begin with the changes that are not committed. The checkout stays as it is."),
    CodingFlag("allow_red_base", "Begin although the check is red already."),
    CodingFlag("no_proof", "Take the agents' word where there is neither check nor verify."),
    CodingFlag("yes", "Begin without asking."),
)


def parameters() -> list[inspect.Parameter]:
    """What Typer has to know of them."""
    return [parameter(one.flag, one.help, switch=one.parse is None) for one in CODING_FLAGS]


def coding_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, by name: parsed texts, and True for switches. Raises SettingError that names the flag."""
    said: dict[str, Any] = {}
    for one in CODING_FLAGS:
        value = given[one.name]
        if one.parse is None:
            said |= {one.name: True} if value else {}
        elif value is not None:
            said[one.name] = understood(one.flag, filled(one.flag, value), one.parse)
    if "setup" in said:
        said["setup"] = Command(shell=said["setup"])
    return said
