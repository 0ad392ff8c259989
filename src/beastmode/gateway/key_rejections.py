"""Key rejections: what the gateway says no to because of who asks, with what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime

from beastmode.failures.failure import Failure
from beastmode.gateway.rejected import RejectedError
from beastmode.store.allowance import Allowance, Use, plain
from beastmode.store.keys.key import Key, Right
from beastmode.store.keys.secret import PREFIX

_MAKE = "Make one where the gateway runs: beast keys add NAME"
_SEND = f"send it where the client has its API key. {_MAKE}"


def no_key() -> RejectedError:
    """Nobody said who asks."""
    return _unknown(
        "this gateway wants a key of its own, and the request has none",
        f"A key begins with {PREFIX}; {_SEND}",
    )


def flawed(flaw: str) -> RejectedError:
    """A key that was not copied whole, or not right."""
    return _unknown(f"the key of this request is mistyped: {flaw}", "Copy it again, all of it.")


def unknown() -> RejectedError:
    """A sound key that this gateway has never given."""
    return _unknown(
        "the key of this request is not known here", f"Does it belong to another gateway? {_MAKE}"
    )


def no_longer(key: Key, how: str, since_unix: float) -> RejectedError:
    """A key that was good once.   how: was revoked, expired, or was rotated."""
    tips = {
        "was revoked": f"Ask whoever runs the gateway. {_MAKE}",
        "expired": f"Let it live longer: beast keys set {key.name} --expires 30d",
        "was rotated": f"Use the new secret, or make another: beast keys rotate {key.name}",
    }
    return _unknown(f"the key {key.name} {how} at {_at(since_unix)}", tips[how])


def wrong_model(key: Key, model: str) -> RejectedError:
    """A model that this key may not ask."""
    mine = ", ".join(key.limits.models)
    what = f"the model {model[:200]!r}" if model else "a request in which no model can be read"
    cause = f"the key {key.name} may not use {what}, only {mine}"
    tip = f"Ask one of those, or allow more: beast keys set {key.name} --models PATTERNS"
    return RejectedError(403, Failure("permission", cause[:500], False, tip))


def lacks_right(key: Key, right: Right) -> RejectedError:
    """A page that this key may not see."""
    all_of_them = " ".join(f"--right {one}" for one in sorted(key.limits.rights | {right}))
    tip = f"Give it the right: beast keys set {key.name} {all_of_them}"
    return RejectedError(403, Failure("permission", f"the key {key.name} has no right {right}", False, tip))


def too_fast(key: Key, wait_s: float = 1.0) -> RejectedError:
    """It would wait longer than it may for its turn."""
    rates = " and ".join(map(str, key.limits.rates))
    cause = f"the key {key.name} may ask {rates}, and the time of this request would be up before its turn"
    tip = f"Ask less often, or raise the rate: beast keys set {key.name} --rate …"
    return RejectedError(429, Failure("rate_limit", cause, True, tip, max(wait_s, 0.001), throttle=True))


def nothing_given_back(key: Key) -> RejectedError:
    """What is left of its budget is set aside for requests that take longer than this one may wait."""
    cause = f"all that is left of the budget of the key {key.name} is set aside for its requests in flight"
    tip = f"Ask less at once, state smaller answers (max_tokens), or raise it: beast keys set {key.name} --budget …"
    return RejectedError(429, Failure("rate_limit", cause, True, tip, 1.0, throttle=True))


def too_many(key: Key, waiting: int) -> RejectedError:
    """So many of one key wait already that no more are kept."""
    tip = f"Ask less at once, or raise what the key may: beast keys set {key.name} --rate …"
    cause = f"{waiting} requests of the key {key.name} wait already"
    return RejectedError(429, Failure("rate_limit", cause, True, tip, 1.0, throttle=True))


def spent_out(key: Key, allowance: Allowance, used: Use, wait_s: float, until_unix: float) -> RejectedError:
    """Its budget of the day or month is used up."""
    amount = f"{plain(round(allowance.used(used), 6))} of {allowance}"
    cause = f"the budget of the key {key.name} is used up: {amount}, until {_at(until_unix)}"
    tip = f"Wait until then, or raise it: beast keys set {key.name} --budget …"
    return RejectedError(429, Failure("out_of_budget", cause, "after", tip, max(wait_s, 0.001)))


def _unknown(cause: str, tip: str) -> RejectedError:
    return RejectedError(401, Failure("auth", cause, False, tip))


def _at(unix: float) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M} UTC"
