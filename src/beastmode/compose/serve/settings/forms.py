"""Forms: how the value of a setting is written, as text on a command line and as a value in beast.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from beastmode.errors import SettingError
from beastmode.safeguards.host.folder import origin
from beastmode.settings import (
    parse_concurrency,
    parse_count,
    parse_duration,
    parse_rates,
    parse_timeout,
    parse_token_rates,
)

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_SIZE_TIP = "Write bytes, or a size like 500kB, 64MB, 1GiB (MB: a million bytes, MiB: 1024 x 1024)."
_MOST_BYTES = 1 << 50
_MOST_HEAD_BYTES = 128_000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_S = 100 * 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a value.

    parse: from the text that a flag has; raises SettingError.   schema: of the value in beast.toml (JSON Schema),
    which is an integer, a number, a text, or one of these.   words: what is expected, as a noun.
    """

    parse: Callable[[str], Any]
    schema: Mapping[str, Any]
    words: str

    def takes(self, value: object) -> bool:
        """Whether a value of beast.toml is of the right type."""
        kinds = [one.get("type", "string") for one in self.schema.get("anyOf", [self.schema])]
        if isinstance(value, bool):
            return False
        return any(isinstance(value, _TYPES[kind]) for kind in kinds)


_TYPES: Mapping[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "string": (str,)}
_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}


def parse_size(text: str) -> int:
    """Bytes, from `1000`, `64MB`, `1GiB`, `0`. Never negative."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[3] and not match[2]):
        raise SettingError(f"{text!r} is not a size", tip=_SIZE_TIP)
    step = 1024.0 if match[3] else 1000.0
    size: float = float(match[1]) * step ** float(" kmgt".index(match[2].lower() or " "))
    if size > _MOST_BYTES:
        raise SettingError(f"{text!r} is more than any machine has", tip=_SIZE_TIP)
    return round(size)


def _head_size(text: str) -> int:
    size = parse_size(text)
    if not 256 <= size <= _MOST_HEAD_BYTES:  # the connection reads no further
        raise SettingError(f"{text!r} is no size for a head", tip="Write a size from 256B to 128kB.")
    return size


def base_url(text: str) -> str:
    """The base URL of a model server. Raises SettingError for what is none."""
    url = text.strip()
    if "@" in url.rpartition("://")[2].partition("/")[0]:
        tip = "Write the URL without it, and name the variable that holds the key: --upstream-key-env."
        raise SettingError("a base URL with a user or a password in it is not taken", tip=tip)
    if not url.startswith(("http://", "https://")):
        raise SettingError(f"{url!r} is no base URL", tip="Write http:// or https:// in front.")
    origin(url)
    if " " in url or not url.isprintable():
        raise SettingError("a base URL has no blanks and no control characters", tip="Write it again.")
    if urlsplit(url).query or urlsplit(url).fragment:
        tip = "Write the base URL alone, like https://api.example.com/v1."
        raise SettingError("a base URL has nothing behind ? or #", tip=tip)
    return url


def _upstreams(text: str) -> tuple[str, ...]:
    return tuple(base_url(one) for one in text.split())


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        tip = "Write the name of the variable, never the key itself: --upstream-key-env OPENAI_API_KEY."
        raise SettingError("this is no name of an environment variable", tip=tip)
    return text


def _health(text: str) -> str:
    if text.strip() in ("", "none"):
        return ""
    if text.startswith("command:"):
        return _command(text.removeprefix("command:").strip())
    try:
        parts = urlsplit(text)
        good = bool(parts.hostname) and parts.scheme in ("http", "https", "tcp") and text.isprintable()
        good = good and (bool(parts.port) if parts.scheme == "tcp" else parts.port != 0) and " " not in text
    except ValueError:
        good = False
    if not good:
        tip = "Write http://host/health, tcp://host:port, 'command: a shell line', or none."
        raise SettingError(f"{text!r} is no health check", tip=tip)
    return text


def _command(line: str) -> str:
    """A list of arguments stays what it is; anything else is a shell line."""
    if not line:
        raise SettingError("the health check has no command", tip="Write it: 'command: test -e /run/ready'.")
    try:
        given = json.loads(line)
    except ValueError:
        given = line
    return "command:" + json.dumps(given if isinstance(given, list) and given else line)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text.strip(), re.ASCII) or int(text) > 65535:
        raise SettingError(
            f"{text!r} is no port", tip="Write a number from 1 to 65535, or 0 for any free one."
        )
    return int(text)


def _path(text: str) -> Path:
    if "\0" in text:
        raise SettingError("a path has no NUL in it", tip="Write it again.")
    return Path(text).expanduser()


def _within_reason(parse: Callable[[str], float]) -> Callable[[str], float]:
    def parsed(text: str) -> float:
        seconds = parse(text)
        if seconds > _LONGEST_S:
            raise SettingError(f"{text!r} is more than a hundred years", tip="Write a shorter time.")
        return seconds

    return parsed


def one_of(*words: str, of: Callable[[str], Any] = str) -> Form:
    """One of a few words.   of: what becomes of it."""

    def parse(text: str) -> Any:
        if text not in words:
            raise SettingError(f"{text!r} is not known", tip=f"Write one of: {', '.join(words)}.")
        return of(text)

    return Form(parse, {"enum": list(words)}, " or ".join(words))


def count(least: int) -> Form:
    """A whole number from `least`."""
    schema = {"type": "integer", "minimum": least, "maximum": 999_999_999}
    return Form(lambda text: parse_count(text, least), schema, f"a whole number from {least}")


_A_TIME: Mapping[str, Any] = {"anyOf": [{"type": "number", "minimum": 0}, _TEXT]}
TIME = Form(_within_reason(parse_duration), _A_TIME, "a time like 30s or 10m")
TIME_ABOVE_0 = Form(
    _within_reason(parse_timeout),
    {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _TEXT]},
    "a time like 30s or 10m",
)
SIZE = Form(parse_size, {"anyOf": [{"type": "integer", "minimum": 0}, _TEXT]}, "a size like 64MB")
HEAD_SIZE = Form(_head_size, SIZE.schema, "a size like 64kB")
RATE = Form(parse_rates, _TEXT, "a rate like 8/s, or none")
TOKENS = Form(parse_token_rates, _TEXT, "a rate like 200000/min, or none")
CONCURRENCY = Form(
    parse_concurrency,
    {
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": "^([1-9][0-9]*|none|auto(:[1-9][0-9]*)?)$"},
        ]
    },
    "a number, auto, or none",
)
UPSTREAM = Form(base_url, _TEXT, "a base URL")
UPSTREAMS = Form(_upstreams, _TEXT, "base URLs")
VARIABLE = Form(_variable, {"type": "string", "pattern": f"^{_VARIABLE.pattern}$"}, "the name of a variable")
HEALTH = Form(_health, {"type": "string"}, "a URL, tcp://host:port, or a command")
HOST = Form(str.strip, _TEXT, "an address")
PORT = Form(_port, {"type": "integer", "minimum": 0, "maximum": 65535}, "a port")
PATH = Form(_path, _TEXT, "a path")
