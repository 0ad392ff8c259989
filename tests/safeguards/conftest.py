"""What tests of several safeguards share. Properties are never timed: the machine may be busy with something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from beastmode.safeguards.host import solo as host_solo
from beastmode.safeguards.host.store import HostStore
from beastmode.settings import Rate
from beastmode.testing import ManualTime
from tests.safeguards.calls import Enter, Join
from tests.safeguards.host.solo_world import SLOTS, STARTS, TOKENS

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def join(tmp_path: Path, time: ManualTime) -> Iterator[Join]:
    """A further process that names the same server."""
    stores: list[HostStore] = []

    def join(concurrency: int | None, *rates: Rate, linger_s: float = 2.0) -> HostStore:
        stores.append(HostStore("server:1", concurrency, rates, linger_s, folder=tmp_path, clock=time))
        return stores[-1]

    yield join
    for store in stores:
        store.close()


@pytest.fixture
def alone_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is alone counts so from its first call on. Nothing here runs at the same time, so none needs to wait."""
    monkeypatch.setattr(host_solo, "ALONE_S", 0.0)
    monkeypatch.setattr(host_solo, "pause", lambda pause_s: None)


@pytest.fixture
def enter(tmp_path: Path, time: ManualTime, alone_at_once: None) -> Enter:
    """One more process, with limits of every kind."""
    return lambda: HostStore("server:1", SLOTS, [STARTS], 2.0, tokens=[TOKENS], folder=tmp_path, clock=time)
