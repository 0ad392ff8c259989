"""The counts, against a model: whatever comes, in whatever order, on a disk that fails now and then."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from beastmode.store.ledger.entry import OUTCOMES, Entry, Outcome
from beastmode.store.ledger.writing import writer as ledger_writer
from beastmode.store.sqlite import file as sqlite_file
from tests.store.ledgers import NOON, entry, opened, recorded


class Counting(RuleBasedStateMachine):
    """Requests are received, leave and end; the ledger is locked by another process, and closed and opened again."""

    received = Bundle("received")
    left = Bundle("left")

    def __init__(self) -> None:
        super().__init__()
        self.constants = [
            patch.object(sqlite_file, "BUSY_S", 0.001),
            patch.object(ledger_writer, "RETRY_S", 0.0),
        ]
        for constant in self.constants:
            constant.start()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.ledger = opened(self.folder / "ledger.db")
        self.other: sqlite3.Connection | None = None
        self.in_flight: set[str] = set()
        self.ended: dict[str, Outcome] = {}
        self.number = 0

    @rule(target=received)
    def receive(self) -> Entry:
        self.number += 1
        request = entry(NOON + self.number)
        self.ledger.begin(request)
        self.in_flight.add(request.id)
        return request

    @rule(target=left, request=consumes(received))
    def leave(self, request: Entry) -> Entry:
        calm = (
            self.other is None and not self.ledger.alarm
        )  # an alarm lets it leave, and may be over a moment later
        self.loop.run_until_complete(self.ledger.leaves(request))
        if calm and not self.ledger.alarm:
            with patch.object(sqlite_file, "BUSY_S", 30.0):  # the ledger may be writing just now
                assert request.id in {row.id for row in recorded(self.ledger.path)}
        return request

    @rule(request=st.one_of(consumes(received), consumes(left)), outcome=st.sampled_from(OUTCOMES))
    def end(self, request: Entry, outcome: Outcome) -> None:
        request.outcome = outcome
        self.ledger.end(request)
        self.in_flight.remove(request.id)
        self.ended[request.id] = outcome

    @precondition(lambda self: self.other is None)
    @rule()
    def lock(self) -> None:
        self.other = sqlite3.connect(self.ledger.path, isolation_level=None, timeout=60)
        self.other.execute("BEGIN IMMEDIATE")

    @precondition(lambda self: self.other is not None)
    @rule()
    def unlock(self) -> None:
        assert self.other is not None
        self.other.close()
        self.other = None

    @invariant()
    def nothing_is_unaccounted(self) -> None:
        counts = self.ledger.counts
        assert counts.received == self.number == counts.in_flight + sum(counts.by_outcome.values())
        assert counts.in_flight == len(self.in_flight)
        assert counts.by_outcome == {o: list(self.ended.values()).count(o) for o in OUTCOMES}

    def teardown(self) -> None:
        if self.other is not None:
            self.unlock()
        self.loop.run_until_complete(self.ledger.close())
        with patch.object(sqlite_file, "BUSY_S", 30.0):
            rows = {row.id: row.outcome for row in recorded(self.ledger.path)}
        assert {name: outcome for name, outcome in rows.items() if outcome} == self.ended
        assert {name for name, outcome in rows.items() if not outcome} <= self.in_flight
        assert self.ledger.unwritten == 0
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)
        for constant in self.constants:
            constant.stop()


TestCounting = Counting.TestCase
TestCounting.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # each opens a ledger; on a busy machine that takes a while
)
