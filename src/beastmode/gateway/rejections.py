"""Rejections: what the gateway itself says no to, with what to do about it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from beastmode.failures.failure import Failure
from beastmode.gateway.rejected import RejectedError
from beastmode.safeguards.limit_store import Hold

_REASONS = {
    "slot": "all slots of the upstream are in use",
    "rate": "the rate allows no start yet",
    "tokens": "the tokens of the window are used up or promised to others",
    "retries": "the budget of retries is in use",
    "unhealthy": "the upstream is not well",
    "breaker": "most calls to the upstream failed, so its breaker is open",
    "restart": "the gateway was started again a moment ago",
}

_THROTTLES = ("rate_limit", "quota_exhausted")
"""Classes of failures that pause an upstream because somebody has used up what is theirs."""
_OWN_LIMITS = ("slot", "rate", "tokens", "retries")
"""Reasons that pass by themselves."""


def waited_too_long(
    queue_timeout_s: float,
    waited_s: Mapping[str, float],
    closed_s: float = 0.0,
    last: Failure | None = None,
) -> RejectedError:
    """Its time in line is over.   waited_s: at the head of the line, by reason; empty: it never got there.
    closed_s: for how much longer nothing leaves for the upstream, whatever its limits; infinite if unknown.
    last: as of `held_back`."""
    if closed_s > 0:
        return held_back(f"it waited {queue_timeout_s:g} s in line: {_closed_by(waited_s)}", closed_s, last)
    reason = max(waited_s, key=lambda one: waited_s[one], default="")
    why = _REASONS.get(reason, reason) or "others were in front all the time"
    bears = "--tokens" if reason == "tokens" else "--rate, --upstream-concurrency"
    tip = (
        "Ask less at once, wait longer (--queue-timeout, and the client's own timeout), "
        f"or raise what it bears ({bears})."
    )
    return _busy(f"it waited {queue_timeout_s:g} s in line: {why}", tip, 1.0)


def limits_in_trouble(trouble: str) -> RejectedError:
    """Nobody may leave, as nobody can be counted.   trouble: of the guard: why, then what to do on its own line."""
    cause, _, tip = trouble.partition("\n")
    return _busy(cause, tip.strip(), 1.0)


def waits_in_vain(reason: str, wait_s: float, last: Failure | None = None) -> RejectedError:
    """Nothing leaves for the upstream for longer than anybody may wait in line.   reason: of the guard.   wait_s:
    infinite where that is not known.   last: as of `held_back`."""
    how_long = f", for another {wait_s:.0f} s: too long to wait in line" if math.isfinite(wait_s) else ""
    return held_back(f"{_closed_by({reason: 0.0})}{how_long}", wait_s, last)


def held_back(reason: str, wait_s: float, last: Failure | None = None) -> RejectedError:
    """The upstream cannot be called for longer than anybody waits.   last: how calls to it have failed, where that is
    why. Only its class and its tip are told: what an upstream said was said to somebody else."""
    cause, look = _REASONS.get(reason, reason), "Look at the upstream."
    if last is not None:
        cause, look = f"{cause} (last: {last.class_})", last.tip
    tip = f"{look} Requests pass again as soon as it is well."
    return _busy(cause, tip, wait_s if math.isfinite(wait_s) else 30.0)


def _closed_by(waited_s: Mapping[str, float]) -> str:
    """Why nothing leaves, as far as one that waited at the head of the line has seen. A pause has a failure's class."""
    reasons = [reason for reason in waited_s if reason not in _OWN_LIMITS]
    reason = reasons[-1] if reasons else ""
    return _REASONS.get(
        reason, f"the upstream asked to wait ({reason})" if reason else "nothing leaves for the upstream"
    )


def too_many(waiting: int, closed: Hold | None = None, last: Failure | None = None) -> RejectedError:
    """The line is full.   closed: why nothing leaves for the upstream, whatever its limits.   last: as of
    `held_back`."""
    if closed is not None:
        why = f"{waiting} requests are in line already: {_closed_by({closed.reason: 0.0})}"
        return held_back(why, closed.wait_s, last)
    tip = "Ask less at once, or raise what the upstream bears (--rate, --upstream-concurrency)."
    return _busy(f"{waiting} requests are in line already", tip, 1.0)


def no_room(most_bytes: int) -> RejectedError:
    """Others fill the memory for bodies."""
    tip = "Ask less at once, or send less: what waits in line holds its place in memory."
    return _busy(
        f"the requests in line and upstream take all {most_bytes / 1e6:g} MB that may be held", tip, 1.0
    )


def shutting_down() -> RejectedError:
    """The gateway drains."""
    return _busy("the gateway is shutting down", "Try again once it has started.", 5.0)


def too_large(most_bytes: int) -> RejectedError:
    """The client sends more than is taken."""
    cause = f"the request is larger than the {most_bytes / 1e6:g} MB that are taken"
    tip = "Send less at once; large files belong to the file interface of a provider, not through here."
    return RejectedError(413, Failure("payload_too_large", cause, False, tip))


def not_json(flaw: str, content_type: str) -> RejectedError:
    """What asks a model has to be JSON.   flaw: why it is none.   content_type: as it was sent."""
    cause = f"the body is no JSON: {flaw}" if flaw.strip() else "the body is no JSON"
    tip = "Send the request as one JSON object, in UTF-8."
    if "json" not in content_type.lower():
        tip = f"Send the request as one JSON object, with content-type application/json, not {content_type or 'none'}."
    return RejectedError(400, Failure("bad_request", cause, False, tip))


def not_cached() -> RejectedError:
    """The client wants an answer from the cache or none (RFC 9111, 5.2.1.7)."""
    tip = "Leave out `cache-control: only-if-cached` to have the model server asked."
    return RejectedError(504, Failure("other", "the cache has no answer to this request", False, tip))


def head_too_large(most_bytes: int) -> RejectedError:
    """The client sends more headers than are taken."""
    cause = f"the headers are larger than the {most_bytes / 1e3:g} kB that are taken"
    return RejectedError(
        431, Failure("payload_too_large", cause, False, "Send shorter headers, and no more than needed.")
    )


def no_path(method: str) -> RejectedError:
    """It asks for nothing that an upstream has."""
    cause = f"a {method} request that names no path below the upstream"
    return RejectedError(
        400, Failure("bad_request", cause, False, "Ask for a path that begins with a slash.")
    )


def odd_path() -> RejectedError:
    """Where it leads is the upstream's to decide, and may be anywhere."""
    cause = "the path has a part that is `.` or `..`"
    return RejectedError(400, Failure("bad_request", cause, False, "Ask for the path that they lead to."))


def no_http(flaw: str) -> RejectedError:
    """It cannot be read.   flaw: why."""
    tip = (
        "Send HTTP/1.1, to https:// only where --tls-cert is set, with one length and a percent-encoded path."
    )
    return RejectedError(400, Failure("bad_request", f"the request is no HTTP: {flaw}", False, tip))


def asked_to_wait(reason: str, wait_s: float, last: Failure | None = None) -> RejectedError:
    """The upstream cannot be called for longer than this gateway was told to wait for it.   reason: of the guard.
    last: as of `held_back`."""
    if reason not in _THROTTLES or not math.isfinite(wait_s):
        return held_back(reason, wait_s, last)
    cause = (
        f"the upstream asked to wait ({reason}), for another {wait_s:.0f} s: longer than anybody waits here"
    )
    tip = "Ask again then, or raise the quota at the provider."
    return RejectedError(429, Failure("quota_exhausted", cause, "after", tip, wait_s, throttle=True))


def no_guest() -> RejectedError:
    """Inside a run: who asks is none of its attempts, or one that has ended."""
    cause = "this gateway belongs to a run, and the request does not come from an attempt that is at work"
    tip = "Start a gateway of your own with `beast serve`; what an attempt has left running may ask no more."
    return RejectedError(401, Failure("auth", cause, False, tip))


def not_recordable(cause: str) -> RejectedError:
    """The ledger cannot be written, and its owner wants nothing unrecorded.   cause: what is wrong, then what to do on
    a line of its own."""
    what, _, tip = cause.partition("\n")
    tip = f"{tip.strip()} Requests pass again as soon as the ledger can be written.".strip()
    return RejectedError(503, Failure("other", what, True, tip, 5.0))


def _busy(cause: str, tip: str, wait_s: float) -> RejectedError:
    return RejectedError(503, Failure("overloaded", cause, True, tip, max(wait_s, 0.001), throttle=True))
