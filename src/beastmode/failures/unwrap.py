"""Unwrap: what an exception and all that stand behind it know: kinds, an HTTP status, headers, words.

Nothing is imported for it: clients are told by the names of their classes, so that those of aiohttp, httpx,
requests, urllib and the SDKs built on them are understood where installed, and cost nothing elsewhere.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_DEEPEST = 20
_SEVERAL = re.compile(r"Multiple exceptions: \[Errno (\d+)\]")
_PARSER_ERRORS = {"HttpProcessingError", "BadHttpMessage", "BadStatusLine", "BadHttpMethod", "LineTooLong"}
"""aiohttp gives an answer that is no HTTP at all the status 400, which no server has sent."""


@dataclass(frozen=True, slots=True)
class Link:
    """One exception of a chain.   names: of its class, of those it derives from, and of its errno."""

    names: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a chain of exceptions says.   links: the deepest cause first.   status: 400-599, or None."""

    links: tuple[Link, ...]
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


def unwrap(error: BaseException) -> Known:
    """Everything known about `error`. Never raises, whatever the exceptions do."""
    chain = _chain(error)
    links = tuple(Link(_names(one), _words(one)) for one in reversed(chain))
    if any(link.names & _PARSER_ERRORS for link in links):
        return Known(links)
    for one in chain:
        status = _status(one)
        if status is not None:
            return Known(links, status, _headers(one), _body(one))
    return Known(links)


def _chain(error: BaseException) -> list[BaseException]:
    """From the outermost to the deepest; of a group its first member; at most `_DEEPEST`."""
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and len(chain) < _DEEPEST and all(at is not one for one in chain):
        chain.append(at)
        at = _behind(at)
    return chain


def _behind(error: BaseException) -> BaseException | None:
    if isinstance(error, BaseExceptionGroup):
        return error.exceptions[0]
    if error.__cause__ is not None:
        return error.__cause__
    if error.__context__ is not None and not error.__suppress_context__:
        return error.__context__
    return _held(error)


def _held(error: BaseException) -> BaseException | None:
    """urllib and requests hand the cause on as an attribute or an argument, aiohttp as `os_error`."""
    for name in ("os_error", "reason"):
        held = _get(error, name)
        if isinstance(held, BaseException):
            return held
    first = error.args[0] if error.args else None
    return first if isinstance(first, BaseException) else None


def _names(error: BaseException) -> frozenset[str]:
    names = {one.__name__ for one in type(error).__mro__}
    if isinstance(error, OSError):
        number = error.errno
        several = _SEVERAL.match(str(error)) if number is None else None
        if several:
            number = int(several[1])
        if isinstance(number, int):
            names.add(errno.errorcode.get(number, ""))
    return frozenset(names)


def _words(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # somebody else's __str__
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _status(error: BaseException) -> int | None:
    if isinstance(error, SystemExit):
        return None
    response = _get(error, "response")
    candidates = [_get(error, name) for name in ("status_code", "status", "code")]
    candidates += [_get(response, name) for name in ("status_code", "status")]
    for value in candidates:
        if isinstance(value, int) and 400 <= value <= 599:
            return int(value)
    return None


def _headers(error: BaseException) -> Mapping[str, str]:
    for holder in (error, _get(error, "response")):
        headers = _get(holder, "headers")
        if headers and hasattr(headers, "items"):
            return {str(name): str(value) for name, value in headers.items()}
    return {}


def _body(error: BaseException) -> str:
    """What the error says in the server's words; the text of the exception where it keeps no body."""
    for value in (_get(error, "message"), _get(_get(error, "response"), "text")):
        if isinstance(value, str) and value:
            return value
    return _words(error)


def _get(holder: object, name: str) -> object:
    try:
        return getattr(holder, name, None)
    except Exception:  # a property that raises
        return None
