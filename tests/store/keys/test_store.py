"""The store of keys: what is kept, what never is, and who may read it."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from beastmode.errors import KeysError, PreconditionError, SettingError
from beastmode.settings import Rate, parse_rates
from beastmode.store.allowance import Use, parse_allowances
from beastmode.store.keys.file import keys_path, open_keys
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.secret import hash_of
from beastmode.store.keys.store import KeyStore
from tests.store.ledgers import NOON

LIMITS = KeyLimits(
    ("gpt-*", "m"), parse_rates("60/min,2/s"), parse_allowances("5usd/day"), frozenset({"metrics"}), NOON + 60
)
DAY, MONTH = "2025-11-25", "2025-11"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeyStore]:
    store = KeyStore(keys_path(tmp_path))
    yield store
    store.close()


def test_a_key_is_kept_with_its_limits_and_a_hash(store: KeyStore) -> None:
    made, secret = store.add("ci", LIMITS, NOON)
    (kept,) = store.all()
    assert (kept.id, kept.name, kept.limits, kept.created_unix) == (made.id, "ci", LIMITS, NOON)
    assert kept.secrets == ((hash_of(secret), None),)
    assert (kept.state(NOON), kept.state(NOON + 60)) == ("valid", "expired")


def test_no_file_holds_a_secret_and_only_its_owner_may_read(store: KeyStore) -> None:
    _, secret = store.add("ci", LIMITS, NOON)
    files = list(store.path.parent.iterdir())
    assert {file.name for file in files} == {"keys.db", "keys.db-wal", "keys.db-shm"}
    assert not any(secret.encode() in file.read_bytes() for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(store: KeyStore) -> None:
    store.path.chmod(0o644)
    KeyStore(store.path).close()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_a_name_is_given_once_also_after_it_was_revoked(store: KeyStore) -> None:
    store.add("ci", KeyLimits(), NOON)
    with pytest.raises(PreconditionError, match="rotate ci"):
        store.add("ci", KeyLimits(), NOON)
    assert store.revoke("ci", NOON + 1).state(NOON) == "revoked"
    for act in (lambda: store.revoke("ci", NOON), lambda: store.rotate("ci", 0, NOON)):
        with pytest.raises(PreconditionError, match="is revoked"):
            act()
    with pytest.raises(PreconditionError, match="another name"):
        store.add("ci", KeyLimits(), NOON)


@pytest.mark.parametrize("text", ["0.0002/h", "0.3/s", "17/2s", "500/h", "1000000/s", "8/s, 500/h", "none"])
def test_every_rate_that_can_be_written_is_read_as_it_was(store: KeyStore, text: str) -> None:
    rates = parse_rates(text)
    store.add("ci", KeyLimits(rates=rates), NOON)
    assert store.find("ci").limits.rates == rates


@pytest.mark.parametrize("rate", [Rate(1, 1 / 0.000001 * 3600), Rate(10**12, 1.0)], ids=str)
def test_a_rate_that_could_be_written_before_is_read_still(store: KeyStore, rate: Rate) -> None:
    with pytest.raises(SettingError):
        parse_rates(f"{rate.starts}/{rate.span_s}s")
    store.add("ci", KeyLimits(rates=(rate,)), NOON)
    assert store.find("ci").limits.rates == (rate,)


def test_what_is_not_named_stays_when_a_key_changes(store: KeyStore) -> None:
    key, _ = store.add("ci", LIMITS, NOON)
    assert store.change(key.id, rates=()).limits.models == LIMITS.models
    (kept,) = store.all()
    assert (kept.limits.rates, kept.limits.allowances) == ((), LIMITS.allowances)


def test_every_secret_before_the_newest_ends_when_the_grace_is_over(store: KeyStore) -> None:
    _, first = store.add("ci", KeyLimits(), NOON)
    second = store.rotate("ci", 3600, NOON)
    third = store.rotate("ci", 60, NOON)
    (key,) = store.all()
    assert dict(key.secrets) == {hash_of(first): NOON + 60, hash_of(second): NOON + 60, hash_of(third): None}
    store.rotate("ci", 3600, NOON + 30)
    assert dict(store.find("ci").secrets)[hash_of(first)] == NOON + 60


def test_two_gateways_add_to_one_sum(store: KeyStore) -> None:
    key, _ = store.add("ci", KeyLimits(), NOON)
    other, seen = KeyStore(store.path), store.version
    other.spend({(key.id, DAY): Use(1, 10, 0.5, 0)}, {key.id: NOON + 9})
    assert store.version != seen
    store.spend({(key.id, DAY): Use(2, 5, 0.25, 1)}, {key.id: NOON + 3})
    other.close()
    (kept,) = store.all()
    assert kept.used_in(DAY) == Use(3, 15, 0.75, 1)
    assert kept.used_unix == NOON + 9


def test_the_ledger_can_only_add_and_days_that_are_over_are_forgotten(store: KeyStore) -> None:
    key, _ = store.add("ci", KeyLimits(), NOON)
    store.spend({(key.id, DAY): Use(5, 50), (key.id, "2025-11-24"): Use(9)}, {})
    store.at_least({(key.id, DAY): Use(3, 70), (key.id, MONTH): Use(8)}, NOON)
    assert dict(store.find("ci").used) == {DAY: Use(5, 70), MONTH: Use(8)}


def test_a_file_of_a_newer_version_or_of_another_kind_is_not_touched(tmp_path: Path) -> None:
    path = keys_path(tmp_path)
    KeyStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE keys_format SET version = 99")
    db.close()
    with pytest.raises(KeysError, match="newer beast"):
        KeyStore(path)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(KeysError, match="not a database"):
        KeyStore(path)


def test_what_to_do_about_a_file_that_is_held_or_damaged_is_not_about_rights(tmp_path: Path) -> None:
    path = keys_path(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(KeysError, match="Another process holds it"):
            open_keys(path, durable=False, busy_s=0.0)
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(KeysError, match="make new keys: beast keys add"):
        open_keys(path, durable=False)


def test_it_notices_that_its_file_is_gone(store: KeyStore) -> None:
    assert not store.gone
    store.path.rename(store.path.with_name("old.db"))
    assert store.gone


def test_a_second_store_of_a_process_leaves_the_first_its_locks(store: KeyStore) -> None:
    store.all()
    KeyStore(store.path).close()
    alone = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('PRAGMA journal_mode = DELETE')"
    )
    other = subprocess.run([sys.executable, "-c", alone, str(store.path)], capture_output=True, timeout=60)
    assert b"database is locked" in other.stderr


def test_a_file_whose_version_is_missing_is_no_file_of_keys(store: KeyStore) -> None:
    with sqlite3.connect(store.path) as db:
        db.execute("DELETE FROM keys_format")
    db.close()
    with pytest.raises(KeysError, match="no file of keys"):
        KeyStore(store.path)
