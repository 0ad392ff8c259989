"""Where a limit is counted changes no decision: in memory, in the file, or in either as it comes."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from beastmode.safeguards.host.queue import Amount
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import LimitStore, MemoryStore, Ticket
from beastmode.testing import ManualTime
from tests.safeguards.calls import granted
from tests.safeguards.host.test_members import HostMembersMachine
from tests.safeguards.limit_model import Limits, Unpadded, UnpaddedTokens, lingers, ticks, tokens, used
from tests.safeguards.test_limit_store import HostStoreMachine

T = TypeVar("T")


class _InTheFile(HostStore):
    """Never counts in memory."""

    def _begin_alone(self, db: sqlite3.Connection, now: float, wanted: Amount) -> None:
        return


fixed_limits = st.tuples(
    st.sampled_from([None, 1, 2, 3]),
    st.integers(1, 4).map(lambda n: (Unpadded(n, 1.0), Unpadded(2 * n, 8.0))),
    st.sampled_from([10, 15, 40]).map(lambda n: (UnpaddedTokens(n, 2.0), UnpaddedTokens(2 * n, 8.0))),
)


class SideBySideMachine(RuleBasedStateMachine):
    """One process alone, counting in memory, in the file, and in the file until it is alone: all decide the same."""

    @initialize(given=fixed_limits)
    def begin(self, given: Limits) -> None:
        self.time, self.folder = ManualTime(), Path(tempfile.mkdtemp(prefix="beast-limits-"))
        self.stores: list[LimitStore] = [MemoryStore(*given)]
        for kind in (_InTheFile, HostStore):
            folder = self.folder / kind.__name__
            self.stores.append(kind("s:1", *given[:2], 2.0, tokens=given[2], folder=folder, clock=self.time))
        self.tickets: list[list[Ticket]] = []

    def all_say(self, ask: Callable[[LimitStore], T]) -> T:
        answer, *others = [ask(store) for store in self.stores]
        assert others == [answer] * len(others)
        return answer

    @rule(pause_s=ticks)
    def time_passes(self, pause_s: float) -> None:
        self.time.now += pause_s

    @rule(places=st.integers(1, 2), tokens=tokens)
    def take(self, places: int, tokens: int) -> None:
        taken = [store.take(self.time.now, places, tokens) for store in self.stores]
        if all(isinstance(one, Ticket) for one in taken):
            self.tickets.append([granted(one) for one in taken])
        else:
            assert taken == [taken[0]] * len(taken)

    @rule(number=st.integers(0, 9))
    def take_places(self, number: int) -> None:
        if self.tickets:
            tickets = iter(self.tickets[number % len(self.tickets)])
            self.all_say(lambda store: store.take_places(next(tickets), self.time.now))

    @rule(number=st.integers(0, 9))
    def left(self, number: int) -> None:
        leaving = [tickets for tickets in self.tickets if tickets[0].places]
        if leaving:
            tickets = iter(leaving[number % len(leaving)])
            self.all_say(lambda store: store.left(next(tickets), self.time.now))

    @rule(number=st.integers(0, 9), linger_s=lingers, used=used)
    def end(self, number: int, linger_s: float, used: int | None) -> None:
        if self.tickets:
            tickets = iter(self.tickets.pop(number % len(self.tickets)))
            self.all_say(lambda store: store.end(next(tickets), self.time.now, linger_s, used))

    @rule(ago_s=ticks)
    def fill(self, ago_s: float) -> None:
        self.all_say(lambda store: store.fill(self.time.now - ago_s))

    @rule(changed=fixed_limits)
    def set_limits(self, changed: Limits) -> None:
        self.all_say(lambda store: store.set_limits(self.time.now, *changed))

    @invariant()
    def they_know_the_same(self) -> None:
        if hasattr(self, "stores"):
            self.all_say(lambda store: store.in_use(self.time.now))
            self.all_say(lambda store: store.tokens_in_use(self.time.now))

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store in self.stores:
                store.close()
            shutil.rmtree(self.folder)


@pytest.mark.usefixtures("alone_at_once")
@pytest.mark.parametrize("machine", [SideBySideMachine, HostStoreMachine, HostMembersMachine])
def test_no_decision_hangs_on_where_it_is_counted(machine: type[RuleBasedStateMachine]) -> None:
    """The last two compare with a model that is plainly right; here, whoever is alone counts in memory at once."""
    often = settings(
        max_examples=40, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=often)
