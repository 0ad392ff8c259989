"""What tests of several safeguards share. Properties are never timed: the machine may be busy with something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from beastmode.safeguards.host_store import HostStore
from beastmode.settings import Rate
from beastmode.testing import ManualTime
from tests.safeguards.calls import Join

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
