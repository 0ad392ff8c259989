"""Whoever comes at any instant while one counts alone breaks no limit: it may be stopped there, or killed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.safeguards.host import members as host_members
from beastmode.safeguards.host import solo as host_solo
from beastmode.safeguards.host.board import Board
from beastmode.safeguards.host.queue import Amount
from beastmode.safeguards.host.store import HostStore
from beastmode.testing import ManualTime
from tests.safeguards.calls import Enter
from tests.safeguards.host.solo_world import (
    SLOTS,
    STARTS,
    STEPS,
    TOKENS,
    World,
    end,
    instants_at_which_a_kill_is_forgotten,
    instants_at_which_limits_break,
    linger,
    take_and_leave,
    take_more_places,
)


@pytest.mark.parametrize("step", STEPS)
def test_others_may_come_at_any_instant_of_a_step(
    enter: Enter, time: ManualTime, step: Callable[[World], None]
) -> None:
    assert instants_at_which_limits_break(enter, time, step) == []


@pytest.mark.parametrize("step", STEPS)
def test_it_may_be_killed_at_any_instant_of_a_step(
    enter: Enter, time: ManualTime, step: Callable[[World], None]
) -> None:
    assert instants_at_which_a_kill_is_forgotten(enter, time, step) == []


def test_who_forgets_one_that_was_killed_is_found(
    enter: Enter, time: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgets(db: sqlite3.Connection, stem: Path, owner: int, clock: Callable[[], float]) -> None:
        db.execute("UPDATE state SET solo = 0")
        host_members.bury(db, owner, clock())

    monkeypatch.setattr(host_solo, "take_over", forgets)
    with pytest.raises(AssertionError):
        assert instants_at_which_a_kill_is_forgotten(enter, time, take_and_leave) == []


class _LooksFirst(HostStore):
    """Looks for the mark before it shows what it takes."""

    def _shown(self, number: int, wanted: Amount) -> bool:
        asked = self._asked()
        self._mine.show(wanted)
        self._mine.add(number, wanted)
        return not asked


@pytest.mark.usefixtures("alone_at_once")
def test_one_that_looks_before_it_shows_is_found(tmp_path: Path, time: ManualTime) -> None:
    def enter() -> HostStore:
        return _LooksFirst("server:1", SLOTS, [STARTS], 2.0, tokens=[TOKENS], folder=tmp_path, clock=time)

    with pytest.raises(AssertionError):
        assert instants_at_which_limits_break(enter, time, take_and_leave) == []


@pytest.mark.parametrize("step", [take_and_leave, end, linger, take_more_places])
def test_it_goes_on_while_somebody_joins(
    enter: Enter, time: ManualTime, monkeypatch: pytest.MonkeyPatch, step: Callable[[World], None]
) -> None:
    """Marked, and not read yet: what it had goes on, and is counted once; nothing new starts."""
    world = World(enter, time)
    monkeypatch.setattr(host_solo, "pause", lambda pause_s: step(world))
    world.others_take_all_they_can()
    assert world.starts <= STARTS.starts
    assert world.flying <= SLOTS
    for store in world.stores:
        assert store.in_use(time.now) == (world.flying, world.starts)
    world.close()


class SlowBoard:
    """What is written becomes visible to others only at the next pause, as a processor may keep it to itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: list[Callable[[], object]] = []
        show, write = Board.show, Board.write
        monkeypatch.setattr(Board, "show", lambda board, held: self.kept.append(lambda: show(board, held)))
        monkeypatch.setattr(Board, "write", lambda board, *row: self.kept.append(lambda: write(board, *row)))

    def flush(self, pause_s: float = 0.0) -> None:
        for write in self.kept:
            write()
        self.kept.clear()


@pytest.mark.parametrize("waits", [True, False])
def test_who_comes_waits_until_what_was_shown_can_be_seen(
    enter: Enter, time: ManualTime, waits: bool
) -> None:
    """Else it would miss a call that was shown before the mark could be seen."""
    world = World(enter, time)
    with pytest.MonkeyPatch.context() as monkeypatch:
        slow = SlowBoard(monkeypatch)
        take_and_leave(world)
        monkeypatch.setattr(host_solo, "pause", slow.flush if waits else lambda pause_s: None)
        world.others_take_all_they_can()
        slow.flush()
    assert (world.starts <= STARTS.starts and world.flying <= SLOTS) is waits
    world.close()
