"""What the text of one value means: a title, an id, a duration, an address; and what is wrong with it otherwise.

The values come from `yaml_lines`, so every leaf is a `Scalar`. Each function takes one and gives what it means, or
raises `wrong` in words for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from beastmode.errors import Problem, SettingError
from beastmode.runner.code.coding import parse_agent
from beastmode.runner.fields import problems_of_arguments, problems_of_script, problems_of_shell
from beastmode.runner.formats.yaml_lines import Entries, Items, Scalar, shown

NUMBER_LENGTH = 60
"""A number or a setting is at most this long. Python refuses to read whole numbers of 4,300 digits and more."""

DIGITS = 9
"""Whole numbers are at most this long: what is stored and counted with them fits everywhere."""


TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_HOST_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]?#]+):([0-9]{1,5})")
_FUNCTION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_URL_TIP = "Write an address like http://127.0.0.1:9000/health."


def wrong(what: str, tip: str, line: int = 0) -> PydanticCustomError:
    """A problem in our own words.   line: where it is nearer than the line of the key or item."""
    return PydanticCustomError("native", "{what}", {"what": what, "tip": tip, "line": line})


def found(value: object) -> str:
    """What stands in the file, for a message."""
    if isinstance(value, Scalar):
        return (
            "nothing"
            if value.is_null
            else shown(value.text)
            if value.plain
            else f"the text {shown(value.text)}"
        )
    return "a list" if isinstance(value, Items) else "a mapping"


def text(value: object) -> str:
    """The text as it stands in the file: `yes`, `010` and `2024-01-01` too. Nothing is no text."""
    if isinstance(value, Scalar):
        if value.is_null:
            raise wrong("nothing stands there", 'Write a text, "" for an empty one, or leave the key out.')
        return value.text
    if isinstance(value, Entries) and len(value) == 1 and found(next(iter(value.values()))) == "nothing":
        name = next(iter(value))
        raise wrong(f"{{{name}}} without quotes is a mapping in YAML", f'Put quotes around it: "{{{name}}}".')
    raise wrong(f"found {found(value)} instead of a text", "Write one text here, in quotes where in doubt.")


def filled_text(value: object) -> str:
    """A text with something in it."""
    written = text(value)
    if not written.strip():
        raise wrong("the text is empty", "Write something, or leave the key out.")
    return written


def one_line(value: object) -> str:
    """A text as a title: on one line, without blanks around it."""
    return " ".join(text(value).split())


def task_id(value: object) -> str:
    """A text that can name a task: one printable line, not empty."""
    written = text(value)
    if not written or written != written.strip() or not written.isprintable():
        raise wrong(
            f"{found(value)} cannot be an id", "Write a short unique text on one line, like fix-login."
        )
    return written


def argument(value: object) -> str:
    """One argument of a command that is filled per task."""
    return _checked(text(value), lambda written: problems_of_arguments([written]))


def arguments(written: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments of a command together: what none of them shows alone."""
    if problems := problems_of_script(written):
        raise wrong(problems[0].what, problems[0].tip)
    return written


def shell_line(value: object) -> str:
    """A line for /bin/sh, or the explanation that a list would do too."""
    return _checked(plain_shell_line(value), problems_of_shell)


def plain_shell_line(value: object) -> str:
    """A line for /bin/sh that is not about a task, so that braces mean nothing of ours."""
    if not isinstance(value, Scalar) or value.is_null or not value.text.strip():
        tip = "Write a list of arguments, like [make, test], or a shell line, like make test > log."
        raise wrong(f"found {found(value)} instead of a command", tip)
    return value.text


def _checked(written: str, problems_of: Callable[[str], list[Problem]]) -> str:
    problems = problems_of(written)
    if problems:
        raise wrong("; ".join(problem.what for problem in problems), problems[0].tip)
    return written


def truth(value: object) -> bool:
    """True or false, in the words YAML has for them."""
    if isinstance(value, Scalar) and value.plain and value.text.lower() in TRUTHS:
        return TRUTHS[value.text.lower()]
    raise wrong(f"{found(value)} is neither true nor false", "Write true or false, without quotes.")


def whole(least: int, most: int = 10**DIGITS - 1) -> BeforeValidator:
    """A whole number in a range, written without quotes."""

    def number(value: object) -> int:
        written = value.text if isinstance(value, Scalar) and value.plain else ""
        if re.fullmatch(rf"[-+]?[0-9]{{1,{DIGITS}}}", written) and least <= int(written) <= most:
            if re.match(r"[-+]?0[0-9]", written):
                raise wrong(
                    f"{found(value)} is not the same number for all readers", "Leave out the leading zeros."
                )
            return int(written)
        if re.fullmatch(r"\+?[0-9]{10,}", written):
            raise wrong(f"{found(value)} is too large", f"Write a whole number up to {most:,}.")
        span = (
            f"from {least} to {most}" if most < 1000 else f"from {least}" if least >= 0 else "like -5 or 10"
        )
        raise wrong(
            f"{found(value)} is not a whole number {span}", f"Write a whole number {span}, without quotes."
        )

    return BeforeValidator(number)


def one_of(*words: str) -> BeforeValidator:
    """One of a few words."""

    def word(value: object) -> str:
        written = text(value)
        if written in words:
            return written
        near = get_close_matches(written.lower(), words, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise wrong(f"{found(value)} is not known here", f"{guess}Write one of: {', '.join(words)}.")

    return BeforeValidator(word)


def setting(parse: Callable[[object], Any], keep: Callable[[str], Any] | None = None) -> BeforeValidator:
    """What `settings` understands; `keep` says what is kept instead of the parsed value."""

    def parsed(value: object) -> Any:
        written = text(value)
        try:
            # Longer texts are no setting, and some have numbers in them that are infinite as a float.
            understood = parse(written if len(written) <= NUMBER_LENGTH else shown(written))
        except SettingError as error:
            raise wrong(error.what, error.tip) from None
        return keep(written) if keep else understood

    return BeforeValidator(parsed)


def limit(written: str) -> int | str:
    """A concurrency as a roadmap keeps it."""
    word = written.strip().lower()
    return word if word.startswith(("none", "auto")) else int(written)


def agent(value: object) -> str:
    """The name of a coding agent, or the command line of one."""
    written = filled_text(value)
    try:
        parse_agent(written)
    except SettingError as error:
        raise wrong(error.what, error.tip) from None
    return written


def url(value: object) -> str:
    """An http or https address."""
    written = text(value)
    if not _is_url(written):
        raise wrong(f"{found(value)} is not an http or https address", _URL_TIP)
    return written


def server(value: object) -> str:
    """An address, or host:port."""
    written = text(value)
    if not _is_url(written) and not _is_host_port(written):
        raise wrong(f"{found(value)} is neither an address nor host:port", f"{_URL_TIP} Or 127.0.0.1:9000.")
    return written


def host_port(value: object) -> str:
    """Host and port of a TCP server."""
    written = text(value)
    if not _is_host_port(written):
        raise wrong(f"{found(value)} is not host:port", 'Write something like "127.0.0.1:9000".')
    return written


def _is_url(written: str) -> bool:
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return False
    plain = written.isprintable() and " " not in written
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _is_host_port(written: str) -> bool:
    match = _HOST_PORT.fullmatch(written)
    return match is not None and 1 <= int(match[1]) <= 65535


def method(value: object) -> str:
    """An HTTP method, in capitals."""
    return str(_matching(value, _TOKEN, "an HTTP method", "Write GET, POST, PUT, PATCH or DELETE.")).upper()


def header_name(value: object) -> str:
    """The name of an HTTP header; keys of mappings are texts already."""
    return _matching(value, _TOKEN, "the name of a header", "Write it like Content-Type, without blanks.")


def header_value(value: object) -> str:
    """The value of an HTTP header: one line."""
    return _matching(value, re.compile(r"[^\r\n]*"), "the value of a header", "Write it on one line.")


def variable(value: object) -> str:
    """The name of an environment variable."""
    return _matching(value, re.compile(r"[^=\s]+"), "the name of a variable", "Write it like LOG_LEVEL.")


def function(value: object) -> str:
    """`module:function`."""
    return _matching(value, _FUNCTION, "a function", "Write package.module:function.")


def _matching(value: object, pattern: re.Pattern[str], what: str, tip: str) -> str:
    written = value if isinstance(value, str) else text(value)
    if pattern.fullmatch(written) is None:
        raise wrong(f"{shown(written)} is not {what}", tip)
    return written


def path_inside(value: object) -> str:
    """A path relative to the project that does not leave it."""
    written = filled_text(value)
    path = PurePosixPath(written)
    if path.is_absolute() or ".." in path.parts:
        raise wrong(
            f"{found(value)} is outside the project", "Write a path relative to the project, like src/."
        )
    return written


def listed(value: object) -> object:
    """One text where a list is wanted stands for a list of one."""
    return Items([value], value.line) if isinstance(value, Scalar) and not value.is_null else value
