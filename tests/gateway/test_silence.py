"""Who listens to a server that says nothing gives up in time, and nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from beastmode.gateway.silence import Silence

LONGEST_S = 20.0


class Clock:
    """Calls back when it is set on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay_s: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        self.due.append((self.now + delay_s, call))
        return asyncio.TimerHandle(self.now + delay_s, call, (), _LOOP)

    def go_on(self, for_s: float) -> None:
        until = self.now + for_s
        while self.due and self.due[0][0] <= until:
            self.now, call = self.due.pop(0)
            call()
        self.now = until


class Listener:
    def __init__(self, heard: object = 0) -> None:
        self.said, self.gave_up = heard, 0

    def heard(self) -> object:
        return self.said

    def give_up(self) -> None:
        self.gave_up += 1


_LOOP = asyncio.new_event_loop()
_LOOP.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def silence(clock: Clock) -> Silence:
    return Silence(LONGEST_S, lambda: clock.now, clock.call_later)


def test_who_hears_nothing_gives_up_in_time_and_once(clock: Clock, silence: Silence) -> None:
    listener = Listener()
    silence.add(listener)
    clock.go_on(LONGEST_S - 0.1)
    assert listener.gave_up == 0
    clock.go_on(LONGEST_S / 10 + 0.2)
    assert listener.gave_up == 1
    clock.go_on(3 * LONGEST_S)
    assert listener.gave_up == 1


def test_whatever_is_heard_is_waited_for_anew(clock: Clock, silence: Silence) -> None:
    listener, other = Listener(), Listener()
    silence.add(listener)
    silence.add(other)
    for said in range(1, 10):
        clock.go_on(LONGEST_S - 2.0)
        listener.said = said
    assert listener.gave_up == 0
    assert other.gave_up == 1


def test_a_server_that_need_not_speak_is_waited_for(clock: Clock, silence: Silence) -> None:
    listener = Listener(None)
    silence.add(listener)
    clock.go_on(10 * LONGEST_S)
    assert listener.gave_up == 0
    listener.said = 7
    clock.go_on(2 * LONGEST_S)
    assert listener.gave_up == 1


def test_who_has_left_gives_up_no_more_and_nobody_looks(clock: Clock, silence: Silence) -> None:
    listener = Listener()
    silence.add(listener)
    silence.leave_out(listener)
    silence.leave_out(listener)
    clock.go_on(2 * LONGEST_S)
    assert listener.gave_up == 0
    assert not clock.due
    silence.add(listener)
    clock.go_on(2 * LONGEST_S)
    assert listener.gave_up == 1
