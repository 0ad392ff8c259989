"""Codings: in which packings a client takes answers, and which of them are asked for here. Pure.

An intermediary may change Accept-Encoding (RFC 9110, 12.5.3). It is narrowed to what can be unpacked here: an answer in
any other packing passes unread, so that nothing is known of its tokens, and no word of ours can follow in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

Headers = Sequence[tuple[bytes, bytes]]

HEADER = b"accept-encoding"
ASKED_FOR = (b"gzip", b"deflate")
"""What can be unpacked with the standard library, where a client takes anything."""

_PLAIN, _ANY = b"identity", b"*"
_NO_PLAIN = b"identity;q=0"
_READ = frozenset((*ASKED_FOR, b"x-gzip", _PLAIN))
_MOST_BYTES = 1000
"""Of what a client says; real ones say 4 to 40. What is longer is no list of codings, and stays as it is."""


def narrowed(headers: Headers) -> Headers:
    """The headers, asking only for packings that are read here; the same object where they do already.

    Order and weights stay, and `*` becomes the codings that it stands for. Where none is left, none is asked for; but
    nothing is changed where the client forbids that. Several lines become one where they change.
    """
    said = joined(headers)
    if said is None or len(said) > _MOST_BYTES or (asked := _narrowed(said)) == said:
        return headers
    return [*(pair for pair in headers if pair[0] != HEADER), (HEADER, asked)]


def joined(headers: Headers) -> bytes | None:
    """All that they say of codings; None where they say nothing of them."""
    said = [value for name, value in headers if name == HEADER]
    return (said[0] if len(said) == 1 else b", ".join(said)) if said else None


def taken(said: bytes) -> tuple[bytes, ...]:
    """The packings that are asked for, sorted: any of them will do, and so does none of them, unless `identity;q=0` is
    one.   said: of `joined`."""
    return _taken(said) if len(said) <= _MOST_BYTES else (said,)


def takes(said: bytes | None, packing: str) -> bool:
    """Would this client take an answer in that packing?   said: of `joined`.   packing: in lower case, "" for none."""
    if said is None:
        return True
    name, asked = _plainly(packing.encode("latin-1", "replace")), taken(said)
    return _NO_PLAIN not in asked if name in (b"", _PLAIN) else name in map(_plainly, asked)


class _Coding(NamedTuple):
    """One of a list.   name: in lower case.   weight: what stands behind it, "" for nothing.   wanted: not with 0."""

    name: bytes
    weight: bytes
    wanted: bool


def _plainly(name: bytes) -> bytes:
    """x-gzip is gzip (RFC 9110, 8.4.1.3)."""
    return name.removeprefix(b"x-")


def _codings(said: bytes) -> list[_Coding]:
    return [_coding(part) for part in said.split(b",") if part.strip()]


def _coding(part: bytes) -> _Coding:
    name, _, weight = part.strip().partition(b";")
    weight = weight.lower().replace(b" ", b"").replace(b"\t", b"")
    return _Coding(name.strip().lower(), weight, weight.rstrip(b".0") != b"q=")


@lru_cache(maxsize=256)
def _narrowed(said: bytes) -> bytes:
    codings = _codings(said)
    if all(one.name in _READ or not one.wanted for one in codings):
        return said
    named = {_plainly(one.name) for one in codings}
    asked = [kept for one in codings for kept in _read(one, named)]
    if not any(one.wanted for one in asked):
        if not _may_be_plain(codings):
            return said
        asked.insert(0, _Coding(_PLAIN, b"", wanted=True))
    return b", ".join(one.name + b";" + one.weight if one.weight else one.name for one in asked)


def _read(one: _Coding, named: set[bytes]) -> list[_Coding]:
    """What is left of it."""
    if one.name == _ANY and one.wanted:
        return [one._replace(name=name) for name in ASKED_FOR if name not in named]
    return [one] if one.name in _READ or not one.wanted else []


def _may_be_plain(codings: Sequence[_Coding]) -> bool:
    """Whether the client takes an answer that is not packed: it does unless it says otherwise."""
    wanted = {one.name: one.wanted for one in codings}
    return wanted.get(_PLAIN, wanted.get(_ANY, True))


@lru_cache(maxsize=256)
def _taken(said: bytes) -> tuple[bytes, ...]:
    codings = _codings(_narrowed(said))
    names = {one.name for one in codings if one.wanted and one.name != _PLAIN}
    return tuple(sorted(names if _may_be_plain(codings) else names | {_NO_PLAIN}))
