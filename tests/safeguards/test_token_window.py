"""The promise about tokens, by brute force over what calls had cost; and each rule of the window by itself."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import Hold, LimitStore, MemoryStore, Ticket
from beastmode.safeguards.token_window import _COMPACT, TokenWindow
from beastmode.testing import ManualTime
from tests.safeguards.limit_model import TICK_S, UnpaddedTokens

LIMIT, SPAN_S = 40, 2.0


@dataclass
class Call:
    """What a server sees of a call.   used <= estimate."""

    start: float
    end: float
    estimate: int
    used: int


Step = tuple[float, float, int, float | None]

calls = st.lists(
    st.tuples(
        st.integers(0, 100).map(lambda n: n * TICK_S),  # after the one before
        st.integers(0, 300).map(lambda n: n * TICK_S),  # until its end
        st.integers(1, 60),
        st.one_of(st.none(), st.floats(0, 1)),
    ),
    max_size=30,
)


@contextmanager
def a_store(kind: str, time: ManualTime) -> Iterator[LimitStore]:
    limits = [UnpaddedTokens(LIMIT, SPAN_S)]
    if kind == "memory":
        yield MemoryStore(None, (), limits)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = HostStore("server:1", None, (), 2.0, tokens=limits, folder=Path(folder), clock=time)
        yield store
        store.close()


def play(store: LimitStore, time: ManualTime, steps: Sequence[Step]) -> list[Call]:
    """One after the other asks, waits as told or until a call has ended, and starts."""
    done, open_calls = list[Call](), list[tuple[float, Ticket, Call]]()

    def go_to(then: float) -> None:
        open_calls.sort(key=lambda item: item[0])
        while open_calls and open_calls[0][0] <= then:
            time.now, ticket, call = open_calls.pop(0)
            store.end(ticket, time.now, 0.0, call.used)
        time.now = max(then, time.now)

    for pause_s, takes_s, estimate, share in steps:
        go_to(time.now + pause_s)
        while isinstance(taken := store.take(time.now, tokens=estimate), Hold):
            next_end = min((end for end, _, _ in open_calls), default=math.inf)
            go_to(min(time.now + taken.wait_s, next_end))
        store.left(taken, time.now)
        used = estimate if share is None else int(share * estimate)
        done.append(Call(time.now, time.now + takes_s, estimate, used))
        open_calls.append((time.now + takes_s, taken, done[-1]))
    go_to(time.now + 100.0)
    return done


def most_counted(calls: list[Call]) -> int:
    """Of every window: all calls that touch it, as used if they had ended when the last of them started, otherwise as
    estimated; one estimated above the limit as the limit."""
    most = 0
    for begin in {at for call in calls for at in (call.start, call.end)}:
        within = [call for call in calls if call.start < begin + SPAN_S and call.end >= begin]
        last = max((call.start for call in within), default=0.0)
        counts = (call.used if call.end <= last else call.estimate for call in within)
        most = max(most, sum(min(LIMIT, count) for count in counts))
    return most


@pytest.mark.parametrize("kind", ["memory", "host"])
def test_no_window_holds_calls_of_more_tokens_than_the_limit(kind: str) -> None:
    @settings(max_examples=100, deadline=None)
    @given(calls)
    def check(steps: Sequence[Step]) -> None:
        time = ManualTime()
        with a_store(kind, time) as store:
            assert most_counted(play(store, time, steps)) <= LIMIT

    check()


def test_a_window_a_tick_too_short_is_found() -> None:
    """So the test above can fail."""
    steps = [(0.0, 10 * TICK_S, 30, None)] * 5
    time = ManualTime()
    short = MemoryStore(None, (), [UnpaddedTokens(LIMIT, SPAN_S - TICK_S)])
    assert most_counted(play(short, time, steps)) > LIMIT


def test_the_long_past_costs_no_room() -> None:
    window, now = TokenWindow(10, 1.0), 0.0
    for _ in range(3 * _COMPACT):
        now += 0.5
        window.take(5)
        window.settle(now, 5, 4)
        assert window.in_window(now) <= 8
    assert len(window._ats) <= _COMPACT + 3
    assert window.wait_s(now, 3) == 0.5


def test_what_cost_nothing_leaves_no_trace() -> None:
    window = TokenWindow(10, 1.0)
    window.take(10)
    window.settle(0.0, 10, 0)
    assert window.wait_s(0.0, 10) == 0.0


def test_an_unknown_past_counts_as_full() -> None:
    window = TokenWindow(10, 1.0)
    window.fill(5.0)
    assert (window.wait_s(5.5, 1), window.in_window(5.5)) == (0.5, 10)
    assert window.wait_s(6.0, 10) == 0.0
