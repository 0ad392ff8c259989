"""Signs: what a gateway at work leaves in its home, so that a dashboard finds it and may ask it."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

_FOLDER, _ENDING = "gateways", ".json"
_MOST_BYTES = 10_000


class Sign(msgspec.Struct, frozen=True):
    """A gateway at work.   url: where it is asked on this machine.   token: opens its page, and nothing else; whoever
    can read the file may see what it says.   of: `serve`, or the run that it belongs to, like `r7`."""

    url: str
    token: str
    of: str
    began_unix: float


def new_token() -> str:
    """One that nobody can guess."""
    return secrets.token_urlsafe(24)


def url_of(host: str, port: int, *, tls: bool) -> str:
    """Where a gateway that listens on `host` is asked by its own machine."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  where it listens
    return f"{'https' if tls else 'http'}://{f'[{near}]' if ':' in near else near}:{port}"


@contextmanager
def shown(home: Path, sign: Sign, tell: Callable[[str], None]) -> Iterator[None]:
    """Leave it there until the block ends. Its lock ends with the process, however that ends: so a sign that was left
    behind is known.   tell: is told where that cannot be; a gateway works without."""
    file, path = -1, home / _FOLDER / f"{secrets.token_hex(6)}{_ENDING}"
    made = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, msgspec.json.encode(sign))
        made.rename(path)  # nobody sees half of it, nor one that is not held yet
    except OSError as error:
        tell(f"dashboards cannot find this gateway: {error.strerror}: {path.parent}")
    try:
        yield
    finally:
        for left in (made, path):
            with suppress(OSError):
                left.unlink()
        if file >= 0:
            os.close(file)


def signs_in(home: Path) -> list[Sign]:
    """Of the gateways that are at work, the first to begin in front. Those of gateways that were killed are taken
    away."""
    found = [_read(path) for path in sorted((home / _FOLDER).glob(f"*{_ENDING}"))]
    return sorted((sign for sign in found if sign is not None), key=lambda sign: sign.began_unix)


def _read(path: Path) -> Sign | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if not _held(file):
            path.unlink()
            return None
        return msgspec.json.decode(os.read(file, _MOST_BYTES), type=Sign)
    except (OSError, msgspec.MsgspecError):
        return None
    finally:
        os.close(file)


def _held(file: int) -> bool:
    """Whether its gateway lives."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
