"""Chain: what an exception and all that stand behind it know: kinds, an HTTP status, headers, words.

Nothing is imported for it: clients are told by the names of their classes, so that those of aiohttp, httpx, httpx2,
requests, urllib, botocore and the SDKs built on them are understood where installed, and cost nothing elsewhere.
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
    """One exception of a chain.   kind: of its class.   names: with those it derives from, and of its errno."""

    kind: str
    names: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a chain of exceptions says.   links: the deepest cause first.   status: 400-599, or None.
    body: a decoded value, text or nothing.   url: what was called, where an exception keeps it."""

    links: tuple[Link, ...]
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    url: str = ""


def follow(error: BaseException) -> Known:
    """Everything known about `error`. Never raises, whatever the exceptions do."""
    chain = _chain(error)
    links = tuple(Link(type(one).__name__, _names(one), _words(one)) for one in reversed(chain))
    url = next((found for one in chain if (found := _url(one))), "")
    if any(link.names & _PARSER_ERRORS for link in links):
        # What aiohttp wraps around them says "400, message='…'", as it does of a status that a server has sent.
        return Known(tuple(link for link in links if link.kind != "ClientResponseError"), url=url)
    for one in chain:
        status = _status(one)
        if status is not None:
            return Known(links, status, _headers(one), _body(one), url)
    body = next((kept for one in chain if (kept := _body(one))), None)
    return Known(links, body=body, url=url)


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
    for name in ("os_error", "reason", "original_error", "orig_exc"):
        held = _get(error, name)
        if isinstance(held, BaseException):
            return held
    return next((one for one in error.args if isinstance(one, BaseException)), None)


def _names(error: BaseException) -> frozenset[str]:
    names = {one.__name__ for one in type(error).__mro__}
    if isinstance(error, OSError):
        number = error.errno
        several = _SEVERAL.match(_text(error)) if number is None else None
        if several:
            number = int(several[1])
        if isinstance(number, int):
            names.add(errno.errorcode.get(number, ""))
    return frozenset(names)


def _words(error: BaseException) -> str:
    text, name = _text(error), type(error).__name__
    return f"{name}: {text}" if text else name


def _text(error: BaseException) -> str:
    try:
        return str(error)[:20_000]
    except Exception:  # somebody else's __str__
        return ""


def _status(error: BaseException) -> int | None:
    if isinstance(error, SystemExit):
        return None
    response = _get(error, "response")
    candidates = [_get(error, name) for name in ("status_code", "status", "code", "http_status")]
    candidates += [_get(response, name) for name in ("status_code", "status")]
    if isinstance(response, dict):  # botocore
        candidates.append(_item(_item(response, "ResponseMetadata"), "HTTPStatusCode"))
    for value in candidates:
        if isinstance(value, int) and 400 <= value <= 599:
            return int(value)
    return None


def _headers(error: BaseException) -> Mapping[str, str]:
    response = _get(error, "response")
    amazon = _item(_item(response, "ResponseMetadata"), "HTTPHeaders")
    for headers in (_get(error, "headers"), _get(response, "headers"), amazon):
        if headers and hasattr(headers, "items"):
            try:
                return {str(name): str(value) for name, value in headers.items()}
            except Exception:  # somebody else's mapping
                return {}
    return {}


def _body(error: BaseException) -> object:
    """What the server sent, decoded or not, in the order of how near to the wire it is."""
    response = _get(error, "response")
    for value in (
        _get(error, "body"),
        _get(response, "text"),
        response,
        _get(error, "details"),
        _get(error, "message"),
    ):
        if isinstance(value, (str, bytes, dict, list)) and value:
            return value
    return None


def _url(error: BaseException) -> str:
    for holder in (_get(error, "request"), _get(error, "request_info"), _get(error, "response"), error):
        url = _get(holder, "url") or _get(holder, "real_url")
        if url is not None and not callable(url):
            try:
                text = str(url)[:500]
            except Exception:  # noqa: S112  # somebody else's __str__
                continue
            if "://" in text:
                return text
    return ""


def _item(holder: object, name: str) -> object:
    return holder.get(name) if isinstance(holder, dict) else None


def _get(holder: object, name: str) -> object:
    try:
        return getattr(holder, name, None)
    except Exception:  # a property that raises
        return None
