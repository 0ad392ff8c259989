"""What is wrong with the keys or the cache of a real `beast serve` is told, and that it has passed."""

from __future__ import annotations

from pathlib import Path

from beastmode.store.entries.file import cache_path
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore
from tests.cli.test_serve_ledger import served
from tests.processes import eventually
from tests.store.ledgers import NOON


def test_a_cache_that_cannot_be_used_is_an_alarm_until_it_can_be(tmp_path: Path) -> None:
    cache_path(tmp_path).write_bytes(b"something else, and not a cache\n" * 100)
    with served(tmp_path) as gateway:
        eventually(lambda: gateway.alarms)
        assert "the cache cannot be opened" in gateway.alarms[0]
        assert gateway.ask()[0] == 200
        cache_path(tmp_path).unlink()
        eventually(lambda: "beast: the cache can be used again\n" in gateway.said)


def test_keys_that_are_gone_are_an_alarm(tmp_path: Path) -> None:
    store = KeyStore(keys_path(tmp_path))
    store.add("ci", KeyLimits(), NOON)
    store.close()
    with served(tmp_path) as gateway:
        keys_path(tmp_path).unlink()
        eventually(lambda: gateway.alarms)
        assert "the file of the keys is gone" in gateway.alarms[0]
