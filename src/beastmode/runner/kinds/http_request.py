"""What an HTTP task sends: headers filled from the environment, the body, and what of both is secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from beastmode.failures.secrets import Secrets, secrets_of_url
from beastmode.failures.words import secrets_in
from beastmode.runner.work import Http

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEMES = ("bearer", "digest", "negotiate")
_UNPACKED = "gzip, deflate"
"""What `http_answer` can unpack."""


def missing_in(headers: Mapping[str, str]) -> str:
    """The first variable that the headers name and the environment has not; "" where it has all."""
    names = (name for value in headers.values() for name in VARIABLE.findall(value))
    return next((name for name in names if name not in os.environ), "")


def prepared(work: Http) -> tuple[dict[str, str], bytes | None]:
    """Headers and body as they are sent. Raises ValueError for what would be found only once a connection is open."""
    if urlsplit(work.url).scheme not in ("http", "https"):
        raise ValueError(f"{work.url!r} is no http or https address")
    headers = {
        name: VARIABLE.sub(lambda match: os.environ.get(match[1], ""), value)
        for name, value in work.headers.items()
    }
    for name, value in headers.items():
        if any(character in name + value for character in "\r\n\0"):
            raise ValueError(f"the header {name!r} has more than one line")
    _add(headers, "Accept-Encoding", _UNPACKED)
    return headers, _body(work.body, headers)


def secrets_of(work: Http) -> Secrets:
    """What neither a log nor a failure may show: credentials of the URL and of headers, variables that the headers
    name, and the environment's own secrets."""
    named = [name for value in work.headers.values() for name in VARIABLE.findall(value)]
    values = [os.environ.get(name, "") for name in named]
    written = [value for value in secrets_in(work.headers) if value.lower() not in _SCHEMES]
    return Secrets.of_environment(os.environ, *values, *written, *secrets_of_url(work.url))


def _body(body: Any, headers: dict[str, str]) -> bytes | None:
    """A text as it is, anything else as JSON. Adds to `headers` what it is, where they do not say so."""
    if body is None:
        return None
    is_text = isinstance(body, str)
    _add(headers, "Content-Type", "text/plain; charset=utf-8" if is_text else "application/json")
    return body.encode() if is_text else msgspec.json.encode(body)


def _add(headers: dict[str, str], name: str, value: str) -> None:
    if not any(given.lower() == name.lower() for given in headers):
        headers[name] = value
