"""Decoding: bodies into the few fields that are read of them, fast, and whatever the bytes are."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from beastmode.gateway.dialects.protocol import Asked

T = TypeVar("T")
_MOST_COUNT = 2**53
_MOST_JUDGED = 4_000_000


class Typed(msgspec.Struct):
    """Any object with a type: a tool, an item."""

    type: str | None = None


class _Named(msgspec.Struct):
    model: Any = None
    stream: Any = None


_NAMED = msgspec.json.Decoder(_Named)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T | None:
    """What a body says; None where it is no JSON, or of other types than the dialect has."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def broken(dialect: str, body: bytes, *, model: str = "") -> Asked:
    """A request that does not keep to its dialect: its model and stream where these can still be told."""
    told = decoded(_NAMED, body)
    said = told.model if told is not None and isinstance(told.model, str) else ""
    return Asked(dialect, said or model, told is not None and told.stream is True, stateful=True, broken=True)


def flaw_of(body: bytes) -> str:
    """Why a body is no JSON, and where; "" where a lenient reader could take it for some, or it is too long to say."""
    if len(body) > _MOST_JUDGED:
        return ""
    try:
        json.loads(body)
    except UnicodeDecodeError as error:
        return f"its byte {error.start} is no text"
    except json.JSONDecodeError as error:
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        pass
    return ""


def count(value: object) -> int | None:
    """A count of tokens; None for what is none. Upstreams send what they like, and a record holds 64 bits."""
    return value if type(value) is int and 0 <= value <= _MOST_COUNT else None


def dumped(value: object) -> bytes:
    """JSON as providers write it, ASCII only, so that no client can stumble over it."""
    return json.dumps(value).encode("ascii")
