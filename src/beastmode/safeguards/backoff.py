"""When to try again: exponential with full jitter, the server's hint first; and a budget against storms."""

from __future__ import annotations

import random

BASE_S, CAP_S = 0.5, 60.0
RETRY_SHARE, RETRY_LEAST = 0.20, 3


def backoff_s(tries: int, rng: random.Random, *, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """Seconds to wait after `tries` failed tries (>= 1): uniform between 0 and min(cap, base * 2^(tries-1)).

    Source: AWS "Exponential Backoff And Jitter", full jitter; constants near botocore's.
    """
    return rng.uniform(0.0, min(cap_s, base_s * 2.0 ** min(tries - 1, 32)))


def hinted_s(hint_s: float, rng: random.Random) -> float:
    """A server's own hint, never shortened; a little jitter, so that those told the same do not return as one."""
    return hint_s + rng.uniform(0.0, min(1.0, 0.1 * hint_s))


def retries_allowed(active: int) -> int:
    """How many retries may be in flight among `active` calls: 20 %, at least 3. Source: Envoy's retry budget."""
    return max(RETRY_LEAST, int(RETRY_SHARE * active))
