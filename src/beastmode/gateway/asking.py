"""Asking: who asks, by a short name that gives nothing away, and how urgent it is. Pure."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from beastmode.cache.credentials import IN_HEADERS
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.headers import PRIORITY
from beastmode.gateway.path_token import read_token

_NAME_BYTES = 4
_CLASSES = {"interactive": 0, "batch": 1, "warming": 2}


def name_of(incoming: Incoming, secret: bytes) -> str:
    """Who asks: the key of the path's token, or else the credential it sends, or else its address; as 8 hex digits.

    secret: random bytes, at most 64. The name is no secret: whoever lacks these bytes cannot find the credential by
    trying, nor compare names of two secrets. Of several credentials, the first in the request counts.
    """
    if incoming.token and (key := read_token(incoming.token).key):
        return _short("token", key.encode(), secret)
    for name, value in incoming.headers if incoming.has_any(IN_HEADERS) else ():
        if name in IN_HEADERS and value:
            return _short("credential", value, secret)
    return _short("address", incoming.address.encode(), secret)


def priority_of(incoming: Incoming) -> int:
    """Its class in line by `x-beast-priority`, lower first; what is not known there counts as interactive."""
    return _CLASSES.get(incoming.header(PRIORITY).strip().lower(), 0)


@lru_cache(maxsize=256)  # few ask, and each again and again
def _short(kind: str, value: bytes, secret: bytes) -> str:
    return blake2b(value, digest_size=_NAME_BYTES, key=secret, person=kind.encode()).hexdigest()
