"""New content in place of a file's: whole or not at all, and never over what somebody else has written meanwhile.

Looking before a rename is not enough: between the look and the rename an editor may save. Where the system can do it,
both files change places in one step, so that what was there is looked at once more afterwards, and put back where it is
not what was read; and a lease tells whether a program has the file open to write to it (Linux). Elsewhere the look
before has to do.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE

_AT_CWD, _EXCHANGE = -100, 2
_SWAP = 2
_NAME_BYTES = 200


def settled(path: Path) -> bytes | None:
    """The content of a file; None while somebody has it open to write to it. Raises OSError."""
    with path.open("rb") as file, _leased(file.fileno()) as writers:
        return None if writers() else file.read()


def replace(path: Path, before: bytes, after: bytes) -> bool:
    """Make `after` of a file that holds `before`; links stay, and so do mode, owner and attributes where possible.

    False: it holds something else, or somebody is writing to it; nothing was changed. Raises OSError.
    """
    target = Path(os.path.realpath(path))
    with target.open("rb") as old, _beside(target, after, old.fileno()) as new:
        mine = new.stat()
        with _leased(old.fileno()) as writers:
            if writers() or not _holds(old.fileno(), before):
                return False
            swapped = _exchange(new, target)
            if not swapped:
                new.replace(target)
            good = not swapped or _is_still(old.fileno(), new, before, writers)
            if not good:
                _put_back(new, target, mine)
        if good and swapped:
            with _leased(old.fileno()) as writers:  # who came while the lease was given back
                good = _is_still(old.fileno(), new, before, writers)
                if not good:
                    _put_back(new, target, mine)
    _keep_folder(target.parent)
    return good


def _is_still(old: int, path: Path, before: bytes, writers: Writers) -> bool:
    """Whether what was taken away is what was read, and nobody is about to change it."""
    return not writers() and os.path.samestat(os.fstat(old), path.stat()) and _holds(old, before)


def sweep(path: Path) -> None:
    """Remove what a process that was killed has left beside a file."""
    target = Path(os.path.realpath(path))
    for left in target.parent.glob(f"{_escaped(_name_beside(target))}*"):
        with suppress(ValueError, OSError):  # a process of another user is alive, too
            if not _is_alive(int(left.name.rpartition("-")[2])):
                left.unlink()


def _is_alive(pid: int) -> bool:
    """Raises PermissionError where it is somebody else's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _name_beside(target: Path) -> str:
    """What the names of new files begin with; cut short, as names of files are limited."""
    return f".{os.fsencode(target.name)[:_NAME_BYTES].decode(errors='ignore')}.beast-"


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


@contextmanager
def _beside(target: Path, content: bytes, like: int) -> Iterator[Path]:
    """A file with this content in the same folder, on disk, like another; gone afterwards."""
    path = target.with_name(f"{_name_beside(target)}{threading.get_native_id()}-{os.getpid()}")
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            _make_like(number, like)
            os.fsync(number)
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


def _make_like(number: int, other: int) -> None:
    wanted = os.fstat(other)
    own = os.fstat(number)
    if (own.st_uid, own.st_gid) != (wanted.st_uid, wanted.st_gid):
        with suppress(OSError):  # only root may give a file away
            os.fchown(number, wanted.st_uid, wanted.st_gid)
    os.fchmod(number, S_IMODE(wanted.st_mode))
    if sys.platform == "linux":
        with suppress(OSError):
            for name in os.listxattr(other):
                os.setxattr(number, name, os.getxattr(other, name))


@contextmanager
def _leased(number: int) -> Iterator[Writers]:
    """While this lasts, who wants to write to an open file waits."""
    writers = Writers(number)
    try:
        yield writers
    finally:
        writers.release()


class Writers:
    """Called, it says whether somebody has a file open to write to it, or waits to; False where no system tells."""

    def __init__(self, number: int) -> None:
        self._number, self._busy, self._leased = number, False, False
        if sys.platform != "linux":
            return
        try:
            # The signal that comes when somebody waits: one that does nothing, as the usual one ends a process.
            fcntl.fcntl(number, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            self._leased = True
        except OSError as error:
            self._busy = error.errno == errno.EAGAIN

    def __call__(self) -> bool:
        return self._busy or (self._leased and fcntl.fcntl(self._number, fcntl.F_GETLEASE) != fcntl.F_RDLCK)

    def release(self) -> None:
        if self._leased:
            with suppress(OSError):
                fcntl.fcntl(self._number, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _holds(number: int, content: bytes) -> bool:
    return os.pread(number, len(content) + 1, 0) == content


def _put_back(new: Path, target: Path, mine: os.stat_result) -> None:
    """Undo an exchange. What somebody has put in place of ours since then stays."""
    _exchange(new, target)
    if not os.path.samestat(mine, new.stat()):
        _exchange(new, target)


def _exchange(one: Path, other: Path) -> bool:
    """Let two files change places in one step; False where this system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(_AT_CWD, names[0], _AT_CWD, names[1], _EXCHANGE)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, _SWAP)
    else:
        return False
    if failed and ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
    return not failed


def _keep_folder(folder: Path) -> None:
    """A rename survives a power cut once its folder is on disk. Where that cannot be asked for, it is done all the
    same."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
