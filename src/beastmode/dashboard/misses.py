"""Misses: why requests were not answered from the cache, and why new answers were not kept, in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beastmode.dashboard.sources.plain import Plain

_NOT_KEPT = "; not kept: "
_WORDS: Mapping[str, tuple[str, str]] = {
    "new": (
        "not kept yet",
        "Asked for the first time within the time for which answers are kept, as far as is known.",
    ),
    "asked before": (
        "asked before",
        "Its answer is not there: it failed or may not be kept, was cleared, or had to make room.",
    ),
    "not deterministic": (
        "not deterministic",
        "It does not ask for the likeliest answer (temperature 0). --cache all keeps such answers too.",
    ),
    "stateful": (
        "stateful",
        "Its answer hangs on more than the request, or leaves something at the provider.",
    ),
    "no dialect": (
        "another protocol",
        "It asks no model in a way that is known here; it was passed on as it is.",
    ),
    "not understood": ("not understood", "Its body is no JSON, or of other types than its protocol has."),
    "no-store": ("no-store", "The client forbids it (Cache-Control)."),
    "no-cache": ("no-cache", "The client wants a new answer (Cache-Control)."),
    "older than max-age": ("too old", "The client wants a younger answer (Cache-Control: max-age)."),
    "min-fresh": ("too old soon", "The client wants one that holds for longer (Cache-Control: min-fresh)."),
    "off": ("the cache is off", "Turn it on: beast serve --cache deterministic."),
}
_KEPT_WORDS: Mapping[str, tuple[str, str]] = {
    "too large": ("too large", "It is larger than what is held of one answer."),
    "answered by a spare": ("a spare answered", "Another upstream stood in; the key is that of the first."),
    "the upstream forbids it": ("forbidden", "The answer says so itself (Cache-Control)."),
}


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
        counts[miss["reason"].partition(_NOT_KEPT)[0]] += miss["count"]
    return [Reason(*_WORDS.get(reason, (reason, "")), count) for reason, count in counts.most_common()]


def why_not_kept(misses: Sequence[Plain]) -> list[Reason]:
    """Of the answers that came instead, those that the cache did not take."""
    counts = Counter[str]()
    for miss in misses:
        _, not_kept, reason = miss["reason"].partition(_NOT_KEPT)
        if not_kept:
            counts[reason] += miss["count"]
    return [Reason(*_kept_words(reason), count) for reason, count in counts.most_common()]


def _kept_words(reason: str) -> tuple[str, str]:
    if reason.startswith("status "):
        return reason, "Only answers with status 200 are kept."
    if reason.startswith("stopped: "):
        return reason, "It did not come to its own end."
    return _KEPT_WORDS.get(reason, (reason, ""))
