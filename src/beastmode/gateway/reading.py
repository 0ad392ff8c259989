"""Reading: all that is to be known of a large body, in one go. Pure, and slow for its size: 3 to 25 ms for each MB."""

from __future__ import annotations

import msgspec

from beastmode.cache.key import digested
from beastmode.cache.recipes import recipe_for
from beastmode.gateway.dialects import Asked, dialect_for
from beastmode.gateway.dialects.decoding import judged
from beastmode.gateway.dialects.estimate import DATA_FIELD, DATA_URL, prompt_tokens

TELLING_HEADERS = frozenset((b"content-type", b"user-agent"))
"""Those that say how a body is to be read."""
_TYPE = b"content-type"


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """What stands around a body.   path, query: as sent.   headers: the `TELLING_HEADERS`.   in_run: an attempt of a
    run asks."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[bytes, bytes], ...]
    in_run: bool


class Found(msgspec.Struct, frozen=True, array_like=True):
    """What a body says.   asked: with its `prompt_tokens`.   flaw: why it is no JSON; "" where it is.   spelled: what
    the cache goes by, see `key.digested`."""

    asked: Asked
    flaw: str
    spelled: tuple[bytes, bytes]


def found_in(reading: Reading, body: bytes) -> Found:
    """Read it."""
    dialect = dialect_for(reading.method, reading.path)
    asked, flaw = dialect.read(reading.path, reading.query, body), ""
    if asked.broken:
        asked, flaw = judged(asked, body)
    if asked.most_tokens:
        prompt = min(prompt_tokens(body, mark) for mark in (DATA_URL, DATA_FIELD))
        asked = asked._replace(prompt_tokens=prompt)
    recipe = recipe_for(dialect.name, reading.headers, in_run=reading.in_run)
    content_type = dict(reading.headers).get(_TYPE, b"")
    return Found(asked, flaw, digested(body, content_type, dialect.name, recipe))
