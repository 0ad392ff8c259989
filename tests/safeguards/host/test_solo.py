"""Alone at a server, a process counts in memory, and whoever comes or comes after it knows everything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beastmode.safeguards.host import solo as host_solo
from beastmode.safeguards.host.board import ROWS_MOST as ROWS
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import Hold
from beastmode.settings import parse_rates
from beastmode.testing import ManualTime
from tests.safeguards.calls import Enter, die, granted, start
from tests.safeguards.host.solo_world import COST, SLOTS, STARTS, TOKENS, USED
from tests.safeguards.host.test_file import SABOTAGE, Sabotage, the_file, truncate
from tests.safeguards.limit_model import Unpadded


def alone(store: HostStore) -> bool:
    return store._memory is not None


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Somebody was stopped in the middle of a transaction."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    yield
    db.close()


def statements_of(store: HostStore) -> list[str]:
    seen: list[str] = []
    store._file._db.set_trace_callback(seen.append)
    return seen


def test_alone_it_needs_no_transaction(enter: Enter, time: ManualTime) -> None:
    store = enter()
    store.end(start(store, time.now), time.now)
    statements = statements_of(store)
    for _ in range(10):
        time.now += 10.0
        ticket = granted(store.take(time.now, 2, COST))
        store.left(ticket, time.now)
        store.end(ticket, time.now, 1.0, USED)
        assert store.in_use(time.now) == (1, 1)
        assert store.tokens_in_use(time.now) == USED
    assert statements == []
    store.close()


def test_it_is_alone_only_after_a_while(
    enter: Enter, time: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_solo, "ALONE_S", 1.0)
    store = enter()
    store.end(start(store, time.now), time.now)
    assert not alone(store)
    time.now += 1.0
    store.end(start(store, time.now), time.now)
    assert alone(store)
    store.close()


def test_who_joins_knows_everything_at_once(enter: Enter, time: ManualTime) -> None:
    one = enter()
    in_flight = granted(one.take(time.now, 2, COST))
    one.left(in_flight, time.now)
    time.now += 1.0
    one.end(start(one, time.now), time.now, 2.0)
    other = enter()
    assert other.in_use(time.now) == one.in_use(time.now) == (2, 3)
    assert other.tokens_in_use(time.now) == one.tokens_in_use(time.now) == COST
    time.now += 2.0
    one.end(in_flight, time.now, 0.0, USED)
    assert other.in_use(time.now) == (0, 2)
    assert other.tokens_in_use(time.now) == USED
    for store in (one, other):
        store.close()


def test_a_slot_that_lingers_is_free_when_its_time_is_up_though_its_process_says_no_more(
    enter: Enter, time: ManualTime
) -> None:
    one = enter()
    for linger_s in (0.5, 2.0):
        one.end(start(one, time.now), time.now, linger_s)
    other = enter()
    assert [other.in_use(time.now + later_s)[0] for later_s in (0.25, 0.5, 1.75, 2.0)] == [2, 1, 1, 0]
    for store in (one, other):
        store.close()


def test_a_file_that_is_busy_lets_nothing_be_forgotten(
    enter: Enter, time: ManualTime, tmp_path: Path
) -> None:
    """It could not be told that the past is not known; so nothing starts until it has been."""
    one = enter()
    one.end(start(one, time.now), time.now)
    (path,) = tmp_path.glob("*.db")
    with holding(path):
        one.fill(time.now)
        assert isinstance(one.take(time.now), Hold)
    assert one.take(time.now) == Hold("tokens", 8.0)
    one.close()


def test_it_is_alone_again_when_the_others_have_gone(enter: Enter, time: ManualTime) -> None:
    one = enter()
    start(one, time.now)
    other = enter()
    start(other, time.now)
    assert one.in_use(time.now) == (2, 2)
    assert not alone(one)
    other.close()
    start(one, time.now)
    statements = statements_of(one)
    assert one.in_use(time.now) == (3, 3)
    assert isinstance(one.take(time.now), Hold)
    assert statements == [], "and nobody has asked"
    one.close()


@pytest.mark.parametrize("how", ["killed", "closed"])
def test_who_comes_after_it_knows_what_it_started(enter: Enter, time: ManualTime, how: str) -> None:
    """One of its calls has ended, one is in flight, one was about to leave."""
    one = enter()
    ended = granted(one.take(time.now, 1, COST))
    one.left(ended, time.now)
    one.end(ended, time.now, 0.0, USED)
    start(one, time.now)
    granted(one.take(time.now, 1, COST))
    time.now += 1.0
    if how == "killed":
        die(one)
    else:
        one.close()
    other = enter()
    assert other.in_use(time.now) == (2, 3)
    assert other.tokens_in_use(time.now) == USED + COST
    assert other.in_use(time.now + 2.0)[0] == 0, "its slots linger"
    assert other.take(time.now + 2.0, 3) == Hold("rate", 5.0), (
        "two left 3 s before, the third maybe 2 s before"
    )
    other.close()


def test_one_that_cannot_write_at_its_end_leaves_its_board(
    enter: Enter, time: ManualTime, tmp_path: Path
) -> None:
    one = enter()
    start(one, time.now)
    start(one, time.now)
    (path,) = tmp_path.glob("*.db")
    with holding(path):
        one.close()
    other = enter()
    assert other.in_use(time.now) == (2, 2)
    other.close()


def test_changed_limits_are_the_files(enter: Enter, time: ManualTime) -> None:
    one = enter()
    start(one, time.now)
    one.set_limits(time.now, 1, [Unpadded(9, 64.0)], [])
    assert one.take(time.now) == Hold("slot", float("inf"))
    assert one.in_use(time.now) == (1, 1), "a window that is new knows what was started before"
    one.close()


@pytest.mark.usefixtures("alone_at_once")
def test_what_was_overwritten_on_the_board_counts_as_unknown(tmp_path: Path, time: ManualTime) -> None:
    rate = Unpadded(10 * ROWS, 3600.0)
    one = HostStore("server:1", None, [rate], 2.0, folder=tmp_path, clock=time)
    for _ in range(ROWS + 9):
        one.end(start(one, time.now), time.now)
        time.now += 1 / 64
    other = HostStore("server:1", None, [rate], 2.0, folder=tmp_path, clock=time)
    assert other.in_use(time.now) == (0, 10 * ROWS)
    time.now += 3600.0
    assert other.in_use(time.now)[1] < 10 * ROWS
    for store in (one, other):
        store.close()


@pytest.mark.parametrize(
    ("rates", "most_bytes"), [("8/s", 50_000), ("500/h", 50_000), ("400/s", 800_000), ("none", 800_000)]
)
def test_a_board_is_as_large_as_its_limits_ask_for(
    tmp_path: Path, time: ManualTime, rates: str, most_bytes: int
) -> None:
    """A gateway may have a thousand of them, one for each credential."""
    store = HostStore("server:1", 3, parse_rates(rates), 2.0, folder=tmp_path, clock=time)
    (path,) = tmp_path.glob("*.alive")
    assert most_bytes / 2 < path.stat().st_size < most_bytes
    store.close()


@pytest.mark.parametrize("gone", ["*.alive", "*"])
def test_it_counts_in_the_file_again_where_nobody_could_ask_it(
    enter: Enter, time: ManualTime, tmp_path: Path, gone: str
) -> None:
    """Someone has removed its board, or all there was."""
    one = enter()
    start(one, time.now)
    for path in tmp_path.glob(gone):
        path.unlink()
    held = one.take(time.now, 4)
    assert isinstance(held, Hold)
    assert held.wait_s == 8.0
    assert not alone(one)
    other = enter()
    assert other.in_use(time.now)[0] == 1
    for store in (one, other):
        store.close()


SABOTAGED = [*SABOTAGE, truncate]


@pytest.mark.parametrize("sabotage", SABOTAGED)
def test_a_file_that_is_lost_while_one_counts_alone_costs_one_window_and_no_limit(
    enter: Enter, time: ManualTime, tmp_path: Path, sabotage: Sabotage
) -> None:
    """Whoever comes finds a new file, and those that live by their boards."""
    one = enter()
    tickets = [start(one, time.now) for _ in range(2)]
    sabotage(the_file(tmp_path))
    if sabotage is truncate:
        one.set_limits(time.now, SLOTS, [STARTS], [TOKENS])  # until one has asked, a newcomer is refused
    other = enter()
    time.now += 1.0
    assert other.in_use(time.now) == (2, STARTS.starts)
    one.end(tickets.pop(), time.now)
    assert other.in_use(time.now) == one.in_use(time.now) == (1, STARTS.starts)
    assert isinstance(one.take(time.now), Hold)
    time.now += 8.0
    start(other, time.now)
    assert other.in_use(time.now) == one.in_use(time.now) == (2, 1)
    for store in (one, other):
        store.close()
