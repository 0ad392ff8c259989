"""Slots against brute force: never one too many, never a wait too long."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from beastmode.safeguards.slots import Slots

ticks = st.integers(0, 64).map(lambda n: n / 16)
steps = st.lists(st.tuples(st.sampled_from(["take", "free", "limit"]), ticks, ticks), max_size=60)


@given(st.sampled_from([None, 1, 2, 3]), steps)
def test_slots_are_what_is_busy_and_what_lingers(
    limit: int | None, steps: list[tuple[str, float, float]]
) -> None:
    slots, now, busy, lingering = Slots(limit), 0.0, 0, list[float]()
    for act, pause_s, linger_s in steps:
        now += pause_s
        if act == "take" and slots.wait_s(now) == 0:
            slots.take()
            busy += 1
        elif act == "free" and busy:
            slots.free(now, linger_s)
            busy -= 1
            lingering.append(now + linger_s)
        elif act == "limit":
            slots.limit = int(linger_s) or None
        moments = [now, *sorted(until for until in lingering if until > now)]
        held = [busy + sum(until > at for until in lingering) for at in moments]
        assert slots.in_use(now) == held[0]
        free_at = (
            at for at, count in zip(moments, held, strict=True) if slots.limit is None or count < slots.limit
        )
        assert slots.wait_s(now) == next(free_at, math.inf) - now


def test_a_lowered_limit_waits_for_all_that_are_too_many() -> None:
    slots = Slots(3)
    for _ in range(3):
        slots.take()
    slots.limit = 1
    for linger_s in (1.0, 3.0, 2.0):
        assert slots.wait_s(0.0) == math.inf
        slots.free(0.0, linger_s)
    assert slots.wait_s(0.0) == 3.0
    assert slots.wait_s(2.5) == 0.5
    assert slots.wait_s(3.0) == 0.0
