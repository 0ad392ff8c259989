"""Head: what a request says before its body, read once for all requests that are the same byte for byte. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

from beastmode.gateway.client.carried import blotted, take_out

Headers = Sequence[tuple[bytes, bytes]]

_TOKEN_AT = "/t/"  # noqa: S105 - where a token stands in a path


class Head(msgspec.Struct, eq=False, frozen=True, gc=False):
    """The head of a request: path and headers as sent, byte for byte. The token of its path is taken out, and so are
    keys of ours, wherever they stand: nothing that comes later can pass one on. Of one elsewhere in the path only its
    beginning stays.

    path: percent-encoded, begins with a slash.   query: without the question mark.   token: of `/t/TOKEN/v1/…`, ""
    without: it names key, run, task and attempt, so that the credential headers stay free.   headers: names in lower
    case.   first: the first value of each name.   keys: of ours, in headers and query; key_at: the header in which an
    upstream of this client wants its own.   size: about how many bytes line and headers are.
    known: what others have worked out from it and from the body; for them to read and to fill.
    """

    method: str
    path: str
    query: str
    token: str
    headers: Headers
    first: dict[bytes, bytes]
    keys: tuple[str, ...]
    key_at: bytes
    size: int
    known: dict[Any, Any]


def head_of(method: str, path: str, query: bytes, headers: Headers) -> Head:
    """The head of a request.   path: with its token, still encoded.   headers: names in lower case."""
    plain = take_out(headers, query.decode("latin-1"))
    token, rest = split_token(path)
    path = blotted(rest)
    return Head(
        method=method,
        path=path,
        query=plain.query,
        token=token,
        headers=plain.headers,
        first=dict(reversed(plain.headers)),
        keys=plain.keys,
        key_at=plain.place,
        size=len(path) + len(plain.query) + sum(map(len, chain.from_iterable(plain.headers))),
        known={},
    )


def split_token(path: str) -> tuple[str, str]:
    """The token of `/t/TOKEN/…` and the path behind it; "" and the path itself where there is none."""
    if not path.startswith(_TOKEN_AT):
        return "", path
    token, slash, rest = path.removeprefix(_TOKEN_AT).partition("/")
    return token, slash + rest or "/"
