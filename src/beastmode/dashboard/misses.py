"""Misses: why requests were not answered from the cache, and why new answers were not kept, as rows of tables. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beastmode.dashboard.cache_words import REASONS, parts_of, unkept_words
from beastmode.dashboard.sources.plain import Plain

_NAMES: Mapping[str, str] = {
    "new": "not kept yet",
    "no dialect": "another protocol",
    "older than max-age": "too old",
    "min-fresh": "too old soon",
    "off": "no cache",
    "answered by a spare": "a spare answered",
    "the upstream forbids it": "forbidden",
}
"""Where the reason itself is not short and clear enough for a table."""
_OFF = "The cache was off, or the request asks no model. To turn it on: beast serve --cache deterministic."


@dataclass(frozen=True, slots=True)
class Reason:
    """name: short.   words: what it means, "" where the name says all.   count: of requests."""

    name: str
    words: str
    count: int


def why_not_answered(misses: Sequence[Plain]) -> list[Reason]:
    """The reasons by number, the most first."""
    counts = Counter[str]()
    for miss in misses:
        counts[parts_of(miss["reason"])[0]] += miss["count"]
    words = REASONS | {"off": _OFF}
    return [_row(reason, words.get(reason, ""), count) for reason, count in counts.most_common()]


def why_not_kept(misses: Sequence[Plain]) -> list[Reason]:
    """Of the answers that came instead, those that the cache did not take."""
    counts = Counter[str]()
    for miss in misses:
        if not_kept := parts_of(miss["reason"])[1]:
            counts[not_kept] += miss["count"]
    return [_row(reason, _sentence(unkept_words(reason)), count) for reason, count in counts.most_common()]


def _row(reason: str, words: str, count: int) -> Reason:
    return Reason(_NAMES.get(reason, reason), words, count)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""
