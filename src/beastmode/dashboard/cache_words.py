"""What the cache says in words: a sentence for each reason why a request was answered from the cache, or was not."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "l1": "The same request was answered before, and the answer was in the memory of the gateway.",
    "l3": "The same request was answered before, and the answer was in the database of this home.",
    "new": "Nobody has asked exactly this within the time for which answers are kept, as far as is known.",
    "asked before": "It was asked before, and its answer is not there: it failed or may not be kept, was forgotten, "
    "or is still on its way.",
    "no dialect": "It asks no model in a way that the gateway can read, so it passes through.",
    "not understood": "The body is not what its API asks for, so nobody can tell what would change the answer.",
    "stateful": "Its answer hangs on more than the request: an earlier answer, a stored prompt, a tool of the server.",
    "not deterministic": "It may be answered otherwise each time (no temperature of 0). "
    "--cache all remembers such answers as well.",
    "no-store": "Its client forbids it, with cache-control: no-store.",
    "no-cache": "Its client wants a fresh answer, with cache-control: no-cache.",
    "older than max-age": "There is an answer, and it is older than the client takes (cache-control: max-age).",
    "min-fresh": "There is an answer, and it expires sooner than the client takes (cache-control: min-fresh).",
    "only-if-cached": "There is no answer, and its client wants none from elsewhere (cache-control: only-if-cached).",
}
"""By the first part of a reason. Of a hit that is its tier."""
NOT_KEPT: dict[str, str] = {
    "too large": "it is larger than what is held of one, or did not come whole",
    "answered by a spare": "another upstream than the first gave it",
    "status": "only those with status 200 are",
    "stopped": "it did not come to its own end",
    "packed": "it is packed in a way that is not read here, or that its client did not ask for",
    "the upstream forbids it": "the upstream forbids that, with cache-control",
}
"""Why a new answer was not kept: by what stands behind `; not kept: `, up to a number or a word of its own."""
_NOT_KEPT = "; not kept: "
_UNTOLD = "The cache says: {}."


def words_of(cache: str, why: str, outcome: str = "") -> str:
    """`cache` and `cache_why` of a request in a sentence or two; "" where it never came to the cache."""
    if outcome == "shared":
        return "An identical request was on its way, and its answer was sent to this one as well."
    if cache == "off":
        return "Nothing was looked for in the cache: the cache is off, or the request asks no model."
    if not cache or not why:
        return ""
    reason, not_kept = parts_of(why)
    told = REASONS.get(reason) or _UNTOLD.format(reason)
    return f"{told} And its answer was not kept: {unkept_words(not_kept) or not_kept}." if not_kept else told


def parts_of(why: str) -> tuple[str, str]:
    """Why it was not answered from the cache, and why its new answer was not kept; "" where that was."""
    reason, _, not_kept = why.partition(_NOT_KEPT)
    return reason, not_kept


def unkept_words(not_kept: str) -> str:
    """The second of these parts, as words after "it was not kept:"; "" for one that is not known here."""
    return NOT_KEPT.get(not_kept) or NOT_KEPT.get(
        not_kept.split(":", maxsplit=1)[0].split(" ", maxsplit=1)[0], ""
    )
