"""Signs: what a gateway at work leaves in its home, so that a dashboard finds it and may ask it; and what is left of
one that was killed.

Whoever only looks changes nothing: a sign that was left behind goes when the next gateway of its kind begins.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from beastmode.addresses import in_url

SERVE = "serve"
"""What a gateway is of that belongs to no run."""
ALIVE_S = 10.0
"""So often a gateway says that it lives: so exactly is known when one was killed."""
LEFT_S = 86400.0
"""For so long it is told that one was killed."""
_FOLDER, _ENDING, _NEW = "gateways", ".json", ".new"
_MOST_BYTES = 10_000


class Sign(msgspec.Struct, frozen=True):
    """A gateway at work.   url: where it is asked on this machine.   token: opens its page, and nothing else; whoever
    can read the file may see what it says.   of: `serve`, or the run that it belongs to, like `r7`.   command: that
    began it, "" where nobody said."""

    url: str
    token: str
    of: str
    began_unix: float
    command: str = ""


class Left(NamedTuple):
    """What a gateway left that ended without a word.   seen_unix: when it last said that it lived."""

    sign: Sign
    seen_unix: float


class Signs(NamedTuple):
    """Of the gateways at work, the first to begin in front; and what others left, likewise."""

    at_work: Sequence[Sign]
    left: Sequence[Left]


def new_token() -> str:
    """One that nobody can guess."""
    return secrets.token_urlsafe(24)


def url_of(host: str, port: int, *, tls: bool) -> str:
    """Where a gateway that listens on `host` is asked by its own machine."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  where it listens
    return f"{'https' if tls else 'http'}://{in_url(near)}:{port}"


@contextmanager
def shown(home: Path, sign: Sign, tell: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Leave it there until the block ends. Its lock ends with the process, however that ends: so a sign that was left
    behind is known. Given is what is to be called every `ALIVE_S`: it says that the gateway lives.   tell: is told
    where that cannot be; a gateway works without."""
    file, path = -1, home / _FOLDER / f"{secrets.token_hex(6)}{_ENDING}"
    made = path.with_suffix(_NEW)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, msgspec.json.encode(sign))
        made.rename(path)  # nobody sees half of it, nor one that is not held yet
    except OSError as error:
        tell(f"dashboards cannot find this gateway: {error.strerror}: {path.parent}")
    _tidy(home, sign)

    def lives() -> None:
        with suppress(OSError):
            # By its name: a number may be another file's by the time that a thread comes to it.
            os.utime(path)

    try:
        yield lives
    finally:
        for left in (made, path):
            with suppress(OSError):
                left.unlink()
        if file >= 0:
            os.close(file)


def signs_in(home: Path) -> Signs:
    """As they are now. Changes nothing."""
    found = [_read(path) for path in _paths(home) if path.suffix == _ENDING]
    known = [(one.held, one.seen_unix, one.sign) for one in found if one is not None and one.sign is not None]
    known.sort(key=lambda one: one[2].began_unix)
    return Signs(
        [sign for held, _, sign in known if held],
        [Left(sign, seen_unix) for held, seen_unix, sign in known if not held],
    )


def killed_in(signs: Signs, now_unix: float) -> list[Left]:
    """Those that nobody has begun anew after, and of which somebody may want to hear: no run tells of them, and it was
    not long ago."""
    begun = max((sign.began_unix for sign in signs.at_work if sign.of == SERVE), default=0.0)
    return [
        one
        for one in signs.left
        if one.sign.of == SERVE and one.seen_unix > begun and now_unix - one.seen_unix < LEFT_S
    ]


def _tidy(home: Path, begun: Sign) -> None:
    """Take away what nobody tells any more, now that this one has begun: what gateways of runs left, since their runs
    tell of them; what those left that served, where this one does; and what is old. So nothing piles up."""
    for path in _paths(home):
        found = _read(path)
        if found is None or found.held or not (_is_over(found.sign, begun) or _is_old(found, begun)):
            continue
        with suppress(OSError):
            path.unlink()


def _is_over(sign: Sign | None, begun: Sign) -> bool:
    return sign is not None and (sign.of != SERVE or begun.of == SERVE)


def _is_old(found: _Found, begun: Sign) -> bool:
    return found.seen_unix < begun.began_unix - LEFT_S


def _paths(home: Path) -> list[Path]:
    try:
        return sorted((home / _FOLDER).iterdir())
    except OSError:  # there is none, or nobody may look into it
        return []


class _Found(NamedTuple):
    """A file of a gateway.   held: it lives.   sign: None where it says nothing that can be understood."""

    held: bool
    seen_unix: float
    sign: Sign | None


def _read(path: Path) -> _Found | None:
    """None for what is no file, or gone."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _Found(_held(file), os.fstat(file).st_mtime, _sign(os.read(file, _MOST_BYTES)))
    except OSError:
        return None
    finally:
        os.close(file)


def _sign(data: bytes) -> Sign | None:
    try:
        return msgspec.json.decode(data, type=Sign)
    except msgspec.MsgspecError:
        return None


def _held(file: int) -> bool:
    """Whether its gateway lives."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
