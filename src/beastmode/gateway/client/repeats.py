"""Repeats: requests that came before, byte for byte, and were answered at once; they need not be read again.

Clients ask the same again and again, and what such an answer takes is mostly reading the question. Each process has one
memory of them, whichever connection they come on: what a request says depends on nothing but its bytes.
"""

from __future__ import annotations

import msgspec

from beastmode.gateway.client.incoming import LOST, Scope

_BLANK_LINE = b"\r\n\r\n"
MOST_BYTES = 8 * 1024
"""Of one, head and body."""
_MOST = 64
"""That are remembered: 1 to 3 MB, with what is worked out from them; where each has 880 headers, 11."""


class Repeat(msgspec.Struct, frozen=True, gc=False):
    """One request.   scope: of ASGI, with what differs by connection still in it."""

    scope: Scope
    body: bytes


_kept: dict[bytes, Repeat] = {}
find, forget = _kept.get, _kept.clear


def keep(read: bytes, scope: Scope, body_bytes: int) -> None:
    """Remember what these bytes say, and forget the oldest for it; but where they are more than a head and the body
    behind it: it came in chunks, or not alone.   body_bytes: how long that is."""
    head_ends = read.find(_BLANK_LINE) + len(_BLANK_LINE)
    if head_ends + body_bytes != len(read):
        return
    if len(_kept) >= _MOST:
        del _kept[next(iter(_kept))]
    _kept[read] = Repeat({**scope, LOST: set()}, read[head_ends:])
