"""One suite for every LimitStore: what the contract says, in examples, and against a model that is plainly right."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import Hold, LimitStore, MemoryStore, Ticket
from beastmode.settings import Rate, TokenRate
from beastmode.testing import ManualTime
from tests.safeguards.calls import die, granted, start
from tests.safeguards.limit_model import (
    Call,
    Limits,
    Unpadded,
    UnpaddedTokens,
    limits,
    lingers,
    model_of,
    ticks,
    tokens,
    used,
)

Make = Callable[..., LimitStore]


@pytest.fixture(params=["memory", "host"])
def make(request: pytest.FixtureRequest, tmp_path: Path, time: ManualTime) -> Iterator[Make]:
    """Every LimitStore there is; another one is one more line here."""
    kinds: dict[str, Make] = {
        "memory": MemoryStore,
        "host": lambda slots, rates, tokens: HostStore(
            "server:1", slots, rates, 2.0, tokens=tokens, folder=tmp_path, clock=time
        ),
    }
    made: list[LimitStore] = []

    def make(slots: int | None, rates: Sequence[Rate], *tokens: TokenRate) -> LimitStore:
        made.append(kinds[request.param](slots, rates, tokens))
        return made[-1]

    yield make
    for store in made:
        store.close()


def test_a_slot_is_free_when_its_call_ends_and_not_before(make: Make, time: ManualTime) -> None:
    store = make(1, [])
    ticket = granted(store.take(time.now))
    assert store.take(time.now + 1000.0) == Hold("slot", math.inf)
    store.end(ticket, time.now + 1001.0)
    granted(store.take(time.now + 1001.0))


def test_a_slot_lingers_as_long_as_told(make: Make, time: ManualTime) -> None:
    store = make(1, [])
    store.end(start(store, time.now), time.now, linger_s=2.0)
    assert store.in_use(time.now + 1.5)[0] == 1
    assert store.take(time.now + 1.5) == Hold("slot", 0.5)
    granted(store.take(time.now + 2.0))


def test_a_place_counts_from_its_real_start(make: Make, time: ManualTime) -> None:
    store = make(None, [Unpadded(1, 1.0)])
    ticket = granted(store.take(time.now))
    assert store.take(time.now + 5.0) == Hold("rate", math.inf), "taken, not left: it may leave at any time"
    store.left(ticket, time.now + 5.0)
    assert store.take(time.now + 5.5) == Hold("rate", 0.5)
    granted(store.take(time.now + 6.0))


def test_a_place_that_never_left_is_given_back(make: Make, time: ManualTime) -> None:
    store = make(3, [Unpadded(2, 1.0)])
    store.end(granted(store.take(time.now, 2)), time.now)
    assert store.in_use(time.now) == (0, 0)
    granted(store.take(time.now, 2))


def test_all_or_nothing(make: Make, time: ManualTime) -> None:
    store = make(1, [Unpadded(2, 1.0), Unpadded(3, 8.0)])
    start(store, time.now)
    assert store.take(time.now, 2) == Hold("slot", math.inf)
    assert store.in_use(time.now) == (1, 1), "a refused call holds nothing"
    assert store.in_use(time.now + 2.0, 8.0) == (1, 1), "the longer window still counts it"
    assert store.in_use(time.now + 2.0, 1.0) == (1, 0)


def test_a_ticket_may_take_more_places_later(make: Make, time: ManualTime) -> None:
    store = make(1, [Unpadded(1, 1.0)])
    ticket = start(store, time.now)
    assert store.take_places(ticket, time.now + 0.25) == Hold("rate", 0.75)
    assert store.take_places(ticket, time.now + 1.0) is None
    store.left(ticket, time.now + 1.0)
    store.end(ticket, time.now + 1.0)
    assert store.in_use(time.now + 1.0) == (0, 1)


def test_lowered_limits_hold_for_what_starts_next(make: Make, time: ManualTime) -> None:
    store = make(3, [Unpadded(3, 1.0)])
    tickets = [start(store, time.now) for _ in range(3)]
    store.set_limits(time.now, 1, [Unpadded(1, 1.0)])
    assert store.take(time.now + 1.0) == Hold("slot", math.inf), "two too many are still in flight"
    for ticket in tickets[:2]:
        store.end(ticket, time.now + 1.0)
    assert store.take(time.now + 1.0) == Hold("slot", math.inf)
    store.end(tickets[2], time.now + 1.0)
    start(store, time.now + 1.0)


def test_raised_limits_hold_at_once(make: Make, time: ManualTime) -> None:
    store = make(1, [Unpadded(1, 1.0)])
    start(store, time.now)
    store.set_limits(time.now, 2, [Unpadded(2, 1.0)])
    start(store, time.now)
    assert store.most_places() == 2
    store.set_limits(time.now, None, [])
    start(store, time.now)
    assert store.most_places() == math.inf


def test_two_rates_over_one_span_are_the_stricter_one(make: Make, time: ManualTime) -> None:
    """Once changed, both were one window, which counted every start twice."""
    store = make(None, [Unpadded(9, 1.0)])
    store.set_limits(time.now, None, [Unpadded(4, 1.0), Unpadded(2, 1.0), Unpadded(3, 1.0)])
    later = time.now + 1.0
    start(store, later)
    assert store.in_use(later) == (1, 1)
    start(store, later)
    assert store.take(later) == Hold("rate", 1.0)


@pytest.mark.parametrize("change", ["raised", "new window", "longer window"])
def test_an_unknown_past_is_not_forgotten_when_limits_change(
    make: Make, time: ManualTime, change: str
) -> None:
    store = make(None, [Unpadded(1, 2.0)])
    store.fill(time.now)
    changed = {"raised": Unpadded(9, 2.0), "new window": Unpadded(9, 1.0), "longer window": Unpadded(9, 8.0)}
    store.set_limits(time.now, None, [changed[change]])
    span_s = changed[change].span_s
    assert store.take(time.now + span_s - 0.25) == Hold("rate", 0.25)
    assert store.in_use(time.now + span_s - 0.25) == (0, 9), "an unknown window counts as full"
    granted(store.take(time.now + span_s))


def test_an_unknown_past_may_end_before_now(make: Make, time: ManualTime) -> None:
    """A run that ended cleanly 59 minutes ago keeps the hour's window full for one minute more, not for an hour."""
    store = make(None, [Unpadded(1, 8.0)])
    store.fill(time.now - 6.0)
    assert store.take(time.now) == Hold("rate", 2.0)
    store.fill(time.now - 7.0)
    assert store.take(time.now) == Hold("rate", 2.0), "what is unknown does not become known"
    granted(store.take(time.now + 2.0))


def test_a_start_after_an_unknown_past_counts_as_well(make: Make, time: ManualTime) -> None:
    store = make(None, [Unpadded(2, 1.0)])
    ticket = granted(store.take(time.now))
    store.fill(time.now)
    store.left(ticket, time.now + 0.5)
    start(store, time.now + 1.0)
    assert store.take(time.now + 1.0) == Hold("rate", 0.5)


def test_tokens_count_as_estimated_until_the_end_and_as_used_after_it(make: Make, time: ManualTime) -> None:
    store = make(None, [], UnpaddedTokens(100, 1.0))
    ticket = granted(store.take(time.now, tokens=60))
    assert store.take(time.now + 9.0, tokens=41) == Hold("tokens", math.inf)
    granted(store.take(time.now + 9.0, tokens=40))
    store.end(ticket, time.now + 9.0, used_tokens=10)
    assert store.tokens_in_use(time.now + 9.0) == 50
    assert store.take(time.now + 9.5, tokens=51) == Hold("tokens", 0.5)
    granted(store.take(time.now + 9.5, tokens=50))


def test_what_nobody_counted_stays_as_estimated(make: Make, time: ManualTime) -> None:
    store = make(None, [], UnpaddedTokens(100, 1.0))
    store.end(granted(store.take(time.now, tokens=60)), time.now)
    assert store.take(time.now, tokens=41) == Hold("tokens", 1.0)


def test_who_used_more_than_estimated_delays_the_next(make: Make, time: ManualTime) -> None:
    store = make(None, [], UnpaddedTokens(100, 1.0))
    for at, cost in ((0.0, 90), (0.5, 150)):
        store.end(granted(store.take(time.now + at, tokens=10)), time.now + at, used_tokens=cost)
    assert store.tokens_in_use(time.now + 0.5) == 240
    assert store.take(time.now + 0.5, tokens=1) == Hold("tokens", 1.0)
    granted(store.take(time.now + 1.5, tokens=100))


def test_an_estimate_above_the_limit_is_alone_in_its_window(make: Make, time: ManualTime) -> None:
    """It would wait for ever otherwise."""
    store = make(None, [], UnpaddedTokens(100, 1.0))
    small = granted(store.take(time.now, tokens=1))
    assert store.take(time.now, tokens=5000) == Hold("tokens", math.inf)
    store.end(small, time.now)
    large = granted(store.take(time.now + 1.0, tokens=5000))
    assert store.take(time.now + 1.0, tokens=1) == Hold("tokens", math.inf)
    store.end(large, time.now + 2.0, used_tokens=70)
    granted(store.take(time.now + 2.0, tokens=30))


def test_tokens_slots_and_places_are_taken_together_or_not_at_all(make: Make, time: ManualTime) -> None:
    store = make(2, [Unpadded(1, 1.0)], UnpaddedTokens(100, 1.0))
    start(store, time.now)
    assert store.take(time.now, tokens=50) == Hold("rate", 1.0)
    assert (store.in_use(time.now), store.tokens_in_use(time.now)) == ((1, 1), 0)


def test_scopes_of_one_server_do_not_share_its_limits(tmp_path: Path, time: ManualTime) -> None:
    """Where a model server limits each credential by itself."""

    def of(scope: str) -> HostStore:
        return HostStore("server:1", 1, (), 2.0, scope=scope, folder=tmp_path, clock=time)

    one, same, other = of("a"), of("a"), of("b")
    granted(one.take(time.now))
    assert isinstance(same.take(time.now), Hold)
    granted(other.take(time.now))
    for store in (one, same, other):
        store.close()


class LimitStoreMachine(RuleBasedStateMachine):
    """Everything one process can do with a LimitStore. The store grants exactly what the model allows, and its
    waits are lower bounds that lead to the very first moment at which a call may start."""

    remembers = False
    """Does a window that is new know what was started before?"""

    def __init__(self) -> None:
        super().__init__()
        self.time = ManualTime()
        self.tickets: list[Ticket] = []

    def make(self, limits: Limits) -> LimitStore:
        return MemoryStore(*limits)

    @initialize(given=limits)
    def begin(self, given: Limits) -> None:
        self.limits = given
        self.store = self.make(given)
        self.model = model_of(given)

    @property
    def now(self) -> float:
        return self.time.now

    def pick(self, number: int, *, leaving: bool = False) -> Ticket | None:
        some = [ticket for ticket in self.tickets if ticket.places or not leaving]
        return some[number % len(some)] if some else None

    def key(self, ticket: Ticket) -> tuple[int, int]:
        return 0, ticket.number

    @rule(pause_s=ticks)
    def time_passes(self, pause_s: float) -> None:
        self.time.now += pause_s

    @rule(places=st.integers(1, 2), tokens=tokens)
    def take(self, places: int, tokens: int) -> None:
        self.check(self.store.take(self.now, places, tokens), places, tokens)

    @rule(places=st.integers(1, 2), tokens=tokens)
    def take_as_told(self, places: int, tokens: int) -> None:
        """Ask, wait as told, ask again: that leads to a start at the first moment possible, in few questions."""
        earliest = self.model.earliest(self.now, 1, places, tokens)
        for _ in range(2 + len(self.model.windows) + len(self.model.token_windows)):
            taken = self.store.take(self.now, places, tokens)
            self.check(taken, places, tokens)
            if isinstance(taken, Ticket):
                assert self.now == earliest
                return
            if taken.wait_s == math.inf:
                assert earliest == math.inf
                return
            self.time.now += taken.wait_s
        raise AssertionError("asked again and again")

    @rule(number=st.integers(0, 9), places=st.integers(1, 2))
    def take_places(self, number: int, places: int) -> None:
        ticket = self.pick(number)
        if ticket is None:
            return
        hold = self.store.take_places(ticket, self.now, places)
        earliest = self.model.earliest(self.now, 0, places)
        if hold is None:
            assert earliest == self.now
            self.model.busy[self.key(ticket)].places += places
        else:
            assert hold.reason == "rate"
            assert 0 < hold.wait_s <= earliest - self.now

    @rule(number=st.integers(0, 9))
    def left(self, number: int) -> None:
        ticket = self.pick(number, leaving=True)
        if ticket is not None:
            self.store.left(ticket, self.now)
            self.model.busy[self.key(ticket)].places -= 1
            self.model.starts.append(self.now)

    @rule(number=st.integers(0, 9), linger_s=lingers, used=used)
    def end(self, number: int, linger_s: float, used: int | None) -> None:
        ticket = self.pick(number)
        if ticket is not None:
            self.tickets.remove(ticket)
            self.store.end(ticket, self.now, linger_s, used)
            self.model.ends(self.key(ticket), self.now, linger_s, used)

    @rule(ago_s=ticks)
    def fill(self, ago_s: float) -> None:
        self.store.fill(self.now - ago_s)
        self.model.unknown_until = max(self.model.unknown_until, self.now - ago_s)

    @rule(changed=limits)
    def set_limits(self, changed: Limits) -> None:
        self.limits = changed
        self.store.set_limits(self.now, *changed)
        model = self.model
        known, known_tokens = model.windows, model.token_windows
        model.set_limits(changed)
        if not self.remembers:
            model.new_since |= {span: self.now for span in model.windows if span not in known}
            model.new_tokens_since |= {
                span: self.now for span in model.token_windows if span not in known_tokens
            }

    def check(self, taken: Ticket | Hold, places: int, tokens: int) -> None:
        earliest = self.model.earliest(self.now, 1, places, tokens)
        if isinstance(taken, Ticket):
            assert earliest == self.now
            assert taken.places == places
            self.tickets.append(taken)
            self.model.busy[self.key(taken)] = Call(places, tokens)
        else:
            reason = "rate" if self.model.tokens_free(self.now, tokens) else "tokens"
            assert taken.reason == (reason if self.model.slots_free(self.now, 1) else "slot")
            assert 0 < taken.wait_s <= earliest - self.now

    @invariant()
    def what_is_in_use_is_known(self) -> None:
        if hasattr(self, "store"):
            first = next(iter(self.model.windows), None)
            starts = 0 if first is None else self.model.in_window(self.now, first)
            assert self.store.in_use(self.now) == (self.model.slots_in_use(self.now), starts)
            for span_s in self.model.windows:
                assert self.store.in_use(self.now, span_s)[1] == self.model.in_window(self.now, span_s)
            assert self.store.most_places() == min(self.model.windows.values(), default=math.inf)
            first = next(iter(self.model.token_windows), None)
            tokens = 0 if first is None else self.model.tokens_in_window(self.now, first)
            assert self.store.tokens_in_use(self.now) == tokens
            for span_s in self.model.token_windows:
                told = self.store.tokens_in_use(self.now, span_s)
                assert told == self.model.tokens_in_window(self.now, span_s)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


LINGER_S = 2.0


class HostStoreMachine(LimitStoreMachine):
    """The same, alone on a real file; the process may also end, or die, and the next one knows what it started."""

    remembers = True

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="beast-limits-"))
        self.session = 0

    def make(self, limits: Limits) -> HostStore:
        self.session += 1
        slots, rates, tokens = limits
        return HostStore(
            "server:1", slots, rates, LINGER_S, tokens=tokens, folder=self.folder, clock=self.time
        )

    def key(self, ticket: Ticket) -> tuple[int, int]:
        return self.session, ticket.number

    @precondition(lambda self: hasattr(self, "store"))
    @rule(how=st.sampled_from(["close", "die"]))
    def ends_and_begins_again(self, how: str) -> None:
        if how == "close":
            self.store.close()
        else:
            die(self.store)
        calls = self.model.busy.values()
        self.model.starts += [self.now for call in calls for _ in range(call.places)]
        self.model.spent += [(self.now, call.tokens) for call in calls]
        self.model.lingering += [self.now + LINGER_S for _ in self.model.busy]
        self.model.busy.clear()
        self.tickets.clear()
        self.store = self.make(self.limits)

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


TestMemoryStore = LimitStoreMachine.TestCase
TestMemoryStore.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
TestHostStore = HostStoreMachine.TestCase
TestHostStore.settings = settings(
    max_examples=40, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


class _Booked(MemoryStore):
    """Stamps the start when it is admitted, not when it leaves."""

    def take(self, now: float, places: int = 1, tokens: int = 0) -> Ticket | Hold:
        taken = super().take(now, places, tokens)
        for _ in range(taken.places if isinstance(taken, Ticket) else 0):
            for window in self._windows:
                window.left(now)
                window._leaving += 1
        return taken

    def left(self, ticket: Ticket, now: float) -> None:
        ticket.places -= 1
        self._leaving -= 1
        for window in self._windows:
            window._leaving -= 1


class _Hasty(MemoryStore):
    """Frees a slot at once."""

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        super().end(ticket, now, 0.0, used_tokens)


class _Forgetful(MemoryStore):
    """A changed limit begins with an empty window."""

    def set_limits(
        self, now: float, concurrency: int | None, rates: Sequence[Rate], tokens: Sequence[TokenRate] = ()
    ) -> None:
        super().set_limits(now, concurrency, rates, tokens)
        for window in self._windows:
            window._unknown_until = -math.inf


class _Slow(MemoryStore):
    """Waits for the newest start of a window, not for the oldest."""

    def take_places(self, ticket: Ticket, now: float, places: int = 1) -> Hold | None:
        hold = super().take_places(ticket, now, places)
        newest = [window._left[-1] + window.span_s - now for window in self._windows if window._left]
        return hold and Hold(hold.reason, max([hold.wait_s, *newest]))


class _Generous(MemoryStore):
    """What was estimated is free as soon as the call has ended, whatever it has used."""

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        super().end(ticket, now, linger_s, 0)


class _TwiceRefunded(MemoryStore):
    """What was estimated and not used is given back twice."""

    def end(self, ticket: Ticket, now: float, linger_s: float = 0.0, used_tokens: int | None = None) -> None:
        refund = 0 if used_tokens is None else max(0, ticket.tokens - used_tokens)
        super().end(ticket, now, linger_s, used_tokens)
        for window in self._token_windows:
            window.take(-refund)


class _Booking(MemoryStore):
    """Tokens count from the start on, not until the end."""

    def take(self, now: float, places: int = 1, tokens: int = 0) -> Ticket | Hold:
        taken = super().take(now, places, tokens)
        if isinstance(taken, Ticket):
            for window in self._token_windows:
                window.settle(now, tokens, tokens)
                window.take(0)
            self._tokens_in_flight -= tokens
            taken.tokens = 0
        return taken


@pytest.mark.parametrize("broken", [_Booked, _Hasty, _Forgetful, _Slow, _Generous, _TwiceRefunded, _Booking])
def test_the_machine_finds_a_planted_bug(broken: type[MemoryStore]) -> None:
    class Machine(LimitStoreMachine):
        def make(self, limits: Limits) -> LimitStore:
            return broken(*limits)

    quick = settings(max_examples=500, stateful_step_count=40, deadline=None, database=None, derandomize=True)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=settings(quick, phases=[Phase.generate]))
