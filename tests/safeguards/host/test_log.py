"""The log in SQL is the twin of `Window`: same starts, same waits, for every span at once, trimmed or not."""

from __future__ import annotations

import math
import sqlite3

from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.safeguards.host import file as host_file
from beastmode.safeguards.host.log import KEEP_LEAST_S, HostLog, LogName
from beastmode.safeguards.token_window import TokenWindow
from beastmode.safeguards.window import Window

SPANS = (1.0, 2.0, 16.0, 64.0)
steps = st.lists(
    st.tuples(
        st.sampled_from(["start", "start", "start", "trim", "forget"]),
        st.integers(0, 400).map(lambda n: n / 64),
        st.integers(0, 64).map(lambda n: n / 16),
    ),
    max_size=60,
)


def empty_log(name: LogName = "starts", kept_s: float = max(SPANS)) -> HostLog:
    db = sqlite3.connect(":memory:", isolation_level=None)
    host_file._prepare(db, 0.0, lost_at=-math.inf)
    db.execute("UPDATE state SET kept_s = ?", (kept_s,))
    return HostLog.read(db, name)


@settings(deadline=None)
@given(steps, st.integers(1, 8), st.integers(0, 3), st.integers(1, 3))
def test_the_log_waits_as_windows_do(
    steps: list[tuple[str, float, float]], limit: int, leaving: int, places: int
) -> None:
    log, windows, now = empty_log(), {span: Window(limit, span) for span in SPANS}, 100.0
    for window in windows.values():
        window.take(leaving)
    for act, pause_s, ago_s in steps:
        now += pause_s
        if act == "trim":
            log.trim(now)
        elif act == "forget":
            log.forget(now - ago_s)
        else:
            log.append(now)
        for window in windows.values():
            if act == "start":
                window.take()
                window.left(now)
            elif act == "forget":
                window.fill(now - ago_s)
        log = HostLog.read(log.db, "starts")
        for span, window in windows.items():
            assert log.wait_s(now, span, limit, places + leaving) == window.wait_s(now, places)
            known = limit if log.unknown(now, span) else log.in_window(now, span) + leaving
            assert known == window.in_window(now)
    log.db.close()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400).map(lambda n: n / 64), st.integers(0, 9), st.booleans()), max_size=60
    ),
    st.integers(1, 20),
    st.integers(0, 9),
    st.integers(1, 30),
)
def test_the_log_of_tokens_waits_as_their_windows_do(
    steps: list[tuple[float, int, bool]], limit: int, in_flight: int, tokens: int
) -> None:
    log, windows, now = empty_log("spent"), {span: TokenWindow(limit, span) for span in SPANS}, 100.0
    for window in windows.values():
        window.take(in_flight)
    for pause_s, used, trim in steps:
        now += pause_s
        log.append(now, used)
        if trim:
            log.trim(now)
        log = HostLog.read(log.db, "spent")
        for span, window in windows.items():
            window.take(9)
            window.settle(now, 9, used)
            assert log.wait_s(now, span, limit, min(tokens, limit) + in_flight) == window.wait_s(now, tokens)
            assert log.in_window(now, span) + in_flight == window.in_window(now)
    log.db.close()


def test_a_stamp_that_comes_late_is_moved_up() -> None:
    """Two processes stamp, then write in the other order: late is safe, early is not."""
    log = empty_log()
    log.append(10.0)
    log.append(9.5)
    assert HostLog.read(log.db, "starts").wait_s(10.25, 1.0, 2, 2) == 0.75
    log.db.close()


def test_only_what_the_longest_window_needs_is_kept() -> None:
    log = empty_log(kept_s=1.0)
    for second in range(1000):
        log.append(float(second))
    log.trim(1000.0)
    (kept,) = log.db.execute("SELECT count(*) FROM starts").fetchone()
    assert kept == KEEP_LEAST_S - 1
    assert HostLog.read(log.db, "starts").total == 1000
    assert HostLog.read(log.db, "starts").wait_s(1000.0, 8.0, 10, 3) == 0.0
    assert HostLog.read(log.db, "starts").wait_s(1000.0, 8.0, 10, 4) == 0.0 + 992.0 + 8.0 - 1000.0 + 1.0
    log.db.close()


def test_a_window_longer_than_what_was_kept_counts_as_full() -> None:
    log = empty_log(kept_s=1.0)
    for second in range(200):
        log.append(float(second))
    log.trim(199.0)
    assert HostLog.read(log.db, "starts").wait_s(199.0, 3600.0, 10_000, 1) == 3600.0 - KEEP_LEAST_S
    log.db.close()
