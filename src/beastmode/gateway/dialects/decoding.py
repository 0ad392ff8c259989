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


def judged(asked: Asked, body: bytes) -> tuple[Asked, str]:
    """A broken request, with what a lenient reader finds in it (one that takes NaN, half of a surrogate pair, UTF-16);
    and why it is no JSON, and where: "" where it is some to such a reader, or too long to say."""
    if len(body) > _MOST_JUDGED:
        return asked, ""
    try:
        said = json.loads(body)
    except UnicodeDecodeError as error:
        return asked, f"its byte {error.start} is no text"
    except json.JSONDecodeError as error:
        return asked, f"{error.msg} at line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        return asked, ""
    return (_told_by(said, asked) if isinstance(said, dict) else asked), ""


def _told_by(said: dict[str, Any], asked: Asked) -> Asked:
    model = said.get("model")
    name = model.encode("utf-8", "replace").decode() if isinstance(model, str) else ""
    return asked._replace(model=asked.model or name, stream=asked.stream or said.get("stream") is True)


def count(value: object) -> int | None:
    """A count of tokens; None for what is none. Upstreams send what they like, and a record holds 64 bits."""
    return value if type(value) is int and 0 <= value <= _MOST_COUNT else None


def dumped(value: object) -> bytes:
    """JSON as providers write it, ASCII only, so that no client can stumble over it."""
    return json.dumps(value).encode("ascii")
