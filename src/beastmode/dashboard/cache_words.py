"""Why a request was answered from the cache or was not, in words: a sentence for each reason that the cache gives."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "l1": "The same request was answered before, and the answer was in the memory of the gateway.",
    "l3": "The same request was answered before, and the answer was in the database of this home.",
    "new": "Nothing that was remembered answers it: nobody has asked exactly this yet, or the answer has expired.",
    "asked before": "It was asked before, and its answer is not there: it failed or may not be kept, was forgotten, "
    "or is still on its way.",
    "no dialect": "It asks no model in a way that the gateway can read, so it passes through.",
    "not understood": "The body is not what its API asks for, so nobody can tell what would change the answer.",
    "stateful": "Its answer hangs on more than the request: an earlier answer, a stored prompt, a tool of the server.",
    "not deterministic": "It may be answered otherwise each time (no temperature of 0). "
    "`--cache all` remembers such answers as well.",
    "no-store": "Its client forbids it, with `cache-control: no-store`.",
    "no-cache": "Its client wants a fresh answer, with `cache-control: no-cache`.",
    "older than max-age": "There is an answer, and it is older than the client takes (`cache-control: max-age`).",
    "min-fresh": "There is an answer, and it expires sooner than the client takes (`cache-control: min-fresh`).",
}
"""By the first part of a reason. Of a hit that is its tier."""
NOT_KEPT: dict[str, str] = {
    "too large": "its answer was not kept: it is larger than what is held of one, or did not come whole",
    "answered by a spare": "its answer was not kept: another upstream than the first gave it",
    "status": "its answer was not kept: only those with status 200 are",
    "stopped": "its answer was not kept: it did not come to its own end",
    "the upstream forbids it": "its answer was not kept: the upstream forbids that, with `cache-control`",
}
"""Behind `; not kept: `, up to a number or a word of its own."""
_UNTOLD = "The cache says: {}."


def words_of(cache: str, why: str, outcome: str = "") -> str:
    """`cache` and `cache_why` of a request in a sentence or two; "" where it never came to the cache."""
    if outcome == "shared":
        return "An identical request was on its way, and its answer was sent to this one as well."
    if cache == "off":
        return "Nothing was looked for in the cache: the cache is off, or the request asks no model."
    if not cache or not why:
        return ""
    reason, _, not_kept = why.partition("; not kept: ")
    told = REASONS.get(reason) or _UNTOLD.format(reason)
    if not not_kept:
        return told
    unkept = NOT_KEPT.get(not_kept) or NOT_KEPT.get(
        not_kept.split(":")[0].split(" ")[0], f"not kept: {not_kept}"
    )
    return f"{told} And {unkept}."
