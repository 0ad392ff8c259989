"""Several processes on one file of limits, under one model: deaths, the queue, the strictest limits.

Each member here is a HostStore of its own, as it would be in a process of its own.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from beastmode.safeguards.host.board import read_board
from beastmode.safeguards.host.decision import LOOK_S, POLL_S
from beastmode.safeguards.host.holding import CLEAR_EVERY
from beastmode.safeguards.host.liveness import is_held
from beastmode.safeguards.host.log import KEEP_LEAST_S
from beastmode.safeguards.host.members import liveness_path
from beastmode.safeguards.host.queue import STALE_S
from beastmode.safeguards.host.store import BURY_S, HostStore
from beastmode.safeguards.limit_store import Hold, Ticket
from beastmode.testing import ManualTime
from tests.safeguards.calls import Enter, Join, die, granted, polled, start
from tests.safeguards.limit_model import (
    Call,
    Gone,
    Limits,
    Model,
    Unpadded,
    limits,
    lingers,
    strictest_of,
    ticks,
    tokens,
    used,
)


def test_what_one_process_takes_is_missing_to_the_other(join: Join, time: ManualTime) -> None:
    one, other = join(2, Unpadded(2, 1.0)), join(2, Unpadded(2, 1.0))
    start(one, time.now)
    ticket = start(other, time.now)
    assert one.take(time.now) == Hold("slot", POLL_S)
    other.end(ticket, time.now)
    assert one.take(time.now) == Hold("rate", LOOK_S)
    assert one.in_use(time.now) == other.in_use(time.now) == (1, 2)


def test_the_strictest_limits_hold_for_all_and_go_with_their_process(join: Join, time: ManualTime) -> None:
    wide, strict = join(None, Unpadded(9, 1.0)), join(1, Unpadded(2, 1.0), Unpadded(3, 8.0))
    wide.end(start(wide, time.now), time.now)
    assert wide.most_places() == 2
    held = start(wide, time.now)
    assert wide.take(time.now).__class__ is Hold
    wide.end(held, time.now)
    assert wide.take(time.now) == Hold("rate", LOOK_S)
    strict.close()
    start(wide, time.now)
    assert wide.most_places() == 9


def test_who_has_waited_longest_is_served_first(join: Join, time: ManualTime) -> None:
    holder, first, second = join(1), join(1), join(1)
    ticket = start(holder, time.now)
    assert isinstance(first.take(time.now), Hold)
    time.now += 0.01
    assert isinstance(second.take(time.now), Hold)
    holder.end(ticket, time.now)
    assert isinstance(second.take(time.now), Hold), "the slot is set aside for the one before"
    granted(first.take(time.now))


def test_what_is_set_aside_for_one_does_not_stop_the_rest(join: Join, time: ManualTime) -> None:
    holder, first, second = join(2), join(2), join(2)
    tickets = [start(holder, time.now) for _ in range(2)]
    assert isinstance(first.take(time.now), Hold)
    time.now += 0.01
    assert isinstance(second.take(time.now), Hold)
    for ticket in tickets:
        holder.end(ticket, time.now)
    granted(second.take(time.now))
    assert first.in_use(time.now) == (1, 0)


def test_tokens_are_set_aside_for_who_has_waited_longest(enter: Enter, time: ManualTime) -> None:
    """Else many small calls would keep a large one waiting for ever."""
    holder, first, second = enter(), enter(), enter()
    ticket = granted(holder.take(time.now, tokens=60))
    assert first.take(time.now, tokens=50) == Hold("tokens", POLL_S)
    time.now += 0.01
    assert second.take(time.now, tokens=40) == Hold("tokens", POLL_S)
    holder.end(ticket, time.now, used_tokens=10)
    granted(second.take(time.now, tokens=40))
    granted(first.take(time.now, tokens=50))
    for store in (holder, first, second):
        store.close()


def test_who_does_not_ask_again_loses_the_place_in_the_queue(join: Join, time: ManualTime) -> None:
    holder, cancelled, other = join(1), join(1), join(1)
    ticket = start(holder, time.now)
    assert isinstance(cancelled.take(time.now), Hold)
    holder.end(ticket, time.now)
    asked_at = time.now
    polled(other, time, within_s=2.0)
    assert time.now - asked_at <= POLL_S + STALE_S + POLL_S


def test_two_places_are_had_where_others_take_one_at_a_time(join: Join, time: ManualTime) -> None:
    greedy, probing = join(None, Unpadded(2, 1.0)), join(None, Unpadded(2, 1.0))
    next_ask = {"greedy": time.now, "probing": time.now}
    while time.now < 1030.0:
        time.now = min(next_ask.values())
        if next_ask["greedy"] == time.now:
            taken = greedy.take(time.now)
            if isinstance(taken, Ticket):
                greedy.left(taken, time.now)
                greedy.end(taken, time.now)
            next_ask["greedy"] += taken.wait_s if isinstance(taken, Hold) else 0.001
        else:
            taken = probing.take(time.now, 2)
            if isinstance(taken, Ticket):
                return
            next_ask["probing"] += taken.wait_s
    raise AssertionError("two places were never free at once")


def test_the_dead_give_back_their_slots_and_their_places_count_as_started(
    join: Join, time: ManualTime
) -> None:
    dying, other = join(2, Unpadded(2, 1.0), linger_s=3.0), join(2, Unpadded(2, 1.0))
    start(dying, time.now)
    granted(dying.take(time.now))
    time.now += 0.5
    die(dying)
    died_at = time.now
    assert isinstance(other.take(time.now), Hold)
    assert other.in_use(time.now) == (2, 2), "what was on the way may have started"
    polled(other, time, within_s=10.0)
    assert died_at + 3.0 <= time.now <= died_at + 3.0 + BURY_S + POLL_S


def test_a_stopped_process_lives(join: Join, time: ManualTime) -> None:
    stopped, other = join(1), join(1)
    granted(stopped.take(time.now))
    for _ in range(100):
        taken = other.take(time.now)
        assert isinstance(taken, Hold)
        time.now += 60.0


def test_leaving_with_calls_in_flight_is_like_dying(join: Join, time: ManualTime) -> None:
    leaving, other = join(1, linger_s=3.0), join(1)
    start(leaving, time.now)
    leaving.close()
    left_at = time.now
    polled(other, time, within_s=10.0)
    assert left_at + 3.0 <= time.now <= left_at + 3.0 + POLL_S


def test_a_process_that_was_buried_alive_comes_back_with_what_it_holds(
    join: Join, time: ManualTime, tmp_path: Path
) -> None:
    """A cleaner of /tmp took its liveness away: the others think it dead until it speaks again."""
    buried, other = join(2, Unpadded(5, 1.0)), join(2, Unpadded(5, 1.0))
    start(buried, time.now)
    for path in tmp_path.glob("*.alive"):
        if path.name.split(".")[-2] == f"{buried._member:016x}":
            path.unlink()
    start(other, time.now)
    time.now += BURY_S
    assert isinstance(other.take(time.now), Hold)
    time.now += 10.0
    assert other.in_use(time.now) == (1, 0)
    assert buried.in_use(time.now) == (2, 5), "its call is in flight, and the window counts as full"
    assert other.take(time.now) == Hold("slot", POLL_S)


def test_a_board_that_is_made_anew_shows_what_lingers(join: Join, time: ManualTime) -> None:
    buried, other = join(2), join(2)
    buried.end(start(buried, time.now), time.now, linger_s=9.0)
    path = liveness_path(buried._stem, buried._member)
    path.unlink()
    time.now += BURY_S
    for _ in range(2):
        other.take(time.now)
    assert buried.in_use(time.now)[0] == 2, "one lingers, one is the other's"
    board = read_board(path)
    assert board is not None
    assert board.rows_after("lingering", 0).rows == [(1009.0, 1)]


def test_the_file_stays_small_however_long_a_run_is(join: Join, time: ManualTime, tmp_path: Path) -> None:
    store = join(1, Unpadded(1, 1.0))
    for _ in range(1000):
        store.end(start(store, time.now), time.now, linger_s=0.5)
        time.now += 1.0
    (path,) = tmp_path.glob("*.db")
    db = sqlite3.connect(path)
    (starts,) = db.execute("SELECT count(*) FROM starts").fetchone()
    (calls,) = db.execute("SELECT count(*) FROM calls").fetchone()
    db.close()
    assert starts <= KEEP_LEAST_S + CLEAR_EVERY
    assert calls <= CLEAR_EVERY
    assert len(store._mine.calls) <= CLEAR_EVERY


def test_there_is_no_instant_at_which_one_lives_and_is_no_member(
    join: Join, time: ManualTime, tmp_path: Path
) -> None:
    """Whoever comes just then would take the file for lost, and an hour's window for full."""
    leaving, alive_at_commit = join(1, Unpadded(9, 1.0)), list[bool]()
    leaving.end(start(leaving, time.now), time.now)

    def look(statement: str) -> None:
        if statement == "COMMIT":
            alive_at_commit.extend(is_held(path) for path in tmp_path.glob("*.alive"))

    leaving._file._db.set_trace_callback(look)
    leaving.close()
    assert alive_at_commit == [False]
    assert not list(tmp_path.glob("*.alive"))
    assert join(1, Unpadded(9, 1.0)).in_use(time.now) == (0, 1)


@dataclass(eq=False)
class Process:
    """A member and what the test knows of it."""

    store: HostStore
    limits: Limits
    linger_s: float
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def member(self) -> int:
        return self.store._member


@dataclass
class Waiting:
    since: float
    asks_by: float
    slots: int
    places: int
    tokens: int


class HostMembersMachine(RuleBasedStateMachine):
    """Up to four processes do anything, in any order. What is granted is exactly what the model allows: the strictest
    limits over what all hold, less what is set aside for those who have waited longer."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="beast-limits-"))
        self.time = ManualTime()
        self.processes: list[Process] = []
        self.model = Model(None, {})
        self.queue: dict[int, Waiting] = {}

    @property
    def now(self) -> float:
        return self.time.now

    @initialize(given=limits)
    def first(self, given: Limits) -> None:
        self.join(given, 2.0)

    @rule(given=limits, linger_s=lingers)
    def join(self, given: Limits, linger_s: float) -> None:
        if len(self.processes) < 4:
            slots, rates, tokens = given
            store = HostStore(
                "server:1", slots, rates, linger_s, tokens=tokens, folder=self.folder, clock=self.time
            )
            self.processes.append(Process(store, given, linger_s))
            self.learn()

    @rule(pause_s=ticks)
    def time_passes(self, pause_s: float) -> None:
        self.time.now += pause_s

    @rule(who=st.integers(0, 3), places=st.integers(1, 2), tokens=tokens)
    def take(self, who: int, places: int, tokens: int) -> None:
        process = self.pick(who)
        taken = process.store.take(self.now, places, tokens)
        self.learn()
        if isinstance(taken, Ticket):
            assert self.allowed(process, 1, places, tokens)
            process.tickets.append(taken)
            self.model.busy[process.member, taken.number] = Call(places, tokens)
            self.queue.pop(process.member, None)
        else:
            self.held(process, taken, 1, places, tokens)

    @rule(who=st.integers(0, 3), number=st.integers(0, 9))
    def take_places(self, who: int, number: int) -> None:
        process = self.pick(who)
        if not process.tickets:
            return
        ticket = process.tickets[number % len(process.tickets)]
        hold = process.store.take_places(ticket, self.now)
        self.learn()
        if hold is None:
            assert self.allowed(process, 0, 1, 0)
            self.model.busy[process.member, ticket.number].places += 1
            self.queue.pop(process.member, None)
        else:
            self.held(process, hold, 0, 1, 0)

    @rule(who=st.integers(0, 3), number=st.integers(0, 9))
    def left(self, who: int, number: int) -> None:
        process = self.pick(who)
        leaving = [ticket for ticket in process.tickets if ticket.places]
        if leaving:
            ticket = leaving[number % len(leaving)]
            process.store.left(ticket, self.now)
            self.model.busy[process.member, ticket.number].places -= 1
            self.model.starts.append(self.now)
            self.learn()

    @rule(who=st.integers(0, 3), number=st.integers(0, 9), linger_s=lingers, used=used)
    def end(self, who: int, number: int, linger_s: float, used: int | None) -> None:
        process = self.pick(who)
        if process.tickets:
            ticket = process.tickets.pop(number % len(process.tickets))
            process.store.end(ticket, self.now, linger_s, used)
            self.model.ends((process.member, ticket.number), self.now, linger_s, used)
            self.learn()

    @rule(who=st.integers(0, 3), changed=limits)
    def set_limits(self, who: int, changed: Limits) -> None:
        process = self.pick(who)
        process.limits = changed
        process.store.set_limits(self.now, *changed)
        self.learn()

    @rule(who=st.integers(0, 3), how=st.sampled_from(["close", "die"]))
    def goes(self, who: int, how: str) -> None:
        if len(self.processes) < 2:
            return
        process = self.pick(who)
        self.processes.remove(process)
        mine = [self.model.busy.pop(key) for key in list(self.model.busy) if key[0] == process.member]
        places, spent = sum(call.places for call in mine), sum(call.tokens for call in mine)
        gone = Gone(process.member, self.now, len(mine), places, spent, process.linger_s, process.limits)
        self.model.gone.append(gone)
        if how == "close":
            process.store.close()
        else:
            die(process.store)
        self.learn()

    def pick(self, who: int) -> Process:
        return self.processes[who % len(self.processes)]

    def known(self) -> set[int]:
        """The members in the file; the dead among them until someone has looked."""
        (path,) = self.folder.glob("*.db")
        db = sqlite3.connect(path)
        try:
            return {member for (member,) in db.execute("SELECT member FROM members")}
        finally:
            db.close()

    def learn(self) -> None:
        """Let the model know what the processes can know: a death counts from its burial on, its limits until then."""
        known = self.known()
        all_limits = [process.limits for process in self.processes]
        for gone in self.model.gone:
            if not gone.buried:
                gone.at = self.now
            if gone.member in known:
                all_limits.append(gone.limits)
            else:
                gone.buried = True
                self.queue.pop(gone.member, None)
        self.model.set_limits(strictest_of(all_limits))
        self.others = len(known) > 1

    def ahead(self, process: Process) -> tuple[int, int, int]:
        mine = (self.waiting_since(process), process.member)
        older = [
            waiting
            for member, waiting in self.queue.items()
            if member != process.member and waiting.asks_by > self.now and (waiting.since, member) < mine
        ]
        return sum(w.slots for w in older), sum(w.places for w in older), sum(w.tokens for w in older)

    def waiting_since(self, process: Process) -> float:
        waiting = self.queue.get(process.member)
        return waiting.since if waiting and waiting.asks_by > self.now else self.now

    def allowed(self, process: Process, slots: int, places: int, tokens: int) -> bool:
        ahead = self.ahead(process) if self.others and slots else (0, 0, 0)
        return self.model.allows(self.now, slots + ahead[0], places + ahead[1], tokens + ahead[2])

    def held(self, process: Process, hold: Hold, slots: int, places: int, tokens: int) -> None:
        assert not self.allowed(process, slots, places, tokens)
        assert hold.wait_s > 0
        if not self.others:
            assert hold.wait_s <= self.model.earliest(self.now, slots, places, tokens) - self.now
            return
        assert hold.wait_s <= LOOK_S
        if all(places <= starts for starts in self.model.windows.values()):
            since = self.waiting_since(process)
            asks_by = self.now + hold.wait_s + STALE_S
            self.queue[process.member] = Waiting(since, asks_by, slots, places, tokens)

    def teardown(self) -> None:
        """Whatever has happened: once all calls have ended, everybody is served again."""
        try:
            for process in self.processes:
                for ticket in process.tickets:
                    process.store.end(ticket, self.now)
            for process in self.processes:
                ticket = polled(process.store, self.time, within_s=16.0)
                process.store.end(ticket, self.now)
        finally:
            for process in self.processes:
                process.store.close()
            shutil.rmtree(self.folder)


TestHostMembers = HostMembersMachine.TestCase
TestHostMembers.settings = settings(
    max_examples=40, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
