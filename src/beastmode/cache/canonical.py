"""Canonical: one spelling for all spellings of the same JSON, or None where that would lose something. Pure.

Keys are sorted, white space and escapes are gone; numbers keep their kind (1, 1.0 and true stay three things), text
stays as it is (no Unicode normalisation: a model sees the difference).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

MOST_BYTES = 4 * 1024 * 1024
"""Of a body that is read; of words it takes 6 ms and, with a rare letter among them, five times its size."""
MOST_VALUES = 100_000
"""Of a body that is read: commas and opening brackets, those in text too. Four megabytes of `[],` held up everybody
else for more than a second, and of `{"":0},` took 28 times their size."""
_MARKS = (b",", b"[", b"{")
_TOO_SHORT = 3 * MOST_VALUES
"""For many more values than that, so that most bodies need not be counted through."""

_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_ESCAPED_COLON = re.compile(rb"\\u003[aA]")


def decoded(body: bytes) -> tuple[Any, bytes] | None:
    """What a body says, and its canonical spelling; None where it is no JSON, or more than its spelling.

    No JSON are NaN and lone surrogates; more than its spelling are a key that comes twice in one object, a number
    that no float holds exactly enough to be written as it came, and what is larger than is read here.
    """
    if len(body) > _TOO_SHORT and _is_large(body):
        return None
    try:
        value, plain = _PLAIN.decode(body), True
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            value, plain = _ODD.decode(body), False
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
    spelling = _ENCODE(value)
    # Canonical is never longer but for odd numbers; so nothing got lost where it is as long.
    same = (plain and len(spelling) == len(body)) or _same_keys(body, spelling)
    return (value, spelling) if same else None


def encoded(value: Any) -> bytes:
    """The canonical spelling of what was decoded."""
    return _ENCODE(value)


def _is_large(body: bytes) -> bool:
    return len(body) > MOST_BYTES or sum(map(body.count, _MARKS)) > MOST_VALUES


def _plain(text: str) -> float:
    """A number in its usual spelling, which encoding does not make longer."""
    value = float(text)
    if repr(value) != text or "e" in text:
        raise ValueError(text)
    return value


def _odd(text: str) -> float:
    """A number in any spelling, if the float says the same."""
    value = float(text)
    try:
        same = Decimal(repr(value)) == Decimal(text)
    except ArithmeticError:
        same = False
    if not same:
        raise ValueError(text)
    return value


_PLAIN = msgspec.json.Decoder(float_hook=_plain)
_ODD = msgspec.json.Decoder(float_hook=_odd)


def _same_keys(body: bytes, spelling: bytes) -> bool:
    """No key came twice: decoding drops the first of them, and its colon with it."""
    if _ESCAPED_COLON.search(body) is None:
        return body.count(b":") == spelling.count(b":")
    try:
        json.loads(body, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return False
    return True


def _once_each(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key comes twice")
