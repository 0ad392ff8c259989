"""Limits of the gateway: sizes and times that keep one client from harming the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """How much the gateway takes from a client, and how long it waits.

    most_head_bytes: line and headers of a request.   most_body_bytes: of a request.   most_held_bytes: of the bodies of
    all requests at once, in line and upstream: three fifths for the first MB of each, the others for the rest, which is
    at least one of the largest.   room_s: how long one whose length is stated waits for that.
    most_answer_bytes: of an answer that is held back until it is whole; a longer one flows as it comes, and so do all
    while `most_held_answers_bytes` are held at once, of those that are not whole or not read; of large ones that are
    remembered and on their way to clients as much goes from the same room.
    queue_timeout_s: in line for the guard, then 503.   most_waiting: requests in line at once; one more is refused at
    once.   slow_client_s: how long a client may leave a piece unread, take for a head, and for 16 KB of a body.
    silence_s: before a streaming client that waits hears something; keepalive_s: between two such signs.
    retries: after the first try, before the first byte has gone to the client.
    """

    most_head_bytes: int = 64_000
    most_body_bytes: int = 64_000_000
    most_held_bytes: int = 160_000_000
    room_s: float = 20.0
    most_answer_bytes: int = 8_000_000
    most_held_answers_bytes: int = 32_000_000
    queue_timeout_s: float = 900.0
    most_waiting: int = 1000
    slow_client_s: float = 60.0
    silence_s: float = 30.0
    keepalive_s: float = 15.0
    retries: int = 2
