"""Home: can the folder of the journal be written, locked and filled? Nothing is left behind."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from beastmode.doctor.findings import Fact, Finding

LEAST_FREE_BYTES = 200 * 1000 * 1000
"""An attempt's log may take 10 MB, and the journal must never meet a full disk."""
_FEW_FILES = 1000
_NOT_LOCAL = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph")
_TIP = "Name another folder with --home, or give this one to the user who runs beast."
_LOCAL_TIP = "Name a folder on a local disk with --home: the journal and its locks need one."


def look_at_home(home: Path) -> Iterator[Finding | Fact]:
    """Whether a run could keep its journal in `home`, which need not exist yet."""
    place = _nearest(home)
    disk = look_at_disk(home, place)
    yield disk
    try:
        with tempfile.TemporaryDirectory(prefix=".beast-doctor-", dir=place) as folder:
            trouble = _tried(Path(folder))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            yield Finding("home", f"{home} cannot be written: {error.strerror or error}", _TIP)
        return
    if not (trouble and isinstance(disk, Finding)):  # what a full disk does is not said twice
        yield _judged(home, trouble, file_system_of(place))


def look_at_disk(home: Path, place: Path) -> Finding | Fact:
    """Whether there is room.   place: the nearest folder that exists."""
    room = os.statvfs(place if place.is_dir() else place.parent)
    free = room.f_bavail * room.f_frsize
    if free < LEAST_FREE_BYTES:
        least = f"{LEAST_FREE_BYTES // 10**6} MB"
        what = f"{free / 10**6:.0f} MB are free where {home} is"
        return Finding("disk", what, f"Free at least {least} there, or name another disk with --home.")
    if room.f_files and room.f_favail < _FEW_FILES:
        what = f"{room.f_favail} more files fit where {home} is"
        return Finding("disk", what, "Remove files there: the disk has room, but no inodes.")
    return Fact("disk", f"{free / 10**9:.1f} GB are free where {home} is")


def file_system_of(path: Path, mounts: str | None = None) -> str:
    """The type of the file system that `path` lies on, "" where it cannot be told.   mounts: as /proc/mounts."""
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
    best, found = -1, ""
    whole = str(path.resolve())
    for line in mounts.splitlines():
        fields = line.split()
        point = fields[1].encode().decode("unicode_escape") if len(fields) > 2 else ""
        if point and (whole + "/").startswith(point.rstrip("/") + "/") and len(point) >= best:
            best, found = len(point), fields[2]
    return found


def _nearest(home: Path) -> Path:
    """What exists of its path: itself, or the folder that it would be made in."""
    path = home.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _tried(folder: Path) -> str:
    """What does not work in a folder, "" where all does: two locks exclude each other, SQLite keeps a WAL."""
    with (folder / "lock").open("w") as first, (folder / "lock").open("w") as second:
        try:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return f"files cannot be locked there ({error.strerror})"
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return "locks do not exclude each other there"
        except OSError:
            pass
    try:
        journal = sqlite3.connect(folder / "journal.db", isolation_level=None)
        try:
            mode = journal.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            journal.execute("CREATE TABLE t (c)")
        finally:
            journal.close()
    except sqlite3.Error as error:
        return f"SQLite cannot keep a journal there ({error})"
    return "" if mode == "wal" else "SQLite cannot keep a write-ahead log there"


def _judged(home: Path, trouble: str, file_system: str) -> Finding | Fact:
    kind = f" ({file_system})" if file_system else ""
    if trouble:
        return Finding("home", f"{home} cannot be the home: {trouble}{kind}", _LOCAL_TIP)
    if file_system in _NOT_LOCAL:
        what = f"{home} lies on a network file system{kind}, where other machines' locks are not seen"
        return Finding("home", what, _LOCAL_TIP)
    return Fact("home", f"{home} can be written and locked{kind}")
