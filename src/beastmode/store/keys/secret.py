"""Secrets: how those of our keys look, how a mistyped one is told, and what is kept of one. Pure, but for chance.

A secret has 256 random bits, so nobody can try them all: what is kept is a plain hash of it. A slow or salted hash
protects passwords that people think up; here it would cost every request and protect nothing.
"""

from __future__ import annotations

import re
import secrets
import zlib
from hashlib import blake2b

PREFIX = "beast_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES, _RANDOM_DIGITS = 32, 43
_CHECK_DIGITS = 6
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_DIGITS + _CHECK_DIGITS}}}", re.ASCII)

LENGTH = len(PREFIX) + _RANDOM_DIGITS + _CHECK_DIGITS
"""Of a secret, in characters."""


def new_secret() -> str:
    """`beast_`, 256 random bits in base 62, and six digits that check them. No character of it needs quoting."""
    body = _base62(secrets.randbits(8 * _RANDOM_BYTES), _RANDOM_DIGITS)
    return PREFIX + body + _check(body)


def flaw_of(secret: str) -> str:
    """What is wrong with the form of a secret, as from copying; "" for a sound one, known or not."""
    if len(secret) != LENGTH:
        return f"it has {len(secret)} characters of {LENGTH}"
    if not _FORM.fullmatch(secret):
        return "it has characters that no key has"
    body = secret.removeprefix(PREFIX)
    return "" if body[_RANDOM_DIGITS:] == _check(body[:_RANDOM_DIGITS]) else "its check digits do not fit"


def hash_of(secret: str) -> bytes:
    """What is kept of a secret: 32 bytes that lead back to none."""
    return blake2b(secret.encode("utf-8", "replace"), digest_size=32, person=b"beast key").digest()


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
