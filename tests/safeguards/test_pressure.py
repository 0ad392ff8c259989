"""Pressure: as many workers as keep a server busy, no more than would only wait; on made-up lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.safeguards.pressure import STEP_S, Pressure


def watch(pressure: Pressure, slots: int, asking: float, for_s: int) -> int:
    """A server with so many slots; each worker asks for `asking` of one all the time. The limit in the end."""
    for now in range(for_s):
        wanted = round(pressure.limit * asking)
        pressure.looked(float(now), max(0, wanted - slots), min(wanted, slots), workers=pressure.limit)
    return pressure.limit


def test_workers_are_added_while_none_of_their_requests_waits() -> None:
    assert watch(Pressure(), slots=100, asking=1.0, for_s=300) == 32


def test_it_stops_where_more_would_only_wait() -> None:
    assert 12 <= watch(Pressure(), slots=12, asking=1.0, for_s=600) <= 18
    assert 20 <= watch(Pressure(), slots=12, asking=0.5, for_s=600) <= 31, (
        "who asks half of the time needs half"
    )


def test_a_server_that_bears_less_has_fewer_workers() -> None:
    pressure = Pressure()
    assert watch(pressure, slots=100, asking=1.0, for_s=300) == 32
    now = 300.0
    for second in range(600):
        waiting = max(0, pressure.limit - 4)
        pressure.looked(now + second, waiting, min(4, pressure.limit), workers=pressure.limit)
    assert 4 <= pressure.limit <= 8
    assert pressure.why == "a line"


def test_where_not_all_are_at_work_none_is_added() -> None:
    pressure = Pressure()
    for second in range(100):
        pressure.looked(float(second), 0, 1, workers=1)
    assert pressure.limit == 3


looks = st.tuples(st.floats(0, 100), st.integers(0, 1000), st.integers(0, 100), st.integers(0, 40))


@given(st.integers(1, 64), st.lists(looks, max_size=100))
def test_whatever_it_sees_it_is_within_its_bounds_and_takes_one_step_at_a_time(
    ceiling: int, looks: list[tuple[float, int, int, int]]
) -> None:
    pressure, now, stepped_at = Pressure(ceiling), 0.0, 0.0
    for pause_s, waiting, at_work, workers in looks:
        now += pause_s
        before = pressure.limit
        pressure.looked(now, waiting, at_work, workers)
        assert 1 <= pressure.limit <= ceiling
        assert abs(pressure.limit - before) <= 1
        if pressure.limit != before:
            assert now - stepped_at >= STEP_S or stepped_at == 0.0
            stepped_at = now
