"""Ports: a block of them for each live task of this host, so that what tasks start does not collide."""

from __future__ import annotations

import fcntl
import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from beastmode.safeguards.host.folder import limits_folder

EACH = 20
"""Ports in a block."""
_FIRST, _BLOCKS = 20_000, 600
"""Up to 31999: Linux gives ports from 32768 on to connections that go out."""


class PortBlocks:
    """Blocks held by this process, each through a lock that dies with it.   folder: shared by all of this user."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = (folder or limits_folder()) / "ports"
        self._held: dict[str, tuple[int, int]] = {}

    def take(self, owner: str) -> int:
        """The first port of a block that nobody else holds and whose ports are free: for one owner the same one as
        ever, where it can be had. Raises OSError where all are taken."""
        if owner in self._held:
            return self._held[owner][0]
        self._folder.mkdir(parents=True, exist_ok=True)
        for base in _candidates(owner):
            lock = _locked(self._folder / f"{base}.lock")
            if lock is None:
                continue
            if _are_free(base):
                self._held[owner] = base, lock
                return base
            os.close(lock)
        raise OSError(f"all {_BLOCKS} blocks of ports from {_FIRST} on are taken")

    def give_back(self, owner: str) -> None:
        """Let others have the block. Idempotent."""
        if owner in self._held:
            os.close(self._held.pop(owner)[1])

    def close(self) -> None:
        """Give back all of them."""
        for owner in list(self._held):
            self.give_back(owner)


def _candidates(owner: str) -> Iterator[int]:
    first = zlib.crc32(owner.encode("utf-8", "surrogateescape")) % _BLOCKS
    for step in range(_BLOCKS):
        yield _FIRST + (first + step) % _BLOCKS * EACH


def _locked(path: Path) -> int | None:
    """The file, locked for this process; None where another one holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file
    os.close(file)
    return None


def _are_free(base: int) -> bool:
    """Whether nobody listens on any port of a block, of another user for instance."""
    return all(_is_free(port) for port in range(base, base + EACH))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
