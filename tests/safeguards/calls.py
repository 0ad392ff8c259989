"""Steps of the stories told here: to be admitted, to start, to ask as told, to die."""

from __future__ import annotations

from collections.abc import Callable

from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import Hold, LimitStore, Ticket
from beastmode.testing import ManualTime

Join = Callable[..., HostStore]
"""Makes one more process at the same server: concurrency, rates, and `linger_s`."""
Enter = Callable[[], HostStore]
"""The same, with limits that are always the same."""


def granted(taken: Ticket | Hold) -> Ticket:
    assert isinstance(taken, Ticket), taken
    return taken


def start(store: LimitStore, now: float) -> Ticket:
    ticket = granted(store.take(now))
    store.left(ticket, now)
    return ticket


def polled(store: HostStore, time: ManualTime, places: int = 1, within_s: float = 60.0) -> Ticket:
    """Ask as a guard does, waiting as told."""
    give_up = time.now + within_s
    while time.now < give_up:
        taken = store.take(time.now, places)
        if isinstance(taken, Ticket):
            return taken
        time.now += taken.wait_s
    raise AssertionError(f"not admitted within {within_s} s")


def die(store: LimitStore) -> None:
    """As kill -9: the lock of its liveness goes, and its connection; nothing is written."""
    assert isinstance(store, HostStore)
    assert store._mine._alive is not None
    store._mine._alive.close(remove=False)
    store._file.close()
    store._closed = True
