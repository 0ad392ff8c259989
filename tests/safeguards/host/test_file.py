"""A file of limits that is damaged, deleted, replaced, busy, of another boot, or on a full disk: limits still hold."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError
from beastmode.safeguards.host import file as host_file
from beastmode.safeguards.host.decision import POLL_S
from beastmode.safeguards.host.store import QUIET_S, HostStore
from beastmode.safeguards.limit_store import Hold
from beastmode.settings import Rate
from beastmode.testing import ManualTime
from tests.safeguards.calls import Join, die, granted, polled, start
from tests.safeguards.limit_model import Unpadded

Sabotage = Callable[[Path], None]


def delete(path: Path) -> None:
    path.unlink()


def delete_all_of_it(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def truncate(path: Path) -> None:
    _checkpoint(path)
    os.truncate(path, 0)


def cut_in_half(path: Path) -> None:
    _checkpoint(path)
    os.truncate(path, path.stat().st_size // 2 + 100)


def overwrite(path: Path) -> None:
    _checkpoint(path)
    path.write_bytes(b"not a database, " * 4096)


def put_another_in_its_place(path: Path) -> None:
    _checkpoint(path)
    other = path.with_suffix(".other")
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE state (unlike INTEGER)")
    db.close()
    os.replace(other, path)


def put_nothing_in_its_place(path: Path) -> None:
    _checkpoint(path)
    path.with_suffix(".empty").touch()
    os.replace(path.with_suffix(".empty"), path)


def drop_a_table(path: Path) -> None:
    _by_hand(path, "DROP TABLE calls")


def clear_the_state(path: Path) -> None:
    _by_hand(path, "DELETE FROM state")


def _checkpoint(path: Path) -> None:
    _by_hand(path, "PRAGMA wal_checkpoint(TRUNCATE)")


def _by_hand(path: Path, statement: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(statement).fetchall()
    db.close()


SABOTAGE = [
    delete,
    delete_all_of_it,
    cut_in_half,
    overwrite,
    put_another_in_its_place,
    put_nothing_in_its_place,
    drop_a_table,
    clear_the_state,
]
LIMITS = (3, Unpadded(4, 1.0))


def the_file(folder: Path) -> Path:
    (path,) = folder.glob("*.db")
    return path


@pytest.mark.parametrize(
    ("sabotage", "first"),
    [
        *((sabotage, first) for sabotage in SABOTAGE for first in ("one", "other", "newcomer")),
        # A newcomer cannot tell what was truncated from what is just being made; it is refused until one has asked.
        (truncate, "one"),
        (truncate, "other"),
    ],
)
def test_a_file_that_is_lost_costs_one_window_and_no_limit(
    join: Join, time: ManualTime, tmp_path: Path, sabotage: Sabotage, first: str
) -> None:
    """Two are in flight in one process and one in another; whoever asks first, none may be forgotten."""
    one, other = join(*LIMITS), join(*LIMITS)
    tickets = [start(one, time.now) for _ in range(2)]
    start(other, time.now)
    sabotage(the_file(tmp_path))
    lost_at = time.now = time.now + 0.25
    asking = {"one": one, "other": other}.get(first) or join(*LIMITS)
    assert isinstance(asking.take(time.now), Hold)
    assert asking.in_use(time.now) == (3, 4), "all three are in flight; the window counts as full"
    time.now += 5.0
    assert asking.take(time.now) == Hold("slot", POLL_S)
    for ticket in tickets:
        one.end(ticket, time.now)
    assert asking.in_use(time.now)[0] == 1
    polled(asking, time, within_s=2.0)
    assert time.now >= lost_at + 1.0


def test_the_whole_folder_may_go(join: Join, time: ManualTime, tmp_path: Path) -> None:
    folder = tmp_path / "limits"
    store = HostStore("server:1", 2, [Unpadded(4, 1.0)], 2.0, folder=folder, clock=time)
    start(store, time.now)
    shutil.rmtree(folder)
    assert isinstance(store.take(time.now), Hold)
    assert store.in_use(time.now) == (1, 4)
    assert folder.stat().st_mode & 0o777 == 0o700
    store.close()


def test_who_had_calls_in_flight_and_dies_after_a_loss_gives_them_back(
    join: Join, time: ManualTime, tmp_path: Path
) -> None:
    dying, other = join(1), join(1)
    start(dying, time.now)
    delete(the_file(tmp_path))
    assert other.take(time.now) == Hold("slot", POLL_S)
    die(dying)
    died_at = time.now
    polled(other, time, within_s=3.0)
    assert time.now >= died_at + 2.0


def test_a_damaged_file_is_kept_and_named(join: Join, time: ManualTime, tmp_path: Path) -> None:
    join(*LIMITS).close()
    overwrite(the_file(tmp_path))
    store = join(*LIMITS)
    (warning,) = store.warnings
    (aside,) = tmp_path.glob("*.damaged-*")
    assert str(aside) in warning
    assert aside.read_bytes().startswith(b"not a database")
    assert isinstance(store.take(time.now), Hold), "what was started before is not known"
    time.now += 1.0
    start(store, time.now)


def test_a_sound_file_is_not_touched_by_what_is_wrong_elsewhere(
    join: Join, time: ManualTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or failing disk, or too many open files: a new file would not help, and would forget the limits."""
    store = join(*LIMITS)
    start(store, time.now)
    for code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        error = sqlite3.OperationalError("elsewhere")
        error.sqlite_errorcode = code
        assert not host_file._damaged(error)
    assert store.in_use(time.now) == (1, 1)


def test_a_full_disk_stops_starts_and_loses_none(join: Join, time: ManualTime, tmp_path: Path) -> None:
    """SQLite's own SQLITE_FULL, as it comes from a disk without space."""
    store, other = join(None, Unpadded(300, 1.0)), join(None, Unpadded(300, 1.0))
    (pages,) = store._file._db.execute("PRAGMA page_count").fetchone()
    store._file._db.execute(f"PRAGMA max_page_count = {pages}")
    tickets = []
    while not isinstance(taken := store.take(time.now), Hold):
        store.left(taken, time.now)
        tickets.append(taken)
        assert len(tickets) < 300
    assert "full" in taken.reason
    assert str(tmp_path) in taken.reason
    assert all(words in store.trouble(time.now) for words in (taken.reason, "requests wait", "Free the disk"))
    store._file._db.execute("PRAGMA max_page_count = 1000000")
    granted(store.take(time.now))
    assert other.in_use(time.now) == (len(tickets) + 1, len(tickets) + 1)
    assert not store.warnings
    assert store.trouble(time.now) == ""


def test_trouble_is_over_as_soon_as_the_file_can_be_had_whoever_asks(
    join: Join, time: ManualTime, tmp_path: Path
) -> None:
    store = join(*LIMITS)
    path = the_file(tmp_path)
    delete_all_of_it(path)
    path.mkdir()
    assert isinstance(store.take(time.now), Hold)
    time.now += QUIET_S
    assert "cannot be opened" in store.trouble(time.now)
    path.rmdir()
    time.now += QUIET_S
    assert store.trouble(time.now) == ""


def test_a_busy_file_delays_and_forgets_nothing(join: Join, time: ManualTime, tmp_path: Path) -> None:
    """Someone was stopped in the middle of a transaction: nothing starts, what starts and ends is kept for later."""
    store, other = join(2, Unpadded(4, 1.0)), join(2, Unpadded(4, 1.0))
    ticket, ending = granted(store.take(time.now)), start(store, time.now)
    stopped = sqlite3.connect(the_file(tmp_path), isolation_level=None)
    stopped.execute("BEGIN IMMEDIATE")
    store.left(ticket, time.now)
    store.end(ending, time.now)
    assert store.take(time.now) == Hold("slot", POLL_S)
    assert store.trouble(time.now) == "", "it passes by itself"
    stopped.execute("ROLLBACK")
    stopped.close()
    assert other.in_use(time.now) == (2, 2), "until it is told, the other counts too much, never too little"
    assert store.in_use(time.now) == other.in_use(time.now) == (1, 2)


def test_what_another_boot_started_was_before_this_one_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times mean nothing here. An hour's window is full until an hour after the boot; a second's is free."""
    hourly, time = Rate(5, 3600.0), ManualTime(90_000.0)
    monkeypatch.setattr(host_file, "boot_id", lambda: "before")
    old = HostStore("server:1", 1, [hourly], 2.0, folder=tmp_path, clock=time)
    start(old, time.now)
    die(old)
    monkeypatch.setattr(host_file, "boot_id", lambda: "now")
    time.now = 60.0
    new = HostStore("server:1", 1, [hourly], 2.0, folder=tmp_path, clock=time)
    assert new.take(time.now) == Hold("rate", hourly.padded_span_s - 60.0)
    assert new.in_use(time.now)[0] == 0
    new.set_limits(time.now, 1, [Rate(8, 1.0)])
    start(new, time.now)
    new.close()


def test_a_stamp_from_the_future_shows_another_boot_where_boots_have_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = ManualTime(90_000.0)
    monkeypatch.setattr(host_file, "boot_id", lambda: "")
    old = HostStore("server:1", 1, [Rate(8, 1.0)], 2.0, folder=tmp_path, clock=time)
    start(old, time.now)
    die(old)
    time.now = 60.0
    new = HostStore("server:1", 1, [Rate(8, 1.0)], 2.0, folder=tmp_path, clock=time)
    start(new, time.now)
    new.close()


def test_a_file_that_cannot_be_opened_is_said_before_anything_runs(tmp_path: Path) -> None:
    store = HostStore("server:1", 1, [], 2.0, folder=tmp_path)
    path = the_file(tmp_path)
    store.close()
    delete_all_of_it(path)
    path.mkdir()
    with pytest.raises(PreconditionError, match="limits cannot be kept") as caught:
        HostStore("server:1", 1, [], 2.0, folder=tmp_path)
    assert "BEAST_LIMITS_DIR" in caught.value.tip
    path.rmdir()
    HostStore("server:1", 1, [], 2.0, folder=tmp_path).close()
